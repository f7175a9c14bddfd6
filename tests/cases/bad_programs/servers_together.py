"""
Two servers of one pool, and nothing that keeps them off the same hardware; made without what the fleet's own have.
"""

import pulumi
import pulumi_hcloud as hcloud

CAUGHT_BY = {
    "placement-apart": ["app-1", "app-2"],
    "server-without-firewall": ["app-1", "app-2"],
    "server-without-ssh-key": ["app-1", "app-2"],
    "user-data-password-login": ["app-1", "app-2"],
    "monitoring-servers": ["app-1", "app-2"],
}

for name in ("app-1", "app-2"):
    hcloud.Server(
        name,
        name=name,
        server_type="cx33",
        image="debian-12",
        location="fsn1",
        labels={"managed-by": "flotilla", "environment": "production", "pool": "app"},
        delete_protection=True,
        rebuild_protection=True,
        opts=pulumi.ResourceOptions(protect=True, ignore_changes=["userData", "sshKeys", "image"]),
    )
