"""
Every command of every runbook exists and parses: Flotilla's by its own command line, all others by what is known of them.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer import Exit
from typer.exceptions import TyperException

from ops.cli import app
from ops.errors import SettingsError
from ops.runbooks.catalog import every
from ops.runbooks.names import Names
from ops.runbooks.runbook import Command, Runbook
from tests.runbook_fleets import SPITEFUL, every_fleet

FLEETS = every_fleet()
TREE: Any = typer.main.get_command(app)
PULUMI = json.loads((Path(__file__).parents[2] / "cases" / "runbooks" / "pulumi.json").read_text())
# Words that a person replaces, each with one that would do.
SAMPLES = {
    "<tag>": "v2",
    "<new>": "shop",
    "<team>": "web-team",
    "<2026-11-26T01:30:00Z>": "2026-11-26T01:30:00Z",
    "<personal or none>": "personal",
    "<number>": "2",
    "<MB>": "256",
    "<NAME>": "API_TOKEN",
    "<receiver>": "ops",
    "<environment>": "demo",
    "<what is wrong>": "Ledger is slow",
    "<what was wrong, and what helped>": "A disk was full",
}
# For programs that take any text.
FREE = {
    *("<copy>", "<other copy>", "<missing>", "<urn>", "<place>", "<service>", "<unit>", "<table>", "<pid>", "<file>", "<day>"),
    *("<address>", "<name>", "<server>", "<database>", "<path>", "<container>"),
}
# {program: its subcommands; nothing where it has none}. On this machine.
HERE = {
    "git": {"add", "commit", "checkout", "diff", "log"},
    "cp": set(),
    "curl": set(),
    "export": set(),
    "openssl": {"rand"},
    "read": set(),
    "ssh": set(),
    "ssh-keygen": set(),
}
# On a server, as root.
THERE = {
    "chown": set(),
    "chronyc": {"tracking", "makestep"},
    "df": set(),
    "docker": {"network", "secret", "service", "stats", "ps", "stop"},
    "du": set(),
    "find": set(),
    "findmnt": set(),
    "flotilla-backup": {"offsite"},
    "free": set(),
    "journalctl": set(),
    "mount": set(),
    "mv": set(),
    "restic": set(),
    "rm": set(),
    "runuser": set(),
    "systemctl": {"status", "restart", "start", "stop", "--failed", "list-timers"},
    "top": set(),
    "uptime": set(),
}
AS_POSTGRES = {"psql", "pg_dump", "pg_restore", "dropdb", "rm"}


def runbooks(fleet: str) -> tuple[Runbook, ...]:
    return every(FLEETS[fleet])


def all_commands(fleet: str) -> Iterator[tuple[str, Command]]:
    for runbook in runbooks(fleet):
        for command in runbook.commands():
            yield runbook.slug, command


def parts(fleet: str, program: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each list of arguments of a program, pipes taken apart."""
    for slug, command in all_commands(fleet):
        for argv in (command.argv, command.into):
            if argv and argv[0] == program:
                yield slug, argv


def filled(argv: tuple[str, ...]) -> list[str]:
    """With words in the place of those that a person replaces."""
    found = []
    for word in argv:
        for placeholder, sample in SAMPLES.items():
            word = word.replace(placeholder, sample)
        found.append(word)
    return found


def parsed(argv: tuple[str, ...]) -> Any:
    """The context of the command that would run, its arguments and options parsed for real. Nothing runs."""
    command, words = TREE, filled(argv[1:])
    context = command.make_context("flotilla", words)
    while hasattr(command, "commands"):
        rest = [*context._protected_args, *context.args]
        if not rest:
            assert command.invoke_without_command, f"{argv}: a group, and no command of it"
            return context
        name, found, left = command.resolve_command(context, rest)
        command, context = found, found.make_context(name, left, parent=context)
    return context


@pytest.mark.parametrize("fleet", ["local", "staging", "production"])
def test_every_flotilla_command_parses(fleet: str) -> None:
    """Command, options, arguments and their types are those of the real command line."""
    seen = [parsed(argv) for _, argv in parts(fleet, "flotilla")]

    assert len(seen) > 200, len(seen)
    assert len({context.command_path for context in seen}) > 30


def test_a_hostile_name_makes_no_other_command_of_it() -> None:
    """It is refused, or it is the same command as with other names."""
    known = {parsed(argv).command_path for _, argv in parts("production", "flotilla")}
    refused = 0
    for _, argv in parts("hostile", "flotilla"):
        try:
            assert parsed(argv).command_path in known, argv
        except (TyperException, SettingsError, Exit):
            refused += 1
    assert refused < len(list(parts("hostile", "flotilla")))


def test_a_command_that_there_is_not_is_found() -> None:
    """The check can fail: a wrong command, a wrong option, a missing argument."""
    for argv in (
        ("flotilla", "mend"),
        ("flotilla", "deploy", "shop", "--quickly"),
        ("flotilla", "rollback"),
        ("flotilla", "env"),
    ):
        with pytest.raises((TyperException, AssertionError)):
            parsed(argv)


