"""
The pages that show the pictures.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from ops.diagrams.pages import pages
from ops.dossier.collect import Sources, collect
from ops.dossier.facts import Facts
from ops.dossier.page import Page
from tests.conftest import ROOT
from tests.diagram_fleets import changed, fleet

LINK = re.compile(r"\]\(([^)]+)\)")


@pytest.fixture(scope="module")
def facts() -> Facts:
    """Production as it is declared."""
    return collect(ROOT, "production", ROOT / "docs" / "generated" / "production", Sources(is_declared=True))


def by_path(found: tuple[Page, ...]) -> dict[str, Page]:
    paths = {page.path: page for page in found}
    assert len(paths) == len(found)
    return paths


def test_every_link_leads_to_a_page_or_picture(facts: Facts) -> None:
    """And every picture is shown somewhere."""
    found = by_path(pages(facts))
    shown = set()
    for path, page in found.items():
        for target in LINK.findall(page.body) if path.endswith(".md") else ():
            reached = str(PurePosixPath(path).parent / target)
            assert reached in found, f"{path} links to {target}"
            shown.add(reached)
    assert {path for path in found if path.endswith(".svg")} <= shown


def test_there_is_a_page_for_each_project_and_one_for_all_servers(facts: Facts) -> None:
    """So that none becomes too long."""
    found = by_path(pages(facts))
    assert {path for path in found if path.endswith(".md")} == {
        "diagrams.md",
        "losses.md",
        *(f"diagrams/requests-{name}.md" for name in ("guestbook", "journal", "ledger")),
    }
    for server in ("app-1", "app-2", "data-1", "ops-1"):
        assert f"| {server} |" in found["losses.md"].body


def test_every_picture_has_the_same_in_words_and_as_mermaid(facts: Facts) -> None:
    """Beside it, on the same page."""
    for path, page in by_path(pages(facts)).items():
        if path.endswith(".md"):
            pictures = re.findall(r"!\[(.+)\]\((?:diagrams/)?[a-z0-9-]+\.svg\)", page.body)
            assert len(pictures) == page.body.count("```mermaid\nflowchart TB\n") > 0
            assert min(map(len, pictures)) > 30


def test_production_is_compared_with_staging(facts: Facts) -> None:
    """Where there is one to compare it with."""
    name = "diagrams/comparison-staging-production.svg"
    assert name in by_path(pages(facts))
    assert name not in by_path(pages(replace(facts, compared_with=None)))


@pytest.mark.parametrize(("stack", "compared"), [("production", "staging"), ("staging", None), ("local", None)])
def test_what_an_environment_is_compared_with(stack: str, compared: str | None) -> None:
    """Staging with nothing: releases come from nowhere to it. The sandbox is a rehearsal of all."""
    found = collect(ROOT, stack, ROOT / "docs" / "generated" / stack, Sources(is_declared=True)).compared_with
    assert (found.stack if found else None) == compared


def test_french_pages_are_french(facts: Facts) -> None:
    """Headings too."""
    french = replace(facts, settings=changed(facts.settings, language="fr"))
    for page, english in zip(pages(french), pages(facts), strict=True):
        assert page.path == english.path and page.title != english.title


def test_two_hundred_projects_have_a_page_each(facts: Facts) -> None:
    """And the one that links them stays small."""
    found = by_path(pages(replace(facts, settings=fleet(200))))
    assert sum(path.startswith("diagrams/requests-") and path.endswith(".md") for path in found) == 200
    assert len(found["diagrams.md"].body) < 60_000


def test_pages_are_the_same_twice(facts: Facts) -> None:
    """Byte by byte."""
    assert pages(facts) == pages(facts)
