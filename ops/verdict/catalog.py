"""
Every check of the report: the audit's, and those that look at more than hosts and cloud.
"""

from __future__ import annotations

from collections.abc import Sequence

from ops.audit import catalog
from ops.audit.rule import Check
from ops.verdict import docs, integrity, production

OWN = (docs, integrity, production)
CHECKS: dict[str, Check] = {**catalog.CHECKS, **{module.CHECK.name: module.CHECK for module in OWN}}


def chosen(names: Sequence[str]) -> list[Check]:
    """
    The checks of these names; without any, all.

    Raises: SettingsError
    """
    return catalog.chosen(names, CHECKS, said="--only: ")
