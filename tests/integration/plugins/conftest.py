"""
The emulated clouds, as the plugins' own tests have them.
"""

from tests.plugins.clouds import cloudflare_url, hetzner_url, serve, store

__all__ = ["cloudflare_url", "hetzner_url", "serve", "store"]
