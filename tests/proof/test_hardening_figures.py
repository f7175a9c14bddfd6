"""
What hardening is worth: a server before its roles and after them, from inside and outside. docs/security.md has the table.
"""

from __future__ import annotations

import sys

import pytest

from tests.integration.hardening_stand import Stand, lynis, notes, ssh_audit, upgrade

pytest_plugins = ["tests.integration.hardening_stand"]


def test_a_server_is_measured_before_and_after(bare: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    """Every figure is better, and none of the old warnings is left but the sandbox's own."""
    before, spoken_before = lynis(bare), ssh_audit(bare)
    assert bare.converge().error == ""
    upgrade(bare)
    after, spoken_after = lynis(bare), ssh_audit(bare)

    with capsys.disabled():
        sys.stdout.write(f"\nLynis index {before.index} -> {after.index}")
        sys.stdout.write(f"\nLynis warnings {sorted(before.warnings)} -> {sorted(after.warnings)}\n")
        for kind in ("fail", "warn"):
            sys.stdout.write(f"ssh-audit {kind} {len(notes(spoken_before, kind))} -> {len(notes(spoken_after, kind))}\n")
    assert after.index >= before.index + 10
    assert set(after.warnings) < set(before.warnings)
    assert len(notes(spoken_before, "fail")) > 0 == len(notes(spoken_after, "fail"))
    assert len(notes(spoken_after, "warn")) < len(notes(spoken_before, "warn"))
