"""
What is met, by evidence alone: golden cases in tests/cases/compliance, and what holds for any evidence.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.audit.catalog import CHECKS
from ops.compliance.assess import Status, assess, document
from ops.compliance.evidence import Evidence
from settings.project import DataKind
from tests.compliance_scenes import NOW, evidence, log, sample

CASES = sorted((Path(__file__).parents[2] / "cases" / "compliance").glob("*.json"))
WHOLE = evidence({"reports_days": 1, "applied_days": 2, "history_problems": [], "violations": []})


def statuses(known: Evidence) -> dict[str, Status]:
    """The status of every control."""
    return {row.control.id: row.status for row in assess(known)}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """Each control has the status, and the reason, that the case expects."""
    case = json.loads(path.read_text())
    known = evidence(case)
    found = document(known, assess(known))
    assert {row["id"]: [row["status"], row["why"]] for row in found["controls"]} == case["expect"]["controls"]
    assert found["summary"] == case["expect"]["summary"]


def test_the_same_evidence_gives_the_same_answer() -> None:
    """Byte for byte."""
    assert json.dumps(document(WHOLE, assess(WHOLE))) == json.dumps(document(WHOLE, assess(WHOLE)))


@settings(deadline=None)
@given(
    kept=st.sets(st.sampled_from(sorted([*CHECKS, "global"]))),
    has_plan=st.booleans(),
    has_log=st.booleans(),
    days=st.integers(-3, 40),
)
def test_less_evidence_never_meets_more(kept: set[str], has_plan: bool, has_log: bool, days: int) -> None:
    """Whatever is taken away or grows old: nothing becomes met by it, and nothing that was looked at by nobody is."""
    less = replace(
        WHOLE,
        reports={name: report for name, report in WHOLE.reports.items() if name in kept},
        plan=WHOLE.plan if has_plan else None,
        history=WHOLE.history if has_log else (),
        history_problems=() if has_log else None,
        now=NOW + timedelta(days=days),
    )
    before, after = statuses(WHOLE), statuses(less)
    assert {name for name, status in after.items() if status is Status.MET} <= {
        name for name, status in before.items() if status is Status.MET
    }
    assert Status.NOT_MET not in after.values()


@settings(deadline=None)
@given(finding=st.sampled_from(sorted(rule.id for check in CHECKS.values() for rule in check.rules)))
def test_a_finding_spoils_every_control_that_rests_on_it(finding: str) -> None:
    """A critical finding leaves no control met that asks for its rule, and touches no other."""
    check = finding.partition(".")[0]
    worse = evidence(
        {
            "reports_days": 1,
            "applied_days": 2,
            "history_problems": [],
            "violations": [],
            "findings": {check: [{"id": finding, "severity": "CRITICAL"}]},
        }
    )
    rests = {row.control.id for row in assess(WHOLE) if finding in {piece.name for piece in row.pieces}}
    before, after = statuses(WHOLE), statuses(worse)
    assert {name for name in before if after[name] is not before[name]} == rests
    assert {after[name] for name in rests} <= {Status.NOT_MET}


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        (log(2), True),
        (log(2, status="failed"), False),
        (log(2, operation="deploy"), False),
        (log(2, what="Destroy 40 changes"), False),
        ({"event": "begun", "operation": "apply"}, False),
    ],
)
def test_only_what_was_brought_out_whole_shows_policies(line: dict[str, Any], counts: bool) -> None:
    """An apply that ended well judged every policy; one that failed, a deployment, or taking all away did not."""
    known = replace(WHOLE, plan=None, history=(line,))
    assert (statuses(known)["docker-5.10"] is Status.MET) is counts


def test_a_project_that_nobody_classified_may_have_personal_data() -> None:
    """Only `data: none` in every project makes these controls not applicable."""
    known = sample()
    for data, status in ((None, Status.NOT_MET), (DataKind.NONE, Status.NOT_APPLICABLE)):
        projects = {name: row.model_copy(update={"data": data}) for name, row in known.projects.items()}
        changed = replace(WHOLE, settings=replace(known, projects=projects))
        assert statuses(changed)["gdpr-30"] is status


def test_hostile_words_in_findings_stay_words() -> None:
    """What a server says becomes one row of the page, and no markup."""
    from ops.compliance.record import record
    from ops.compliance.render import pages

    message = "<script>alert(1)</script> | [x](javascript:y)\n# heading `code`"
    worse = evidence(
        {
            "reports_days": 1,
            "findings": {"security": [{"id": "security.sshd-passwords", "severity": "CRITICAL", "message": message}]},
        }
    )
    page, _ = pages(document(worse, assess(worse)), record(worse.settings))
    assert r"\<script>" in page.content
    assert not re.search(r"(?<!\\)<script|\n# heading|(?<!\\)\]\(javascript", page.content)
