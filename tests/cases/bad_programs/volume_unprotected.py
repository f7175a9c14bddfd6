"""
The disk that the accounts are on, deleted by the next slip of the keyboard.
"""

import pulumi_hcloud as hcloud

CAUGHT_BY = {"stateful-unprotected": ["accounts"], "backup-disks": ["accounts"]}

hcloud.Volume(
    "accounts",
    name="accounts",
    size=50,
    location="fsn1",
    server_id=1,
    labels={"managed-by": "flotilla", "environment": "production"},
)
