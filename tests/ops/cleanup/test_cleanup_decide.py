"""
What may be removed from a server, and what never: golden cases.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from hosts.cleaning import program, survey
from hosts.cleaning.script import script
from ops.cleanup import cleanup
from ops.cleanup.decide import Rules, kept_digests, plan
from ops.errors import SettingsError
from settings.releases import load_releases, with_release, write_releases

CASES = json.loads((Path(__file__).parents[2] / "cases" / "cleanup" / "plans.json").read_text())
NOW = 1_000_000_000.0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_plans(case: dict[str, Any]) -> None:
    """What goes, what is only listed, and what could not be looked at."""
    rules = Rules(digests=frozenset(case["digests"]), retain_days=7, with_volumes=case.get("with_volumes", False))
    found = plan("app-1", case["survey"], rules, NOW)

    assert [asdict(item) for item in found.items] == case["items"]
    assert [asdict(item) for item in found.listed] == case["listed"]
    assert list(found.unknown) == case["unknown"]
    assert found.request() == case["request"]


def image(digit: str) -> str:
    return f"registry.example.com/shop@sha256:{digit * 64}"


def test_the_last_releases_of_every_environment_stay(tmp_path: Path) -> None:
    """What serves, and as many before it as the environment keeps; one environment is enough."""
    kept = []
    for stack, digits in (("production", "0123"), ("staging", "45")):
        path = tmp_path / "releases" / f"{stack}.yaml"
        releases = load_releases(path)
        for digit in digits:
            releases = with_release(releases, "shop", image(digit))
        write_releases(path, releases)
        kept.append((load_releases(path), 2))

    assert kept_digests(kept) == {f"sha256:{digit * 64}" for digit in "12345"}


def test_a_release_file_with_mistakes_stops_it(tmp_path: Path) -> None:
    """Nobody could tell what is still needed."""
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "production.yaml").write_text("projects: [")
    (tmp_path / "Pulumi.production.yaml").write_text("config: {}\n")
    with pytest.raises(SettingsError, match=r"releases/production\.yaml"):
        cleanup._digests(tmp_path)


def test_old_reports_go_and_post_mortems_stay(tmp_path: Path) -> None:
    """Operations of more than a month ago, and what was collected of incidents that were closed before."""
    import os

    operations = tmp_path / "reports" / "operations"
    place = tmp_path / "reports" / "incidents"
    for name, status in (("20260101T000000Z-old", "closed"), ("20260102T000000Z-open", "open")):
        (place / name / "collected-1").mkdir(parents=True)
        (place / name / "incident.json").write_text(json.dumps({"id": name, "status": status}))
        (place / name / "post-mortem.md").write_text("why")
        (place / f"{name}.tar.gz").write_text("bundle")
    operations.mkdir()
    (operations / "old.json").write_text("{}")
    for path in tmp_path.rglob("*"):
        os.utime(path, (NOW, NOW))
    (operations / "new.json").write_text("{}")
    os.utime(operations / "new.json", (NOW + 40 * 86_400, NOW + 40 * 86_400))

    found = {item.name for item in cleanup.old_reports(tmp_path, NOW + 41 * 86_400)}
    assert found == {
        "reports/operations/old.json",
        "reports/incidents/20260101T000000Z-old.tar.gz",
        "reports/incidents/20260101T000000Z-old/collected-1",
    }


@pytest.mark.parametrize(
    ("text", "size"), [("253.8MB (78%)", 253_800_000), ("0B", 0), ("1.5GB", 1_500_000_000), ("12kB", 12_000)]
)
def test_dockers_sizes(text: str, size: int) -> None:
    """As `docker system df` writes them."""
    assert survey.parsed(text) == size


def test_a_removal_that_fails_does_not_keep_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind for itself, with why."""

    def fail(_: Any) -> int:
        raise RuntimeError("in\nuse")

    monkeypatch.setitem(program.REMOVALS, "images", fail)
    monkeypatch.setitem(program.REMOVALS, "journal_days", lambda days: days)
    assert program.remove({"images": ["x"], "journal_days": 7}) == {
        "freed": {"journal_days": 7},
        "failed": {"images": "in use"},
    }


def test_logs_that_a_survey_would_not_find_are_not_removed(tmp_path: Path) -> None:
    """Whatever path is asked for."""
    file = tmp_path / "log.1"
    file.write_text("x")
    assert program.remove({"logs": [str(file)]}) == {"freed": {"logs": 0}, "failed": {}} and file.exists()


def test_the_script_runs_as_one_program() -> None:
    """It compiles, and a survey on this machine answers each part by itself."""
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-"], input=script({}), capture_output=True, text=True, timeout=120, check=True)
    answer = json.loads(done.stdout)
    assert {"logs", "journal", "restored"} <= answer.keys() and all(
        {"data"} == row.keys() or "error" in row for row in answer.values()
    )
