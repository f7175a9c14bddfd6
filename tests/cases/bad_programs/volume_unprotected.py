"""
The disk that the accounts are on, deleted by the next slip of the keyboard. That it has no labels is remedied.
"""

import pulumi_hcloud as hcloud

CAUGHT_BY = {"stateful-unprotected": ["accounts"], "backup-disks": ["accounts"]}

hcloud.Volume(
    "accounts",
    name="accounts",
    size=50,
    location="fsn1",
    server_id=1,
)
