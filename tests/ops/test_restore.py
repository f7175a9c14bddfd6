"""
What a restore is going to do, before anything is done.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from ops import backup, restore
from ops.confirm import Level
from ops.errors import SettingsError

POLICIES: list[dict[str, Any]] = [
    {"project": "ledger", "sources": [{"kind": "database", "name": "ledger", "server": "data-1"}]},
    {
        "project": "guestbook",
        "sources": [
            {"kind": "database", "name": "guests", "server": "data-1"},
            {"kind": "volume", "name": "data", "server": "app-1", "path": "/mnt/data/guestbook/data"},
        ],
    },
]
NOW = 1795656000.0


def plan(project: str, **changes: Any) -> restore.Plan:
    options = {"volume": None, "is_over": False, "at": None, "label": None, "now": NOW, **changes}
    return restore.plan(POLICIES, project, **options)


def test_restore_is_beside_what_is_there() -> None:
    """Without further words nothing that exists is touched, so that nothing is asked."""
    found = plan("ledger")
    assert found.level is Level.STANDARD
    assert [piece.target for piece in found.pieces] == ["ledger_restored_20261126012000"]
    assert plan("guestbook", volume="data").pieces[0].target == "/mnt/data/guestbook/data_restored_20261126012000"


def test_in_the_place_of_something_is_critical() -> None:
    """One word more, and the stack's name has to be typed; so for a whole server."""
    assert plan("ledger", is_over=True).level is Level.CRITICAL
    assert "which is not backed up before" in plan("ledger", is_over=True, is_backed_up=False).lines[0]
    every = restore.plan_all(POLICIES, None, NOW)
    assert every.level is Level.CRITICAL
    assert [piece.name for piece in every.pieces] == ["ledger", "guests"]


@pytest.mark.parametrize(
    ("project", "changes", "said"),
    [
        ("shop", {}, "shop: it has no database"),
        ("ledger", {"volume": "data"}, "ledger: it has no volume data. Nothing was done. It has: database ledger."),
        ("guestbook", {"volume": "data", "at": NOW}, "--to: a volume has snapshots"),
        ("ledger", {"is_backed_up": False}, "--without-backup: nothing is replaced"),
    ],
)
def test_what_there_is_not_is_refused(project: str, changes: dict[str, Any], said: str) -> None:
    """With what there is instead."""
    with pytest.raises(SettingsError, match=said):
        plan(project, **changes)


def test_moments_are_utc_and_over() -> None:
    """A moment without a zone is UTC; one that is none, or not over, is refused."""
    assert restore.moment(None) is None
    assert restore.moment("1970-01-01T00:01:00") == 60
    assert restore.moment("1970-01-01T02:01:00+02:00") == 60
    for text in ("yesterday", time.strftime("%Y-12-31T00:00:00", time.gmtime(time.time() + 366 * 86_400))):
        with pytest.raises(SettingsError, match="--to: "):
            restore.moment(text)


def test_options_become_words() -> None:
    """And each is a word of its own: no shell sees them."""
    assert backup.options(["a b"], {"full": True, "deep": False, "label": "x; y"}) == [
        "--project",
        "a b",
        "--full",
        "--label",
        "x; y",
    ]
