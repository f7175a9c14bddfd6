"""
The engine at work on a small program: what it would do, what it did, what stopped it, and that nothing of it is left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from ops import engine, pending
from ops import stack as stacks
from ops.events import Change, Event, Finished
from sandbox.workspace import CHECKOUT, Workspace, make_keys
from tests.killed_apply import descendants

PROGRAM = """\
import os, time
import pulumi
from pulumi_command import local
size = int(os.environ.get("SIZE", "1"))
for number in range(size):
    local.Command(f"step-{number}", create=f"set -e; sleep {os.environ.get('SLEEP', '0')}; echo {number}")
pulumi.export("size", size)
"""
STACK = "local"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """
    A stack of the small program, never brought up.
    """
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    made = Workspace(tmp_path / "workspace", STACK)
    made.lay(CHECKOUT, keys=make_keys(tmp_path), program=program)
    subprocess.run(
        ["pulumi", "stack", "init", STACK, "--non-interactive"],
        cwd=made.project,
        env=known(made),
        check=True,
        capture_output=True,
    )
    return made


def known(workspace: Workspace, **further: str) -> dict[str, str]:
    """
    The environment that the engine is asked in.
    """
    return {**workspace.environment({}), **further}


def state(workspace: Workspace) -> Mapping[str, object]:
    """
    The stack as it is kept.
    """
    command = ["pulumi", "stack", "export", "--stack", STACK]
    done = subprocess.run(command, cwd=workspace.project, env=known(workspace), check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout)["deployment"])


def locks(workspace: Workspace) -> list[Path]:
    """
    The locks that are held.
    """
    return list((workspace.folder / "backend" / ".pulumi" / "locks").rglob("*.json"))


def test_a_preview_and_then_the_update(workspace: Workspace) -> None:
    """The same steps, told as they come; afterwards nothing is left to do."""
    would = engine.preview(workspace.project, STACK, known(workspace, SIZE="2"))
    events: list[Event] = []
    did = engine.update(workspace.project, STACK, known(workspace, SIZE="2"), on_event=events.append)
    again = engine.preview(workspace.project, STACK, known(workspace, SIZE="2"))
    assert would.is_ok
    assert {step.name for step in would.steps if step.change is Change.CREATE} >= {"step-0", "step-1"}
    assert did.is_ok, did.diagnostics
    # The stack itself, the provider, the two steps.
    assert did.changes == {"create": 4}
    assert {event.urn.rpartition("::")[2] for event in events if isinstance(event, Finished)} >= {"step-0", "step-1"}
    assert {step.change for step in again.steps} == {Change.SAME}


def test_only_what_is_named_is_changed(workspace: Workspace) -> None:
    """An update with targets leaves the rest."""
    engine.update(workspace.project, STACK, known(workspace, SIZE="1"))
    target = f"urn:pulumi:{STACK}::flotilla::command:local:Command::step-1"
    did = engine.update(workspace.project, STACK, known(workspace, SIZE="3"), targets=[target])
    assert did.changes == {"create": 1}


def test_everything_is_taken_away(workspace: Workspace) -> None:
    """A destroy is seen before, and done."""
    engine.update(workspace.project, STACK, known(workspace, SIZE="1"))
    would = engine.preview(workspace.project, STACK, known(workspace), is_destroy=True)
    did = engine.update(workspace.project, STACK, known(workspace), is_destroy=True)
    assert {step.change for step in would.steps} == {Change.DELETE}
    assert did.is_ok
    assert not state(workspace).get("resources")


def test_a_failure_says_why(workspace: Workspace) -> None:
    """With the resource that failed; and also where the engine never came to work."""
    failed = engine.update(workspace.project, STACK, known(workspace, SIZE="1", SLEEP="x"))
    elsewhere = engine.update(workspace.project, "nowhere", known(workspace))
    assert not failed.is_ok
    assert [urn.rpartition("::")[2] for urn in failed.failed] == ["step-0"]
    assert "invalid time interval" in " ".join(failed.errors)
    assert not elsewhere.is_ok
    assert elsewhere.errors == ("error: no stack named 'nowhere' found",)


# A shell has what it starts in the background ignore Ctrl-C: this one hears it, wherever the tests run.
CHILD = """\
import signal
import sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
from ops import engine, pending
from ops import stack as stacks
from tests.integration.test_engine import STACK, known
from sandbox.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]), STACK)
print("started", flush=True)
engine.update(workspace.project, STACK, known(workspace, SIZE="1", SLEEP="3"))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_update_comes_to_rest(workspace: Workspace, number: signal.Signals) -> None:
    """The engine finishes what it has begun, saves it and gives its lock back, also when who started it is killed."""
    argv = [sys.executable, "-c", CHILD, str(workspace.folder)]
    child = subprocess.Popen(argv, cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not locks(workspace) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2)
    child.send_signal(number)
    child.wait(60)
    while locks(workspace) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not locks(workspace)
    assert not state(workspace).get("pending_operations")
    assert engine.update(workspace.project, STACK, known(workspace, SIZE="1", SLEEP="3")).is_ok


def test_what_a_killed_engine_had_begun_is_settled(workspace: Workspace) -> None:
    """A creation of which nobody knows how it ended is in the state, is settled, and is then made again."""
    argv = [sys.executable, "-c", CHILD, str(workspace.folder)]
    child = subprocess.Popen(argv, cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": str(CHECKOUT)})
    deadline = time.monotonic() + 60
    while not begun(workspace) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in [child.pid, *descendants(child.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    child.wait()
    around = known(workspace)
    stacks.engine(["cancel", "--yes", "--non-interactive", "--stack", STACK], workspace.project, around)
    left = pending.of(workspace.project, STACK, around)
    said = pending.settle(workspace.project, STACK, around)
    assert [(row.operation, row.type) for row in left] == [("creating", "command:local:Command")]
    assert said == "1 operations were cut short; 0 resources that they had made are in the state now"
    assert pending.of(workspace.project, STACK, around) == ()
    assert engine.update(workspace.project, STACK, known(workspace, SIZE="1", SLEEP="3")).changes["create"] == 1


def begun(workspace: Workspace) -> bool:
    """
    Whether the state says that the step is being made.
    """
    files = list((workspace.folder / "backend" / ".pulumi" / "stacks").rglob(f"{STACK}.json"))
    with contextlib.suppress(ValueError, OSError):
        states = [json.loads(file.read_text())["checkpoint"]["latest"] for file in files]
        return any(row["resource"]["urn"].endswith("step-0") for found in states for row in found.get("pending_operations", []))
    return False
