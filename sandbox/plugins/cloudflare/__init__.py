"""
The stand-in for the Cloudflare provider, over the official `cloudflare` client.
"""
