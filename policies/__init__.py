"""
What a plan may not contain: CrossGuard packs (`security/`, `compliance/`) and the small framework that they are written in.

A rule is a pure function over resources; a pack is a folder that Pulumi runs: `pulumi preview --policy-pack policies/security`.
"""
