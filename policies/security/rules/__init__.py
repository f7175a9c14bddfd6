"""
The security pack's rules, one module per subject. Nothing here is started by importing it.
"""

from policies.framework import Pack

from . import (
    backups,
    caa,
    certificates,
    commands,
    dns,
    exposure,
    first_boot,
    images,
    isolation,
    limits,
    load_balancers,
    mounts,
    networks,
    protection,
    reach,
    secrets,
    ssh_keys,
)

MODULES = (
    reach,
    networks,
    protection,
    ssh_keys,
    first_boot,
    images,
    isolation,
    mounts,
    limits,
    exposure,
    secrets,
    commands,
    dns,
    caa,
    certificates,
    load_balancers,
    backups,
)

PACK = Pack(
    name="flotilla-security",
    description="What would make the fleet an easy target.",
    rules=tuple(rule for module in MODULES for rule in module.RULES),
    reports_strange_waivers=True,
)
