"""
Nothing a stand-in plugin does may leave this machine.
"""

from __future__ import annotations

import ipaddress
import urllib.parse

from ops.errors import RefusedError


def is_loopback(host: str) -> bool:
    """
    Whether a host is an address of 127.0.0.0/8, ::1 or `localhost`. No other name is looked up or trusted.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_loopback_host(host: str, setting: str) -> None:
    """
    Raise RefusedError unless the host is loopback; `setting` names where the host came from.
    """
    if not is_loopback(host):
        raise RefusedError(
            f"{setting}: {host or 'nothing'} is not a loopback address. The stand-in plugins only serve the sandbox,"
            " and nothing was sent. Load the sandbox's environment (. ./env.sh), or install the official plugin"
            " (pulumi plugin install)."
        )


def require_loopback_url(url: str, setting: str) -> None:
    """
    Raise RefusedError unless the URL's host is loopback; a unix socket is.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme in ("unix", "npipe") and not parts.hostname:
        return
    require_loopback_host(parts.hostname or url, setting)
