"""
The catalog: every situation that anything of Flotilla tells of has a runbook, in both languages, and none answers to nothing.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from components.declarations import alerts
from components.declarations.reference import GROUPS
from ops.confirm import Level
from ops.errors import SettingsError
from ops.incidents.runbook import RUNBOOKS as SUGGESTED
from ops.runbooks.catalog import answering, every, find
from ops.runbooks.durations import REHEARSALS
from ops.runbooks.runbook import Runbook, Situation, Text
from ops.verdict.catalog import CHECKS
from settings import load, read_stack_config
from settings.secrets import SECRETS
from tests.runbook_fleets import ROOT, STACKS, every_fleet, sample

FLEETS = every_fleet()
RUNBOOKS = every(FLEETS["production"])
# What an on-call newcomer has to find, by issue 7.
NEEDED = {
    *("deploy", "rollback", "canary", "project-add", "server-add", "server-resize", "server-replace", "environment-new"),
    *("environment-promote", "restore-table", "restore-database", "restore-moment", "server-lost", "database-server-lost"),
    *("backup-server-lost", "location-lost", "state-lost", "dns-account-lost", "key-compromised", "certificate", "disk-full"),
    *("database-trouble", "incident", "rotate-secrets", "rotate-key", "monthly", "yearly", "leaving"),
}


def told_of() -> set[str]:
    """Names of alerts and what they call their runbook, findings of audit and report, runbooks that incidents suggest."""
    fleets = [load(stack, ROOT, read_stack_config(ROOT, stack)) for stack in STACKS]
    groups = [*GROUPS.values(), *(group for settings in fleets for group in alerts.groups(settings).values())]
    rules = [rule for group in groups for rule in group]
    findings = {rule.id for check in CHECKS.values() for rule in check.rules}
    silent = {check.unreachable for check in CHECKS.values()}
    return {word for rule in rules for word in (rule.name, rule.runbook)} | findings | silent | {row.name for row in SUGGESTED}


def texts(runbook: Runbook) -> list[Text]:
    return [
        runbook.title,
        runbook.when,
        *(found.text for part in (runbook.steps, runbook.check, runbook.undo) for found in part),
    ]


def test_everything_that_is_told_of_has_a_runbook() -> None:
    """Alerts by name and by what they link, findings, suggestions."""
    assert told_of() - answering(RUNBOOKS).keys() == set()
    assert len(told_of()) > 120


def test_no_runbook_answers_to_what_nobody_says() -> None:
    """A renamed alert or rule is found from this side, too."""
    assert {word for found in RUNBOOKS for word in found.answers} - told_of() == set()


def test_each_word_leads_to_one_runbook() -> None:
    """And every runbook that is needed is there."""
    counted = Counter(word for found in RUNBOOKS for word in (found.slug, *found.answers))
    assert [word for word, count in counted.items() if count > 1] == []
    assert {found.slug for found in RUNBOOKS} >= NEEDED
    assert {found.situation for found in RUNBOOKS} == set(Situation)


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda found: found.slug)
def test_a_runbook_is_complete(runbook: Runbook) -> None:
    """Steps, a check and the way back; a check only looks, so that whoever is in doubt may always run it."""
    assert runbook.steps and runbook.check and runbook.undo
    assert any(found.commands for found in runbook.steps)
    assert any(found.commands for found in runbook.check)
    changing = {"apply", "deploy", "rollback", "restore", "up", "refresh", "unlock", "promote"}
    for found in runbook.check:
        for command in found.commands:
            is_backup = command.argv[:3] == ("flotilla", "backup", "run")
            assert is_backup or not changing & set(command.argv[1:3]), command.line


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda found: found.slug)
def test_both_languages_say_the_same_thing(runbook: Runbook) -> None:
    """With the same names and the same code in them; what looks like HTML is in code only."""
    for text in texts(runbook):
        en, fr = text.words.en, text.words.fr
        assert en != fr and len(fr) > len(en) / 3
        assert sorted(re.findall(r"`[^`]*`|\{\w+\}", en)) == sorted(re.findall(r"`[^`]*`|\{\w+\}", fr)), en
        assert {name for name, _ in text.values} == set(re.findall(r"\{(\w+)\}", en)), en
        assert "<" not in re.sub(r"`[^`]*`", "", en + fr)


def test_every_secret_has_a_step_of_its_own() -> None:
    """Each that the settings know, by its name, with the command that asks for its value."""
    for stack in STACKS:
        names = sample(stack)
        steps = [step for slug in ("rotate-secrets", "rotate-key") for step in find(names, slug).steps]
        lines = {command.line for step in steps for command in step.commands}
        for path in names.secrets:
            assert any(names.set_secret(*path).line in line for line in lines), path
        assert any(f"{SECRETS}.projects.ledger.API_TOKEN" in dict(step.text.values).values() for step in steps)


def test_a_runbook_is_found_by_what_leads_to_it() -> None:
    """Its own name, an alert, what the alert calls it, a finding; and what there is not is told, with what is near."""
    names = sample("production")
    for word in ("log-not-fetched", "LogKept", "slot-lost", "data.wal-waiting"):
        assert find(names, word).slug == "log-not-fetched"
    with pytest.raises(SettingsError, match="Did you mean disk-full"):
        find(names, "disk-ful")
    with pytest.raises(SettingsError, match="flotilla runbook -s production"):
        find(names, "zzz")


def test_the_gravest_are_marked_so() -> None:
    """Whatever is lost is critical; looking at an incident changes nothing."""
    assert {found.risk for found in RUNBOOKS if found.situation is Situation.DISASTER} == {Level.CRITICAL}
    assert find(sample("production"), "incident").risk is Level.INFO
    assert find(sample("production"), "deploy").risk is Level.IMPORTANT
    assert find(sample("local"), "deploy").risk is Level.STANDARD


def test_rehearsals_are_tests_that_exist() -> None:
    """A page that says who rehearsed it says so truly, and one that says how long it takes as a whole says who measured it."""
    assert {found.slug for found in RUNBOOKS if found.rehearsed} >= {"deploy", "state-lost", *REHEARSALS}
    for found in RUNBOOKS:
        assert not found.rehearsed or (ROOT / found.rehearsed).is_file(), found.rehearsed


def test_the_state_calls_servers_and_disks_so() -> None:
    """The names that protection is taken off by are those of recorded plans."""
    recorded = "".join(path.read_text() for path in sorted((ROOT / "tests/cases/plan").glob("*.json")))
    names = sample("production")
    assert f'"{names.server_urn("data-1")}"' in recorded
    assert f'"{names.disk_urn("app-1")}"' in recorded
