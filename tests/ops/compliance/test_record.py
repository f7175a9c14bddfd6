"""
The record of processing: what settings know is in it, and what they do not know is said.
"""

from __future__ import annotations

from dataclasses import replace

from ops.compliance.assess import assess, document
from ops.compliance.record import OPEN, TO_FILL_IN, record
from ops.compliance.render import pages, record_page
from settings.project import DataKind
from tests.compliance_scenes import evidence, sample


def test_each_project_with_personal_data_is_a_processing() -> None:
    """With its owner, who approved it, where it is kept and for how long."""
    found = record(sample())
    by_name = {row["project"]: row for row in found["processings"]}
    assert list(by_name) == ["guestbook", "journal", "ledger"]
    ledger = by_name["ledger"]
    assert (ledger["owner"], ledger["approved"]) == (
        "finance-team",
        "data-protection, 2026-11-02: Names in the books, which the law says to keep.",
    )
    assert ledger["backups_kept"] == {"daily": 30, "weekly": 8, "monthly": 12}
    assert ledger["kept_in"] == ["database ledger", "logs of its containers"]
    assert ledger["answers_at"] == ["ledger-books.example", "api.ledger-books.example"]
    assert found["region"] == "eu"


def test_who_else_gets_data_is_in_it() -> None:
    """Each company, with what it gets; those that settings do not place are to be filled in."""
    processors = {row["name"]: row["location"] for row in record(sample())["processors"]}
    assert processors["backup.example.net"] == "hel1"
    assert processors["hetzner"] == "fsn1, nbg1"
    assert processors["slack"] == ""


def test_what_only_people_know_is_room_on_the_page() -> None:
    """Nobody takes a skeleton for a record."""
    page = record_page(record(sample()))
    for name in OPEN:
        assert f"| {name.en} | {TO_FILL_IN.en} |" in page


def test_both_pages_are_in_the_environments_language() -> None:
    """What is ours, down to the states and the rules' own words; facts are English, which the page says."""
    french = evidence({"applied_days": 1, "reports_days": 1})
    french = replace(french, settings=replace(french.settings, language="fr"))
    controls, processing = pages(document(french, assess(french)), record(french.settings))
    for text, words in (
        (controls.content, ("satisfaite", "sans objet", "toutes ses preuves")),
        (processing.content, ("à compléter",)),
    ):
        assert [word for word in words if word not in text] == []
    above = controls.content.split("## Preuves")[0]
    for english in ("| met |", "not met", "not applicable", "not shown here", "all of its evidence", "to be filled in"):
        assert english not in above + processing.content


def test_a_project_without_personal_data_is_named_and_one_that_nobody_classified_is_kept() -> None:
    """Leaving out is a decision that the record shows."""
    settings = sample()
    projects = dict(settings.projects)
    projects["guestbook"] = projects["guestbook"].model_copy(update={"data": DataKind.NONE})
    projects["journal"] = projects["journal"].model_copy(update={"data": None})
    found = record(replace(settings, projects=projects))
    assert found["without_personal_data"] == ["guestbook"]
    assert [row["project"] for row in found["processings"]] == ["journal", "ledger"]
    assert "nobody has said whether it has personal data" in record_page(found)
