"""
Pages of runbooks: who has only the page can follow it, and nothing in a name is more than a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from ops.dossier.page import Page
from ops.dossier.words import LANGUAGES, Language
from ops.runbooks import pages, words
from ops.runbooks.catalog import every
from ops.runbooks.durations import Duration, measured
from tests.runbook_fleets import every_fleet, sample

FLEETS = every_fleet()
BLOCK = re.compile(r"^```+sh\n(.*?)\n```+$", re.MULTILINE | re.DOTALL)


def commands_of(page: Page) -> list[str]:
    """What a reader copies, line by line."""
    return [line for block in BLOCK.findall(page.content) for line in block.splitlines()]


def page_of(slug: str, durations: Mapping[str, Duration], language: Language) -> Page:
    """One of production's."""
    (found,) = [page for page in pages.render(sample("production"), durations, language) if page.path == f"runbooks/{slug}.md"]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fleet", FLEETS)
def test_a_page_has_every_command_as_it_is(fleet: str, language: Language) -> None:
    """In the order in which it is done; unseen letters are shown as such, everything else to the letter."""
    found = {page.path: page for page in pages.render(FLEETS[fleet], {}, language)}
    for runbook in every(FLEETS[fleet]):
        lines = [
            command.line.replace("\N{RIGHT-TO-LEFT OVERRIDE}", "\N{REPLACEMENT CHARACTER}") for command in runbook.commands()
        ]
        assert commands_of(found[pages.path_of(runbook)]) == lines


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_index_leads_to_every_page(language: Language) -> None:
    """Each once, and every page is there."""
    found = pages.render(sample("production"), {}, language)
    targets = re.findall(r"\]\(([^)]+)\)", found[0].content)

    assert found[0].path == pages.INDEX
    assert sorted(targets) == sorted(page.path for page in found[1:])
    for title in words.SITUATIONS.values():
        assert f"## {title.of(language)}" in found[0].content.replace("\\", "")


def test_hostile_names_are_text() -> None:
    """Outside of code no page has a tag, a link or bold letters that a name brought."""
    for page in pages.render(FLEETS["hostile"], {}, "en")[1:]:
        around = re.sub(r"(`+).*?\1", "", BLOCK.sub("", page.content), flags=re.DOTALL)
        assert "<img" not in around
        assert "javascript:" not in around
        assert "**bold**" not in around


def test_pages_are_the_same_twice() -> None:
    """Nothing of a clock or an order of sets is in them."""
    durations = {"restore": Duration(count=2, median_s=41.0, longest_s=60.0)}
    first, again = (pages.render(sample("production"), durations, "fr") for _ in range(2))
    assert first == again


def test_durations_are_those_of_what_ended_well_here() -> None:
    """What failed, is of another stack, or is no duration, does not count."""
    row = {"operation": "restore", "stack": "production", "status": "done", "duration_s": 40.0}
    rows = [
        row,
        {**row, "duration_s": 60.0},
        {**row, "duration_s": 47},
        {**row, "status": "failed", "duration_s": 1.0},
        {**row, "stack": "local", "duration_s": 1.0},
        {**row, "duration_s": None},
        {**row, "duration_s": True},
        {**row, "operation": "deploy", "duration_s": 9.4},
        {},
    ]
    assert measured(rows, "production") == {
        "deploy": Duration(count=1, median_s=9.4, longest_s=9.4),
        "restore": Duration(count=3, median_s=47.0, longest_s=60.0),
    }


@pytest.mark.parametrize(
    ("language", "known", "unknown"),
    [
        ("en", "rollback 47 s, at most 60 s (3 times)", "not measured yet"),
        ("fr", "rollback 47 s, au plus 60 s (3 fois)", "pas encore mesurée"),
    ],
)
def test_the_expected_duration_is_as_measured(language: Language, known: str, unknown: str) -> None:
    """Or the page says that nobody knows."""
    durations = {"rollback": Duration(count=3, median_s=47.0, longest_s=60.0)}
    assert known in page_of("rollback", durations, language).content.replace("\\", "")
    assert unknown in page_of("rollback", {}, language).content


def test_other_pages_can_lead_here() -> None:
    """An alert's name, what it calls its runbook, and a finding lead to the same page."""
    paths = pages.paths(sample("production"))
    assert paths["DiskFilling"] == paths["hosts.inodes-full"] == paths["disk-full"] == "runbooks/disk-full.md"
    assert paths["memory-exhausted"] == "runbooks/out-of-memory.md"


def test_fleets_larger_than_a_page_are_said_to_be() -> None:
    """The first twelve have commands, and the page says that the others are done alike."""
    text = words.MANY.en.partition("{")[0]
    assert all(text not in page.content for page in pages.render(sample("production"), {}, "en"))
    assert all(text in page.content for page in pages.render(FLEETS["hostile"], {}, "en"))
