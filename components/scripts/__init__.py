"""
What runs on machines: short idempotent shell scripts, and one Python program for the ingress' runtime API.

They get their data on standard input (`components.remote`), never in their text or their arguments.
"""
