"""
The emulated clouds, as the plugins' own tests have them, and a project that uses them.
"""

from tests.integration.plugins.projects import project, runtime
from tests.plugins.clouds import cloudflare_url, hetzner_url, serve, store

__all__ = ["cloudflare_url", "hetzner_url", "project", "runtime", "serve", "store"]
