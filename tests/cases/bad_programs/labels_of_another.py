"""
Copied from staging with its label: in the console, production's network looks like staging's. Its name says nothing either.
"""

import pulumi
import pulumi_hcloud as hcloud

CAUGHT_BY = {"labels-environment": ["copied"], "names-environment": ["copied"], "names-pattern": ["copied"]}

hcloud.Network(
    "copied",
    name="Network_2",
    ip_range="10.20.0.0/16",
    labels={"managed-by": "flotilla", "environment": "staging"},
    delete_protection=True,
    opts=pulumi.ResourceOptions(protect=True),
)
