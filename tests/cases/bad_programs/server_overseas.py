"""
A server in Virginia, for a fleet whose data has to stay in Europe, made without what the fleet's own servers have.
"""

import pulumi
import pulumi_hcloud as hcloud

CAUGHT_BY = {
    "region-servers": ["overseas"],
    "server-without-firewall": ["overseas"],
    "server-without-ssh-key": ["overseas"],
    "user-data-password-login": ["overseas"],
    "monitoring-servers": ["overseas"],
}

hcloud.Server(
    "overseas",
    name="app-1",
    server_type="cpx31",
    image="debian-12",
    location="ash",
    labels={"managed-by": "flotilla", "environment": "production"},
    delete_protection=True,
    rebuild_protection=True,
    opts=pulumi.ResourceOptions(protect=True, ignore_changes=["userData", "sshKeys", "image"]),
)
