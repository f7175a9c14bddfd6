"""
An environment that says nothing of itself but its domain, and a name at a private address in a zone that it does not have.
"""

import pulumi

from components.cloudflare_sdk import DnsRecord
from components.fleet import Fleet, FleetArgs

CAUGHT_BY = {
    "dns-zones-owned": ["shop"],
    "dns-private-address": ["shop"],
    "dns-caa-missing": ["shop"],
    "region-declared": ["production"],
    "log-retention": ["production"],
    "monitoring-present": ["production"],
    "monitoring-receivers": ["production"],
    "budget-set": ["production"],
}

Fleet("production", FleetArgs(description={"domain": "example.com", "zones": ["example.com"]}))
DnsRecord(
    "shop",
    zone_id="0" * 32,
    name="shop.example.org",
    kind="A",
    content="10.20.1.7",
    ttl_s=300,
    proxied=False,
    opts=pulumi.ResourceOptions(),
)
