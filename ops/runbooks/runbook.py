"""
The model: a runbook is steps, a step is a sentence and commands, a command is a list of its program and arguments.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

from ops.confirm import Level
from ops.dossier.words import Language, Words


class Situation(StrEnum):
    """
    What brings a person here; the index is in this order.
    """

    DISASTER = "disaster"
    SERVERS = "servers"
    SITES = "sites"
    DATA = "data"
    WATCHING = "watching"
    RELEASES = "releases"
    GROWING = "growing"
    CARE = "care"


@dataclass(frozen=True, kw_only=True)
class Text:
    """
    A text in both languages. What stands between backticks is code; `values` are names of the environment, code too, and
    `{word}` in the text is where one goes.
    """

    words: Words
    values: tuple[tuple[str, str], ...] = ()

    def told(self, language: Language, text: Callable[[str], str], code: Callable[[str], str]) -> str:
        """
        In a language: `text` and `code` make what they are given safe for where it goes.
        """
        known = dict(self.values)
        parts = []
        for number, part in enumerate(self.words.of(language).split("`")):
            if number % 2:
                parts.append(code(part.format_map(known)))
                continue
            for literal, name, _, _ in Formatter().parse(part):
                parts += [text(literal), code(known[name]) if name else ""]
        return "".join(parts)


@dataclass(frozen=True, kw_only=True)
class Command:
    """
    `argv` is run as it stands, and never by a shell that could read a name as something else; with `into`, what it prints is
    what that one reads.
    """

    argv: tuple[str, ...]
    into: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """
        To be copied into a shell.
        """
        return " | ".join(shlex.join(part) for part in (self.argv, self.into) if part)


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    What is done, and with which commands, in this order. None: by hand, as the text says.
    """

    text: Text
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """
    `risk` is that of its gravest step. `operations` are the commands in whose reports its duration is measured. `answers` are
    the alerts, findings and names elsewhere that lead here. `rehearsed` is the test that runs it; empty: none does.
    """

    slug: str
    situation: Situation
    title: Text
    when: Text
    risk: Level
    steps: tuple[Step, ...]
    check: tuple[Step, ...]
    undo: tuple[Step, ...]
    operations: tuple[str, ...] = ()
    answers: frozenset[str] = frozenset()
    rehearsed: str = ""

    def commands(self) -> Iterator[Command]:
        """
        All of them, in the order of the page.
        """
        for part in (self.steps, self.check, self.undo):
            for found in part:
                yield from found.commands


def say(en: str, fr: str, **values: str) -> Text:
    """
    A text, with the names that go into it.
    """
    return Text(words=Words(en=en, fr=fr), values=tuple(sorted(values.items())))


def run(*argv: str, into: tuple[str, ...] = ()) -> Command:
    """
    A command.
    """
    return Command(argv=argv, into=into)


def step(en: str, fr: str, *commands: Command, **values: str) -> Step:
    """
    A step, with its commands and the names that go into its text.
    """
    return Step(text=say(en, fr, **values), commands=commands)
