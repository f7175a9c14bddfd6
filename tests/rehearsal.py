"""
A page of the runbooks, followed to the letter: what is to be copied from it, and a person who types that.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from ops.runbooks import names, pages
from ops.runbooks.durations import REHEARSALS
from settings import load, read_stack_config
from tests.terminal import Shown, Terminal, terminal

STACK = "local"
SLOWER = 10
"""Another machine may take so many times as long as the page says before the page counts as wrong."""
# What asks, and what a person types who means it.
ANSWERS = {
    r"Type the stack's name to go on: ": STACK,
    r"Go on\? \[y/N\] ": "y",
    r"Do you want to perform this update\?": "yes",
}
PLACEHOLDER = re.compile(r"<[^<>]+>")
NOTHING: Mapping[str, Any] = {}
Learn = Callable[[str], Mapping[str, str]]


class Part(StrEnum):
    """
    The parts of a page, by their titles.
    """

    STEPS = "Steps"
    CHECK = "Check that it worked"
    UNDO = "Undo"


def lines_of(checkout: Path, slug: str, *parts: Part) -> list[str]:
    """
    What is to be copied from a page of this fleet, in its order; without `parts`, of all of them.
    """
    settings = load(STACK, checkout, read_stack_config(checkout, STACK))
    found = {page.path: page.content for page in pages.render(names.of(settings), {}, "en")}
    _, *sections = re.split(r"^## ", found[f"{pages.FOLDER}/{slug}.md"], flags=re.MULTILINE)
    return [
        line
        for section in sections
        if not parts or section.partition("\n")[0] in parts
        for block in re.findall(r"^```sh\n(.*?)\n```$", section, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]


@dataclass(frozen=True, kw_only=True)
class Followed:
    """
    What came of a page: how long its commands took, {line: seconds}, and what each showed.
    """

    took_s: Mapping[str, float]
    shown: Mapping[str, str]

    @property
    def whole_s(self) -> int:
        """
        From the first command to the last.
        """
        return round(sum(self.took_s.values()))


@dataclass(frozen=True)
class Person:
    """
    Somebody with a page and a terminal. `words` are those between angle brackets that this person knows: {placeholder: word}.
    """

    checkout: Path
    shell: Terminal
    words: dict[str, str] = field(default_factory=dict)

    def follow(
        self,
        slug: str,
        *parts: Part,
        without: Sequence[str] = (),
        refused: Sequence[str] = (),
        blindly: Mapping[str, str] = NOTHING,
        learn: Learn = lambda text: {},
    ) -> Followed:
        """
        Type the lines of a page one by one; each has to end with 0. Left out are those with one of the words of `without`, as
        the page says ("the line of the project"). Those of `refused` have to end with something else than 0, and the page says
        what to do then. `blindly` is {line: what a command that asks nothing is given}. `learn` finds in what was shown which
        words go into later lines.
        """
        took_s: dict[str, float] = {}
        shown: dict[str, str] = {}
        lines = lines_of(self.checkout, slug, *parts)
        for word in (*without, *refused, *blindly):
            assert any(word in line for line in lines), f"{slug}: nothing on the page has {word}"
        for line in lines:
            if any(word in line for word in without):
                continue
            said, took_s[line] = self._type(line, blindly.get(line))
            shown[line] = said.text
            if (said.code != 0) is not (line in refused):
                pytest.fail(f"{slug}: `{line}` ended with {said.code}\n{said.text}", pytrace=False)
            self.words.update(learn(said.text))
        return Followed(took_s=took_s, shown=shown)

    def _type(self, line: str, blindly: str | None) -> tuple[Shown, float]:
        for placeholder, word in self.words.items():
            line = line.replace(placeholder, word)
        assert not PLACEHOLDER.search(line), f"nobody said what to write for {PLACEHOLDER.findall(line)}: {line}"
        started = time.monotonic()
        return self.shell.type(line, blindly=blindly), time.monotonic() - started


@contextmanager
def at_a_terminal(checkout: Path, **words: str) -> Iterator[Person]:
    """
    A newcomer in a checkout, in a shell that was opened just now, who knows these words.
    """
    with terminal(checkout, ANSWERS) as shell:
        yield Person(checkout, shell, words)


def longest_s(slug: str) -> float:
    """
    How long a page may take before what it says of that counts as wrong.
    """
    return SLOWER * REHEARSALS[slug].seconds


def took(slug: str, done: Followed, record_property: Callable[[str, object], None]) -> None:
    """
    Note how long a page took, and compare it with what the page says.
    """
    record_property(f"{slug}_s", done.whole_s)
    record_property(f"{slug}_lines_s", {line: round(seconds, 1) for line, seconds in done.took_s.items()})
    assert done.whole_s <= longest_s(slug), done.took_s