@pytest.mark.parametrize("fleet", ["local", "staging", "production"])
def test_every_command_is_about_this_stack(fleet: str) -> None:
    """None would fall back to the stack that is the default, or that somebody has selected."""
    allowed = {fleet, "shop"} | ({"production", "staging"} if fleet != "local" else {"demo"})
    for slug, argv in parts(fleet, "flotilla"):
        context = parsed(argv)
        if any(found.name == "stack" for found in context.command.params):
            source = context.get_parameter_source("stack")
            rehearsal = {"local"} if slug == "yearly" else set()
            is_all = argv[1:3] == ("settings", "check") and context.params["stack"] is None
            assert is_all or source.name == "COMMANDLINE", argv
            assert is_all or context.params["stack"] in allowed | rehearsal, argv
    for _, argv in parts(fleet, "pulumi"):
        named = argv[argv.index("-s") + 1] if "-s" in argv else argv[3] if len(argv) > 3 else None
        assert named in {fleet, "<new>", None} | ({"demo"} if fleet == "local" else set()), argv
        assert named or argv[1:] in (("whoami", "-v"), ("stack", "ls")), argv


@pytest.mark.parametrize("fleet", FLEETS)
def test_every_other_program_is_known(fleet: str) -> None:
    """A short list, with subcommands; on servers another one."""
    for slug, command in all_commands(fleet):
        for argv in (command.argv, command.into):
            if not argv or argv[0] in ("flotilla", "pulumi"):
                continue
            assert argv[0] in HERE, (slug, argv)
            assert not HERE[argv[0]] or argv[1] in HERE[argv[0]], (slug, argv)
        if command.argv[:3] == ("flotilla", "host", "ssh"):
            there = command.argv[command.argv.index("--") + 1 :]
            assert there[0] in THERE, (slug, there)
            assert not THERE[there[0]] or there[1] in THERE[there[0]], (slug, there)
            if there[0] == "runuser":
                assert there[:4] == ("runuser", "-u", "postgres", "--"), (slug, there)
                assert there[4] in AS_POSTGRES, (slug, there)


@pytest.mark.parametrize("fleet", FLEETS)
def test_every_pulumi_command_and_option_is_one_that_was_recorded(fleet: str) -> None:
    """What `pulumi --help` has is in a file, which tests/integration/test_runbook_pulumi.py compares with the engine."""
    seen = set()
    for slug, argv in parts(fleet, "pulumi"):
        words = " ".join(argv[1:3]) if " ".join(argv[1:3]) in PULUMI else argv[1]
        assert words in PULUMI, (slug, argv)
        options = [word.partition("=")[0] for word in argv[1:] if word.startswith("-") and word not in SPITEFUL]
        assert set(options) <= set(PULUMI[words]), (slug, argv)
        seen.add(words)
    assert seen == set(PULUMI), "a command is recorded that no runbook has"


@pytest.mark.parametrize("fleet", ["local", "staging", "production"])
def test_words_to_replace_are_few_and_known(fleet: str) -> None:
    """Whatever is not known beforehand is between angle brackets, and nothing else is."""
    beside = re.compile(r"<[^<>]*_(?:restored|before)_\.\.\.>")
    for slug, command in all_commands(fleet):
        for word in (*command.argv, *command.into):
            found = set(re.findall(r"<[^<>]*>", beside.sub("", word)))
            assert found <= SAMPLES.keys() | FREE, (slug, word)


@pytest.mark.parametrize("fleet", FLEETS)
def test_a_shell_reads_each_line_as_it_was_meant(fleet: str, tmp_path: Path) -> None:
    """Pasted into bash, each word arrives as it is, and nothing of a name is run."""
    found = [command for _, command in all_commands(fleet)]
    lines = ['show() { printf "%s\\0" "$#" "$@"; }']
    for command in found:
        first, *then = command.line.split(" | ") if command.into and not _has_bar(command) else [command.line]
        lines += [f"show {part}" for part in (first, *then)]
    shown = subprocess.run(["bash"], input="\n".join(lines).encode(), cwd=tmp_path, capture_output=True, check=True).stdout

    read = iter(shown.decode().split("\0"))
    for command in found:
        for argv in (command.argv, command.into):
            if argv:
                assert tuple(next(read) for _ in range(int(next(read)))) == argv
    assert list(tmp_path.iterdir()) == []


def _has_bar(command: Command) -> bool:
    return any(" | " in word for word in (*command.argv, *command.into))


def test_lines_are_split_as_they_were_joined() -> None:
    """The line is the list, for every command; a pipe stands between two of them."""
    for _, command in all_commands("hostile"):
        words = [*command.argv, *(("|", *command.into) if command.into else ())]
        assert shlex.split(command.line) == words


def test_hostile_names_are_in_commands_at_all() -> None:
    """The test above is about something."""
    lines = "\n".join(command.line for _, command in all_commands("hostile"))
    for text in SPITEFUL[:4]:
        assert shlex.quote(text) in lines


def test_names(fleets: dict[str, Names] = FLEETS) -> None:
    """What pages are filled with is what the settings of the sample fleet say."""
    names = fleets["production"]
    assert [found.name for found in names.servers] == ["app-1", "app-2", "data-1", "ops-1"]
    assert (names.manager, names.first("db"), names.first("backup"), names.first("monitoring")) == (
        *("app-1", "data-1", "ops-1", "ops-1"),
    )
    assert [(found.name, found.site, found.database, found.volumes) for found in names.projects] == [
        ("guestbook", "guestbook.example.com", "guestbook", ()),
        ("journal", "journal.example.com", "", ("subscriptions",)),
        ("ledger", "ledger-books.example", "ledger", ()),
    ]
    assert ("projects", "ledger", "API_TOKEN") in names.secrets
    assert names.set_secret("offsite", "access-key").line == "flotilla secrets set offsite.access-key -s production"
