"""
Every alert has a case in which it fires and one in which it stays quiet; promtool runs them in tests/integration/hosts.
"""

from __future__ import annotations

from typing import Any

import pytest

from components.declarations import alerts, reference
from settings import Settings
from tests.alert_cases import CASES, promtool_tests
from tests.complete_fleet import complete
from tests.conftest import Checkout


@pytest.fixture
def settings(checkout: Checkout) -> Settings:
    """Production with everything in it: it has every alert that there is."""
    return complete(checkout).settings("production")


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(settings: Settings) -> None:
    """And no case is of an alert that is gone."""
    assert set(alerts.names(settings)) == set(CASES)
    assert {name for name, cases in CASES.items() if not any(case.fired for case in cases)} == set()
    assert {name for name, cases in CASES.items() if all(case.fired for case in cases)} == set()


def test_no_alert_can_be_missed_by_the_complete_fleet() -> None:
    """Whatever is written down as an alert in the modules of rules is in it."""
    from components.declarations import alert_rules, dns, log, promises

    source = "".join(str(module.__loader__.get_source(module.__name__)) for module in (alert_rules, dns, log, promises))  # type: ignore[union-attr]
    written = {
        line.partition('name="')[2].partition('"')[0] for line in source.splitlines() if line.strip().startswith('name="')
    }

    assert written == set(CASES)


def test_alerts_of_one_name_are_told_apart_by_their_labels(settings: Settings) -> None:
    """Alertmanager takes two with the same labels for one: it would say that it is over while the other goes on."""
    found: list[Any] = [
        (rule["alert"], tuple(sorted(rule["labels"].items())))
        for group in alerts.rule_groups(settings)
        for rule in group["rules"]
    ]

    assert sorted(found) == sorted(set(found))


def test_every_case_is_in_exactly_one_of_the_documents_for_promtool(settings: Settings) -> None:
    """Of every group of rules that is about the fleet or the shop."""
    documents = promtool_tests(alerts.rule_groups(settings))
    tests = [test for document in documents.values() for test in document.get("tests", ())]
    groups = {document["groups"][0]["name"] for document in documents.values() if "groups" in document}

    assert groups == {
        "servers",
        "containers",
        "requests",
        "names",
        "databases",
        "log",
        "watching",
        "backups",
        "objectives-shop",
    }
    written = [test["alert_rule_test"][0]["alertname"] for test in tests]
    assert sorted(written) == sorted(name for name, cases in CASES.items() for _ in cases)


def test_the_page_is_fresh_and_has_every_alert() -> None:
    """docs/monitoring.md is what the rules say; `python -m components.declarations.reference` writes it."""
    assert reference.PAGE.read_text(encoding="utf-8") == reference.render()
    assert {name for name in CASES if f"| {name} |" not in reference.render()} == set()
