"""
The workflows that are shipped: their steps in the order that is written down, their conditions, and what is handed on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops import history, lock, steps
from ops.confirm import Approval, Level
from ops.errors import FlotillaError, SettingsError
from ops.mutation import Operation, mutate
from ops.shelf import Folder
from ops.steps import Context, Sequential, Step
from ops.workflows import actions, catalog, diagnosing, releasing, work
from ops.workflows.work import Work, Workflow

PLACES = {
    "start_incident": diagnosing,
    "resolution": diagnosing,
    "deploy": releasing,
    "rollback": releasing,
    "watch": releasing,
}
ORDER = {
    "new-project": ["audit", "security", "docker", "network", "deployment", "monitoring", "backups", "documentation"],
    "incident": [
        "diagnosis",
        "logs",
        "containers' state",
        "connectivity",
        "resolution by diagnosis",
        "monitoring",
        "post-mortem",
    ],
    "weekly-maintenance": ["full backup", "cleanup (looking)", "inventory", "audit", "the week before", "overall report"],
    "daily-check": ["audit", "incident", "resolution by diagnosis", "monitoring", "report"],
    "release": ["deployment", "monitoring"],
}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path) -> None:
    """
    The folder's env.sh says where the state is.
    """
    (tmp_path / "env.sh").write_text(f"export PULUMI_BACKEND_URL=file://{tmp_path}/state\n")


def shelf(checkout: Path) -> Folder:
    """
    Where lock and history are.
    """
    return Folder(checkout / "state" / ".flotilla" / "local")


def asked(checkout: Path, **changes: Any) -> Work:
    return Work(
        **{"checkout": checkout, "stack": "local", "approval": Approval(), "project": "shop", "watch_s": 0.0, **changes}
    )


def shape(name: str, checkout: Path) -> list[dict[str, Any]]:
    return work.shape(catalog.find(name).build(asked(checkout)))


def test_steps_are_in_their_order(tmp_path: Path) -> None:
    """As the descriptions have them; the week's first three at once, and only a release's deployment is taken back."""
    assert {name: [row["name"] for row in shape(name, tmp_path)] for name in catalog.WORKFLOWS} == ORDER
    at_once = [row["name"] for row in shape("weekly-maintenance", tmp_path) if row["is_parallel"]]
    assert at_once == ORDER["weekly-maintenance"][:3]
    undone = [row["name"] for name in catalog.WORKFLOWS for row in shape(name, tmp_path) if row["has_undo"]]
    assert undone == ["deployment"]


def told(monkeypatch: pytest.MonkeyPatch, status: str, called: list[str], failing: tuple[str, ...] = ()) -> None:
    """
    Have what looks at a fleet answer without one: what is proven here is the order and the conditions.
    """

    def audit(_: Work, context: Context, *checks: str, under: str = "audit") -> str:
        context.facts[under] = {"status": status, "findings": [], "summary": {}}
        return status

    def noted(name: str) -> Any:
        def act(_: Work, context: Context) -> str:
            called.append(name)
            if name in failing:
                raise FlotillaError(f"{name} does not work.")
            if name == "start_incident":
                context.facts["incident"] = {"id": "x", "runbooks": []}
            return "done"

        return act

    monkeypatch.setattr(actions, "audit", audit)
    monkeypatch.setattr(actions, "verdict", audit)
    for name in (
        "start_incident",
        "monitoring",
        "resolution",
        "full_backup",
        "look_for_cleanup",
        "inventory",
        "deploy",
        "rollback",
        "watch",
    ):
        monkeypatch.setattr(PLACES.get(name, actions), name, noted(name))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("OK", ["monitoring"]),
        ("WARNING", ["monitoring"]),
        ("DEGRADED", ["start_incident", "resolution"]),
        ("CRITICAL", ["start_incident", "resolution"]),
    ],
)
def test_a_day_is_an_incident_or_a_look_at_monitoring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, expected: list[str]
) -> None:
    """By what the audit says; the report comes in any case, and every step's outcome is handed on in it."""
    called: list[str] = []
    told(monkeypatch, status, called)
    document = work.run(catalog.find("daily-check"), asked(tmp_path))

    assert called == expected and document["status"] == "done"
    page = next((tmp_path / "reports" / "maintenance").glob("daily-*.md")).read_text()
    assert f"Status: **{status}**" in page
    assert document["context"].keys() == {"project", "environment", "context", "previous_steps", "critical_info"}
    assert json.loads((tmp_path / document["report"]).read_text())["context"]["previous_steps"][0] == "audit: done"


