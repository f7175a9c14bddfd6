"""
Every check of the report: the audit's, and those that look at more than hosts and cloud.
"""

from __future__ import annotations

from collections.abc import Sequence

from ops.audit.catalog import CHECKS as AUDIT
from ops.audit.rule import Check
from ops.errors import SettingsError
from ops.verdict import docs, integrity, production

OWN = (docs, integrity, production)
CHECKS: dict[str, Check] = {**AUDIT, **{module.CHECK.name: module.CHECK for module in OWN}}


def chosen(names: Sequence[str]) -> list[Check]:
    """
    The checks of these names; without any, all.

    Raises: SettingsError
    """
    missing = [name for name in names if name not in CHECKS]
    if missing:
        raise SettingsError(
            f"--only: {', '.join(missing)}: there is no such check. Nothing was looked at. There are: {', '.join(CHECKS)}."
        )
    return [check for name, check in CHECKS.items() if name in names or not names]
