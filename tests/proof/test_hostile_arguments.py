"""
1,000 strings that would do harm somewhere, in every argument and option of every command: none is obeyed, and each is refused
with its place, or is free text and arrives as it is.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ops.progress import say
from tests import command_line
from tests.command_line import FREE, make_stand, require_harmless, require_named
from tests.hostile import hostile_words
from tests.ops.test_hostile_arguments import require_kept

COUNT = 1000


def test_hostile_arguments_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly 170 places, each with the 1,000."""
    stand = make_stand(tmp_path, monkeypatch)
    words, texts = command_line.words(), hostile_words(COUNT, stand.canary)
    assert len(set(texts)) == COUNT
    accepted = 0
    for number, word in enumerate(words, 1):
        began = time.monotonic()
        found = require_harmless(stand, word, texts)
        accepted += found
        free = f", {found} as free text" if word.place in FREE else ""
        say(f"  {number} of {len(words)}: {word}: {COUNT} tried{free}, {time.monotonic() - began:.0f} s")
    # Where free text is taken, what may be meant is not refused for fear of it.
    assert accepted > COUNT


def test_hostile_names_are_kept_to_the_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of each of the 1,000 names, as far as they are names."""
    stand = make_stand(tmp_path, monkeypatch)
    named = require_named(stand, hostile_words(COUNT, stand.canary))
    say(f"  {named} of {COUNT} are names of files, and were written as they were given")
    assert named > 100


def test_hostile_reasons_are_kept_to_the_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation that is done for each of the 1,000 reasons, as far as they are sentences."""
    stand = make_stand(tmp_path, monkeypatch)
    kept = require_kept(stand, hostile_words(COUNT, stand.canary))
    say(f"  {kept} of {COUNT} reasons are in the history as they were given")
    assert kept > 100