def test_an_audit_that_fails_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown is never fine."""
    called: list[str] = []
    told(monkeypatch, "OK", called)

    def fail(*_: Any, **__: Any) -> str:
        raise FlotillaError("no answer.")

    monkeypatch.setattr(actions, "audit", fail)
    document = work.run(catalog.find("daily-check"), asked(tmp_path))
    assert called == ["start_incident", "resolution"]
    assert "audit failed, and the rest went on without it: no answer." in document["next_steps"]
    assert "UNKNOWN" in next((tmp_path / "reports" / "maintenance").glob("daily-*.md")).read_text()


def test_a_week_goes_on_without_its_backup_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not block is noted in the report, first."""
    called: list[str] = []
    told(monkeypatch, "OK", called, failing=("full_backup",))
    document = work.run(catalog.find("weekly-maintenance"), asked(tmp_path))

    assert sorted(called) == ["full_backup", "inventory", "look_for_cleanup"] and document["status"] == "done"
    assert "Runs of the report: 0" in next((tmp_path / "reports" / "maintenance").glob("weekly-*.md")).read_text()
    assert (
        "full backup: full_backup does not work."
        in next((tmp_path / "reports" / "maintenance").glob("weekly-*.md")).read_text()
    )


def test_a_release_that_is_not_well_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deployment is undone by a rollback, and the whole has failed."""
    called: list[str] = []
    told(monkeypatch, "OK", called, failing=("watch",))
    document = work.run(catalog.find("release"), asked(tmp_path, images={"": ":2"}))

    assert called == ["deploy", "watch", "rollback"]
    assert [(row["name"], row["status"]) for row in document["undo"]] == [("deployment", steps.StepStatus.UNDONE)]
    with pytest.raises(FlotillaError, match="watch does not work"):
        work.require_success(document)


def of_steps(*build: Callable[[Work], Step]) -> Workflow:
    """
    A workflow of these steps.
    """
    return Workflow(name="probe", title="Try it", build=lambda given: Sequential(steps=tuple(one(given) for one in build)))


def operation_step(name: str, level: Level = Level.STANDARD) -> Callable[[Work], Step]:
    """
    A step that is an operation itself, with the stack's lock, as a workflow's deployment is.
    """

    def build(given: Work) -> Step:
        inside = Sequential(steps=(Step(name="do", run=lambda _: None),))
        operation = Operation(name=name, what=f"Do {name}", level=level, stack=given.stack, steps=inside)
        return Step(name=name, run=lambda _: str(mutate(given.checkout, operation, given.approval)["status"]))

    return build


def test_a_workflow_does_not_lock_its_own_steps_out(tmp_path: Path) -> None:
    """It has a beginning and an end in the history, around those of its steps, and no lock while they have theirs."""
    document = work.run(of_steps(operation_step("deploy"), operation_step("host converge")), asked(tmp_path))
    lines = [(line["operation"], line["event"], line.get("status")) for line in history.read(shelf(tmp_path))]

    assert document["status"] == "done"
    assert lines == [
        ("workflow probe", "begun", None),
        ("deploy", "begun", None),
        ("deploy", "ended", "done"),
        ("host converge", "begun", None),
        ("host converge", "ended", "done"),
        ("workflow probe", "ended", "done"),
    ]
    assert history.verify(shelf(tmp_path)) == []
    assert lock.holder(shelf(tmp_path)) is None


def test_a_step_that_is_not_confirmed_fails_the_workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workflow asks for nothing itself; its step does, once."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    probe = of_steps(operation_step("deploy", Level.IMPORTANT))
    document = work.run(probe, asked(tmp_path))
    events = [(line["operation"], line["event"]) for line in history.read(shelf(tmp_path))]

    assert (document["status"], document["level"]) == ("failed", "standard")
    assert events == [("workflow probe", "begun"), ("deploy", "refused"), ("workflow probe", "ended")]
    with pytest.raises(FlotillaError, match="there is no terminal to ask at"):
        work.require_success(document)

    done = work.run(probe, asked(tmp_path, approval=Approval(level=Level.IMPORTANT, reason="ticket 7")))
    assert (done["status"], done["reason"]) == ("done", "ticket 7")


def test_a_deployment_that_fails_is_not_rolled_back_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has undone itself."""
    called: list[str] = []
    told(monkeypatch, "OK", called, failing=("deploy",))
    work.run(catalog.find("release"), asked(tmp_path, images={"": ":2"}))
    assert called == ["deploy"]


def test_what_a_workflow_needs_is_asked_for(tmp_path: Path) -> None:
    """A project, an image, and a name that there is."""
    with pytest.raises(SettingsError, match="Add `--project"):
        work.run(catalog.find("release"), asked(tmp_path, project=None))
    with pytest.raises(SettingsError, match="Add `--image"):
        work.run(catalog.find("new-project"), asked(tmp_path))
    with pytest.raises(SettingsError, match="there is no such workflow"):
        catalog.find("deploy")


@pytest.mark.parametrize(
    ("resource", "is_ours"),
    [
        ("shop.example.com", True),
        ("app-1:shop-web-1a2b3c4d", True),
        ("shop/web", True),
        ("app-1:shopping-web-1", False),
        ("app-1", False),
        ("other.example.com", False),
    ],
)
def test_findings_of_a_project(resource: str, is_ours: bool) -> None:
    """By its names, services and processes."""
    assert releasing.is_of(resource, "shop", {"shop.example.com"}) is is_ours
