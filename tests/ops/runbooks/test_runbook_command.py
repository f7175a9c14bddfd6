"""
`flotilla runbook`: the list, one of them, and what there is not.
"""

from __future__ import annotations

import json

import pytest

from ops.commands.runbook import runbook
from ops.errors import SettingsError
from ops.runbooks.catalog import every, find
from tests.runbook_fleets import sample


def test_the_list_has_every_runbook(capsys: pytest.CaptureFixture[str]) -> None:
    """By situation, and as JSON in full."""
    runbook(stack="production")
    shown = capsys.readouterr().out
    runbook(stack="production", json=True)
    document = json.loads(capsys.readouterr().out)
    slugs = [found.slug for found in every(sample("production"))]

    assert all(f"{slug} " in shown for slug in slugs)
    assert [row["slug"] for row in document["runbooks"]] == slugs


def test_one_is_shown_with_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Each a line of its own, whole, in order; also when it is asked for by an alert's name."""
    expected = [command.line for command in find(sample("staging"), "disk-full").commands()]
    runbook("DiskFilling", stack="staging")
    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    runbook("disk-full", stack="staging", json=True)
    document = json.loads(capsys.readouterr().out)

    assert [line for line in shown if line in expected] == expected
    assert "Check that it worked" in shown
    parts = [step for part in ("steps", "check", "undo") for step in document[part]]
    assert [row["line"] for step in parts for row in step["commands"]] == expected
    assert (document["risk"], document["stack"], document["rehearsed"]) == ("important", "staging", None)


def test_what_there_is_not_is_bad_input() -> None:
    """A runbook, and a stack."""
    with pytest.raises(SettingsError, match="there is no such runbook"):
        runbook("nonsense", stack="production")
    with pytest.raises(SettingsError):
        runbook(stack="nowhere")
