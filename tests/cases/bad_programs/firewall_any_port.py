"""
"It works now": every port of every server is open.
"""

import pulumi_hcloud as hcloud

CAUGHT_BY = {
    "any-port-open-to-world": ["everything"],
    "ssh-open-to-world": ["everything"],
    "database-open-to-world": ["everything"],
    "docker-api-open-to-world": ["everything"],
}

hcloud.Firewall(
    "everything",
    name="production-everything",
    labels={"managed-by": "flotilla", "environment": "production"},
    rules=[hcloud.FirewallRuleArgs(direction="in", protocol="tcp", port="any", source_ips=["0.0.0.0/0"])],
)
