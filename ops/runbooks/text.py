"""
A runbook, or the list of them, for a terminal and for programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.dossier.page import plain
from ops.dossier.words import Language
from ops.runbooks import words
from ops.runbooks.durations import Duration
from ops.runbooks.runbook import Runbook, Step, Text


def told(text: Text, language: Language) -> str:
    """
    A text as a terminal shows it.
    """
    return text.told(language, plain, lambda value: f"`{plain(value)}`")


def lines(runbook: Runbook, durations: Mapping[str, Duration], language: Language) -> Iterator[tuple[str, str]]:
    """
    (line, style) from top to bottom. A command is a line of its own, whole.
    """
    yield f"{told(runbook.title, language)} ({runbook.slug})", "bold"
    yield told(runbook.when, language), ""
    yield f"{words.RISK.of(language)}: {words.RISKS[runbook.risk].of(language)}", ""
    yield f"{words.DURATION.of(language)}: {words.duration(runbook, dict(durations), language)}", ""
    yield f"{words.REHEARSED.of(language)}: {runbook.rehearsed or words.NOT_REHEARSED.of(language)}", ""
    yield told(words.BEFORE, language), ""
    for title, steps in ((words.STEPS, runbook.steps), (words.CHECK, runbook.check), (words.UNDO, runbook.undo)):
        yield "", ""
        yield title.of(language), "bold"
        for number, found in enumerate(steps, 1):
            yield f"{number}. {told(found.text, language)}", ""
            for command in found.commands:
                yield f"    {command.line}", "cyan"


def document(runbook: Runbook, durations: Mapping[str, Duration], language: Language) -> dict[str, Any]:
    """
    As JSON has it.
    """
    known = dict(durations)
    return {
        "slug": runbook.slug,
        "situation": runbook.situation,
        "title": told(runbook.title, language),
        "when": told(runbook.when, language),
        "risk": runbook.risk,
        "duration": words.duration(runbook, known, language),
        "durations": {name: known[name] for name in runbook.operations if name in known},
        "rehearsed": runbook.rehearsed or None,
        "answers": sorted(runbook.answers),
        **{
            name: [_step(found, language) for found in steps]
            for name, steps in (("steps", runbook.steps), ("check", runbook.check), ("undo", runbook.undo))
        },
    }


def _step(found: Step, language: Language) -> dict[str, Any]:
    commands = [{"argv": command.argv, "into": command.into, "line": command.line} for command in found.commands]
    return {"text": told(found.text, language), "commands": commands}
