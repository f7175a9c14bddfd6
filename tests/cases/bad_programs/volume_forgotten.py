"""
A volume that belongs to no server, with data that nothing backs up, paid for every month.
"""

import pulumi
import pulumi_hcloud as hcloud

CAUGHT_BY = {"cost-unattached-volumes": ["forgotten"], "backup-disks": ["forgotten"]}

hcloud.Volume(
    "forgotten",
    name="old-data",
    size=200,
    location="fsn1",
    labels={"managed-by": "flotilla", "environment": "production"},
    delete_protection=True,
    opts=pulumi.ResourceOptions(protect=True),
)
