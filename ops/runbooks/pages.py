"""
Runbooks as pages of the dossier: one for each, and an index by situation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ops.dossier.facts import Facts
from ops.dossier.page import (
    Markdown,
    Page,
    block,
    body,
    code,
    file,
    heading,
    joined,
    link,
    paragraph,
    report,
    say,
    setting,
    source,
    strong,
    table,
    text,
)
from ops.dossier.words import Language, Words
from ops.runbooks import words
from ops.runbooks.catalog import answering, every
from ops.runbooks.durations import Duration, measured
from ops.runbooks.names import MOST, Names, of
from ops.runbooks.runbook import Runbook, Situation, Step, Text

FOLDER = "runbooks"
INDEX = f"{FOLDER}.md"


def pages(facts: Facts) -> tuple[Page, ...]:
    """
    All of them; a function of facts alone.
    """
    names = of(facts.settings)
    durations = measured((found.document for found in facts.operations), facts.stack)
    return render(names, durations, facts.language)


def render(names: Names, durations: Mapping[str, Duration], language: Language) -> tuple[Page, ...]:
    """
    The index first.
    """
    runbooks = every(names)
    return (index(runbooks, names, language), *(page(found, names, durations, language) for found in runbooks))


def paths(names: Names) -> dict[str, str]:
    """
    {a runbook's name, or that of an alert, an alert's `runbook`, a finding: the page}, for other pages that lead here.
    """
    return {word: path_of(found) for word, found in answering(every(names)).items()}


def path_of(runbook: Runbook) -> str:
    """
    Below the dossier's folder.
    """
    return f"{FOLDER}/{runbook.slug}.md"


def told(found: Text, language: Language) -> Markdown:
    """
    A text with its code as code, and nothing in it that means anything else.
    """
    return Markdown(found.told(language, text, code))


def index(runbooks: Sequence[Runbook], names: Names, language: Language) -> Page:
    """
    By situation, with what is hit by alerts and findings.
    """
    parts: list[Markdown] = [paragraph(told(words.BEFORE, language)), *_many(names, language)]
    for situation in Situation:
        rows = [
            (
                link(told(found.title, language), path_of(found)),
                told(found.when, language),
                words.RISKS[found.risk].of(language),
            )
            for found in runbooks
            if found.situation is situation
        ]
        parts.append(heading(words.SITUATIONS[situation].of(language)))
        parts.append(table([words.RUNBOOKS.of(language), words.WHEN.of(language), words.RISK.of(language)], rows))
    parts.append(source(language, setting("environment"), setting("projects"), file("ops/runbooks")))
    return Page(path=INDEX, title=words.RUNBOOKS.of(language), body=body(*parts))


def page(runbook: Runbook, names: Names, durations: Mapping[str, Duration], language: Language) -> Page:
    """
    One runbook, complete: who has only this page can follow it.
    """
    rehearsed = code(runbook.rehearsed) if runbook.rehearsed else words.NOT_REHEARSED.of(language)
    rows: list[tuple[object, object]] = [
        (words.WHEN.of(language), told(runbook.when, language)),
        (words.RISK.of(language), words.RISKS[runbook.risk].of(language)),
        (words.DURATION.of(language), words.duration(runbook, dict(durations), language)),
        (words.REHEARSED.of(language), rehearsed),
    ]
    if runbook.answers:
        rows.append((words.ANSWERS.of(language), joined(code(word) for word in sorted(runbook.answers))))
    parts = [
        table(["", ""], rows),
        paragraph(told(words.BEFORE, language)),
        *_many(names, language),
        *_part(words.STEPS, runbook.steps, language),
        *_part(words.CHECK, runbook.check, language),
        *_part(words.UNDO, runbook.undo, language),
        source(language, setting("environment"), setting("projects"), report("operations")),
    ]
    title = runbook.title.told(language, str, str)
    return Page(path=path_of(runbook), title=title, body=body(*parts))


def _part(title: Words, steps: Sequence[Step], language: Language) -> Iterator[Markdown]:
    yield heading(title.of(language))
    for number, found in enumerate(steps, 1):
        yield paragraph(strong(f"{number}."), " ", told(found.text, language))
        if found.commands:
            yield block("\n".join(command.line for command in found.commands), "sh")


def _many(names: Names, language: Language) -> list[Markdown]:
    is_many = max(len(names.servers), len(names.projects)) > MOST
    return [paragraph(say(words.MANY, language, most=MOST))] if is_many else []
