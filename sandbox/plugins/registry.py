"""
Which class serves which plugin. Naming a module here does not import it.
"""

from __future__ import annotations

import importlib
from typing import Final

from sandbox.plugins.provider import Provider

PROVIDERS: Final = {
    "hcloud": "sandbox.plugins.hcloud.provider:HcloudProvider",
    "cloudflare": "sandbox.plugins.cloudflare.provider:CloudflareProvider",
    "docker": "sandbox.plugins.docker.provider:DockerProvider",
    "command": "sandbox.plugins.command.provider:CommandProvider",
}


def provider_class(name: str) -> type[Provider]:
    """
    Import the module of a plugin and return its provider class.
    """
    module, _, attribute = PROVIDERS[name].partition(":")
    found: type[Provider] = getattr(importlib.import_module(module), attribute)
    return found
