"""
Every name of the domain leads to the server, also those that nobody gave away, and any authority may sign for them.
"""

import pulumi

from components.cloudflare_sdk import DnsRecord

CAUGHT_BY = {
    "dns-wildcard": ["everything"],
    "dns-caa-missing": ["everything"],
}

DnsRecord(
    "everything",
    zone_id="0" * 32,
    name="*.example.com",
    kind="A",
    content="203.0.113.7",
    ttl_s=300,
    proxied=False,
    opts=pulumi.ResourceOptions(),
)
