"""
Every check with all of its rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ops.audit import (
    backups,
    containers,
    data,
    dns,
    drift,
    exposure,
    hardening,
    hosts,
    logins,
    network,
    releases,
    rotation,
    security,
    tls,
)
from ops.audit.rule import Check
from ops.errors import SettingsError

# Rules are added where they are written: a check is complete once all of these are there, in this order.
MODULES = (
    *(hosts, security, logins, exposure, hardening, rotation),
    *(network, containers, releases, data, backups, dns, tls, drift),
)
CHECKS: dict[str, Check] = {module.CHECK.name: module.CHECK for module in MODULES}


def chosen(names: Sequence[str], among: Mapping[str, Check] = CHECKS, *, said: str = "") -> list[Check]:
    """
    The checks of these names; without any, all. `said` is what an error begins with: the option that they were given by.

    Raises: SettingsError
    """
    missing = [name for name in names if name not in among]
    if missing:
        raise SettingsError(
            f"{said}{', '.join(missing)}: there is no such check. Nothing was looked at. There are: {', '.join(among)}."
        )
    return [check for name, check in among.items() if name in names or not names]
