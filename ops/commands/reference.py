"""
The reference of every command: `python -m ops.commands.reference` writes docs/commands.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
PROGRAM: Final = "flotilla"
# Every command has it, so that no table has to say it.
_EVERYWHERE: Final = frozenset({"help"})

INTRODUCTION = """\
# Commands

Written by `python -m ops.commands.reference` from the commands themselves: edit those in `ops/commands/`, not this page.

Every command has `--help`, works without a terminal, and keeps standard output for its result: what it does meanwhile goes to
standard error. With `--json` the result is one JSON document. `flotilla --verbose <command>` shows where an unexpected error
came from, `flotilla --no-color <command>` prints plain text.

| exit code | what it means |
|---|---|
| 0 | done, or nothing to do |
| 1 | it failed; the message says what was undone |
| 2 | bad input: nothing was done |
| 3 | refused, not confirmed, or locked by somebody else: nothing was done |
| 4 | a mandatory policy is not held |
| 5 | a difference was found, or the world is not as it was when the plan was saved |
| 6 | the report's status is at or over `--fail-on` |
| 7 | a needed tool or service is missing; `flotilla doctor` says which |
"""


def commands(command: Any, name: str = PROGRAM) -> Iterator[tuple[str, Any]]:
    """
    Every command that does something, by its whole name ("flotilla backup run"), in the order of names. Commands and parameters
    are click's, of which Typer brings a copy without public names.
    """
    below: dict[str, Any] | None = getattr(command, "commands", None)
    if below is None or getattr(command, "invoke_without_command", False):
        yield name, command
    for word, inner in sorted((below or {}).items()):
        yield from commands(inner, f"{name} {word}")


def render_reference() -> str:
    """
    The whole page.
    """
    from ops.cli import app

    found = list(commands(typer.main.get_command(app)))
    listed = ["| command | |", "|---|---|"]
    listed += [f"| [`{name}`](#{name.replace(' ', '-')}) | {_cell(_first_sentence(command))} |" for name, command in found]
    return "\n".join([INTRODUCTION, *listed, "", *(line for name, command in found for line in _section(name, command))])


def _section(name: str, command: Any) -> Iterator[str]:
    options = [row for row in command.params if row.param_type_name == "option" and row.name not in _EVERYWHERE]
    arguments = [row for row in command.params if row.param_type_name == "argument"]
    yield from (f"## `{name}`", "", _prose(command), "", "```sh", _usage(name, arguments, options), "```", "")
    if arguments or options:
        yield from ("| | | default |", "|---|---|---|")
        yield from (_row(f"`{_shown(row)}`", row) for row in arguments)
        yield from (_row(", ".join(f"`{word}`" for word in (*row.opts, *row.secondary_opts)), row) for row in options)
        yield ""


def _usage(name: str, arguments: list[Any], options: list[Any]) -> str:
    words = [_shown(row) if row.required else f"[{_shown(row)}]" for row in arguments]
    return " ".join([name, *words, *(["[OPTIONS]"] if options else [])])


def _shown(argument: Any) -> str:
    word = (argument.metavar or str(argument.name)).upper().strip("[]").removesuffix("...")
    return f"{word}..." if argument.nargs < 0 else word


def _row(names: str, parameter: Any) -> str:
    return f"| {names} | {_cell(str(getattr(parameter, 'help', None) or ''))} | {_default(parameter)} |"


def _default(parameter: Any) -> str:
    default: Any = parameter.default
    if parameter.required:
        return "needed"
    if default in (None, False, "", ()) or callable(default):
        return ""
    return f"`{getattr(default, 'value', default)}`"


def _prose(command: Any) -> str:
    return " ".join((command.help or "").split())


def _first_sentence(command: Any) -> str:
    first, stop, _ = _prose(command).partition(". ")
    return first.rstrip(".") if stop or first else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(render_reference(), encoding="utf-8")
