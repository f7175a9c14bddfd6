"""
The reference of the commands is complete and fresh.
"""

from __future__ import annotations

import pytest
import typer

from ops.cli import app
from ops.commands.reference import PAGE, commands, render_reference

COMMANDS = dict(commands(typer.main.get_command(app)))


def test_page_is_fresh() -> None:
    """docs/commands.md is what the commands say; `python -m ops.commands.reference` writes it."""
    assert PAGE.read_text(encoding="utf-8") == render_reference()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_each_of_its_options_is_described(name: str) -> None:
    """In a whole sentence."""
    command = COMMANDS[name]
    told = {"the command": command.help} | {row.name: getattr(row, "help", "") for row in command.params if row.name != "help"}
    assert not [what for what, words in told.items() if not (words or "").strip().endswith(".")]
