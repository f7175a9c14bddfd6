"""
What an audit measured: figures where they are known, why not where they are not.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from ops.audit import measures
from ops.audit.scene import Host, Site
from ops.costs.bill import bill, cents
from ops.costs.fleet import from_outputs
from tests.audit_scenes import changed, recorded, scene_of


def test_a_fleet_as_it_was_seen() -> None:
    """Disks without what is memory, and each once; sites' answers; backups' ages; all costs divided."""
    found = measures.document(scene_of(recorded()))
    disks, costs = found["disks"] or [], found["costs"] or []
    assert {(row["server"], row["mount"]) for row in disks} >= {("app-1", "/"), ("app-1", "/mnt/data")}
    assert all(0 < row["used_share"] < 1 for row in disks)
    assert not [row for row in disks if row["mount"].startswith(("/run", "/tmp", "/etc"))]  # noqa: S108
    assert {row["project"] for row in found["responses"] or []} == {"guestbook", "journal", "ledger"}
    assert all(row["age_s"] > 0 for row in found["backups"] or [])
    assert [row["project"] for row in costs] == ["(for all)", "(reserved by nobody)", "guestbook", "journal", "ledger"]
    total = cents(bill(from_outputs(recorded()["outputs"]).items).total)
    assert sum(Decimal(str(row["eur_per_month"])) for row in costs) == total > 0


@pytest.mark.parametrize(
    ("changes", "section", "wanted"),
    [
        (
            {"hosts/ops-1/problem": "no answer within 30 s"},
            "backups",
            {"project": "guestbook", "source": "volume:data", "age_s": None, "why": "no answer within 30 s"},
        ),
        (
            {"hosts/ops-1/problem": "no answer within 30 s"},
            "disks",
            {"server": "ops-1", "mount": "/", "used_share": None, "why": "no answer within 30 s"},
        ),
        (
            {"hosts/app-1/sections/disks": {"error": "it timed out"}},
            "disks",
            {"server": "app-1", "mount": "/", "used_share": None, "why": "it timed out"},
        ),
        (
            {"hosts/ops-1/sections/measures/data": []},
            "backups",
            {"project": "guestbook", "source": "volume:data", "age_s": None, "why": "never backed up"},
        ),
        (
            {"outputs/servers/app-1/type": "cx99"},
            "costs",
            {"project": "ledger", "eur_per_month": None, "why": "no price is known of cx99"},
        ),
        (
            {
                "sites/guestbook.flotilla.test/sections/https/data/is_answered": False,
                "sites/guestbook.flotilla.test/sections/https/data/reason": "refused",
            },
            "responses",
            {
                "project": "guestbook",
                "site": "guestbook.flotilla.test",
                "seconds": None,
                "status": None,
                "why": "refused",
            },
        ),
    ],
)
def test_what_is_not_known_has_no_figure_but_a_reason(
    changes: dict[str, object], section: str, wanted: dict[str, object]
) -> None:
    """Nothing is left out, and nothing is zero."""
    found = measures.document(scene_of(changed(recorded(), changes)))
    assert wanted in (found[section] or [])


def test_what_was_not_looked_at_is_no_empty_list() -> None:
    """A look that did not end in time says nothing of servers."""
    scene = scene_of(recorded())
    assert measures.document(scene, [Site])["disks"] is None
    assert measures.document(scene, [Host])["responses"] is None


def test_an_odd_answer_costs_its_section_only() -> None:
    """Figures never hide what the checks say."""
    found = measures.document(scene_of(changed(recorded(), {"hosts/app-1/sections/disks/data": [{"odd": 1}]})))
    assert found["disks"] is None and found["backups"]
