"""
The local cloud: emulators of the Hetzner Cloud and Cloudflare APIs, machines that boot, DNS, a registry, stand-in plugins.
"""
