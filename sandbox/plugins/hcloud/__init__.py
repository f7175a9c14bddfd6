"""
The stand-in for the Hetzner Cloud provider, over the official `hcloud` client.
"""
