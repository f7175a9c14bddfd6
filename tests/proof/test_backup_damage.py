"""
The damage suite: everything of tests/integration/backup_damage.py, one after the other, and a healthy backup before and after.
"""

from __future__ import annotations

import pytest

from tests.integration import backup_damage
from tests.integration.backup_stand import Stand


@pytest.fixture(scope="module", autouse=True)
def kept(stand: Stand) -> None:
    """Everything as it was when it was whole."""
    backup_damage.keep(stand)


def test_healthy_backup_passes(stand: Stand) -> None:
    """What nothing happened to is good: listed, restored, and read whole."""
    assert stand.backup("list")["findings"] == []
    assert stand.backup("drill")["findings"] == []


@pytest.mark.parametrize("damage", backup_damage.DAMAGES, ids=lambda damage: damage.name)
def test_damage_is_found_out(stand: Stand, damage: backup_damage.Damage) -> None:
    """Whatever happens to a backup, a command ends with 1 and a finding names it."""
    backup_damage.is_caught(stand, damage)


def test_healthy_backup_passes_again(stand: Stand) -> None:
    """The suite found what it did, and not what was there before: put back, everything is good."""
    assert stand.backup("run")["findings"] == []
    assert stand.backup("drill")["findings"] == []
