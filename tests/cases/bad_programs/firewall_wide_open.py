"""
Clicked together in a hurry: SSH and PostgreSQL open to everybody.
"""

import pulumi_hcloud as hcloud

CAUGHT_BY = {"ssh-open-to-world": ["office"], "database-open-to-world": ["office"]}

hcloud.Firewall(
    "office",
    name="production-office",
    labels={"managed-by": "flotilla", "environment": "production"},
    rules=[
        hcloud.FirewallRuleArgs(direction="in", protocol="tcp", port=port, source_ips=["0.0.0.0/0", "::/0"])
        for port in ("22", "5432")
    ],
)
