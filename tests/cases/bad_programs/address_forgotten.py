"""
A floating IP that nothing has, in a location across the ocean.
"""

import pulumi
import pulumi_hcloud as hcloud

CAUGHT_BY = {"cost-unassigned-addresses": ["spare"], "region-addresses": ["spare"]}

hcloud.FloatingIp(
    "spare",
    name="spare",
    type="ipv4",
    home_location="hil",
    labels={"managed-by": "flotilla", "environment": "production"},
    delete_protection=True,
    opts=pulumi.ResourceOptions(protect=True),
)
