"""
How a stack is right now, of what its servers answered.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ops import console, status
from ops.commands import status as command
from tests.audit_scenes import changed, recorded, scene_of

ROOT = Path(__file__).resolve().parents[2]
FREE = {"report": None, "lock": {"holder": None, "problem": ""}}


def test_every_program_of_every_release_has_a_row() -> None:
    """Its digest, its share of the traffic, how many run of how many, and what their health checks say."""
    found = status.state(scene_of(recorded()))
    rows = {(row["project"], row["process"]): row for row in found["projects"]}
    assert rows["guestbook", "web"] == {
        "project": "guestbook",
        "process": "web",
        "release": "7f801397",
        "slot": "a",
        "weight": 100,
        "running": 1,
        "wanted": 1,
        "health": "healthy",
    }
    assert {row["name"] for row in found["servers"]} == {"app-1", "data-1", "ops-1"}
    assert all(row["running"] == 1 for row in rows.values())
    assert all(row["age_s"] for row in found["backups"])
    json.dumps(found)


def test_a_server_that_does_not_answer_is_unknown_and_not_empty() -> None:
    """Nor are its services stopped: nobody can say."""
    found = status.state(scene_of(changed(recorded(), {"hosts/app-1/problem": "no answer within 30 s"})))
    server = next(row for row in found["servers"] if row["name"] == "app-1")
    assert server["problem"] == "no answer within 30 s"
    assert (server["disk_used_share"], server["memory_used_share"], server["containers"]) == (None, None, None)
    assert {(row["running"], row["health"]) for row in found["projects"]} == {(None, "unknown")}


def test_a_service_that_is_not_there_runs_nowhere() -> None:
    """The manager answered, and knows nothing of it."""
    path = "hosts/app-1/sections/docker/data"
    scene = changed(recorded(), {f"{path}/swarm/services": [], f"{path}/containers": []})
    assert {row["running"] for row in status.state(scene_of(scene))["projects"]} == {0}


def test_the_worst_of_several_containers_is_shown() -> None:
    """One of three that is unhealthy is what people look for."""
    document = recorded()
    containers = next(row for row in document["hosts"] if row["name"] == "app-1")["sections"]["docker"]["data"]["containers"]
    mine = next(row for row in containers if row["labels"].get("flotilla.project") == "guestbook")
    containers.append({**mine, "name": "another", "health": "unhealthy"})
    rows = status.state(scene_of(document))["projects"]
    assert next(row["health"] for row in rows if row["project"] == "guestbook") == "unhealthy"


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ({"holder": None, "problem": ""}, "Lock: free"),
        ({"holder": None, "problem": "no bucket"}, "Lock: unknown, no bucket"),
        (
            {"holder": {"who": "alice@laptop (pid 7)", "since": "now", "what": "Deploy x", "is_gone": True}, "problem": ""},
            "Lock: alice@laptop (pid 7) since now: Deploy x; that process is gone",
        ),
    ],
)
def test_who_changes_the_stack_is_said(capsys: pytest.CaptureFixture[str], lock: dict[str, object], wanted: str) -> None:
    """Also that it cannot be told."""
    command.show({**status.state(scene_of(recorded())), "report": None, "lock": lock})
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == wanted
    assert "Last report: none. Run `flotilla report -s local`." in printed


def test_without_a_terminal_it_is_drawn_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A log or a pipe gets one picture, and the command ends."""
    console.watch(lambda: console.line("picture"), 0.0)
    assert capsys.readouterr().out == "picture\n"


def test_on_a_terminal_it_is_drawn_again_until_it_is_stopped() -> None:
    """Ctrl-C ends it, without an error."""
    program = """
import itertools
from ops import console
numbers = itertools.count()
def draw():
    number = next(numbers)
    if number == 3:
        raise KeyboardInterrupt
    console.line(f"picture {number} [bold]")
console.watch(draw, 0.01)
"""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65_536):
            shown += piece
    except OSError:  # how Linux says that nobody is at the other end any more
        pass
    assert (child.wait(20), child.stderr.read() if child.stderr else b"") == (0, b"")
    assert all(f"picture {number} [bold]".encode() in shown for number in range(3))
