"""
The one way to change anything: what is asked, kept, undone and reported.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops import gate, history, lock, unlock
from ops.confirm import Approval, Level
from ops.errors import FlotillaError, RefusedError
from ops.lock import Holder
from ops.mutation import Operation, OperationFailedError, mutate
from ops.shelf import Folder
from ops.steps import Context, Sequential, Step

ROOT = Path(__file__).resolve().parents[2]
# A shell has what it starts in the background ignore Ctrl-C: this one hears it, wherever the tests run.
SLOW = """
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from ops.confirm import Approval, Level
from ops.mutation import Operation, mutate
from ops.steps import Sequential, Step
here = pathlib.Path(sys.argv[1])
def work(_):
    (here / "made").touch()
def wait(_):
    print("waiting", flush=True)
    time.sleep(60)
steps = Sequential(steps=(Step(name="make", run=work, undo=lambda _: (here / "made").unlink()), Step(name="wait", run=wait)))
mutate(here, Operation(name="deploy", what="Deploy it", level=Level.STANDARD, stack="local", steps=steps), Approval())
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder whose env.sh says where the state is, with an engine that is asked for nothing but to let go."""
    engine = tmp_path / "bin" / "pulumi"
    engine.parent.mkdir()
    engine.write_text('#!/bin/sh\necho "$@" >> "$(dirname "$0")/asked"\n[ "$1" = cancel ]\n')
    engine.chmod(0o755)
    (tmp_path / "env.sh").write_text(f"export PULUMI_BACKEND_URL=file://{tmp_path}/state PATH={tmp_path}/bin:$PATH\n")
    return tmp_path


def shelf(checkout: Path, stack: str = "local") -> Folder:
    """
    Where lock and history are.
    """
    return Folder(checkout / "state" / ".flotilla" / stack)


def operation(run: Callable[[Context], str | None], level: Level = Level.STANDARD, **more: Any) -> Operation:
    """
    An operation of one step before this one, which is undone with it.
    """
    steps = Sequential(steps=(Step(name="prepare", run=lambda _: None, undo=lambda _: "as before"), Step(name="do", run=run)))
    return Operation(**{"name": "deploy", "what": "Deploy it", "level": level, "stack": "local", "steps": steps, **more})


def events(checkout: Path, stack: str = "local") -> list[str]:
    """
    The events of the history.
    """
    return [line["event"] for line in history.read(shelf(checkout, stack))]


def test_what_is_done_is_kept_and_reported(checkout: Path) -> None:
    """A line before, a line after, and a report on disk that is the one returned; the lock is free again."""

    def do(context: Context) -> str:
        context.facts["digest"] = "1a2b3c4d"
        return "it is deployed"

    found = mutate(checkout, operation(do, facts={"before": "0"}), Approval(reason="ticket 7"))

    assert events(checkout) == ["begun", "ended"]
    assert {line["reason"] for line in history.read(shelf(checkout))} == {"ticket 7"}
    assert json.loads((checkout / found["report"]).read_text()) == found
    assert (checkout / found["report"]).stat().st_mode & 0o077 == 0
    assert found["status"] == "done"
    assert found["facts"] == {"before": "0", "digest": "1a2b3c4d"}
    assert [row["name"] for row in found["steps"]] == ["prepare", "do"]
    assert lock.holder(shelf(checkout)) is None


def test_what_fails_is_undone_kept_and_reported(checkout: Path) -> None:
    """The error says what failed, what was undone, and where the report is."""

    def fail(_: Context) -> None:
        raise FlotillaError("web: it never became healthy.")

    wanted = r"web: it never became healthy. Undone: prepare. See reports/operations/"
    with pytest.raises(OperationFailedError, match=wanted) as caught:
        mutate(checkout, operation(fail), Approval())

    assert json.loads((checkout / caught.value.document["report"]).read_text()) == caught.value.document
    assert history.read(shelf(checkout))[-1]["status"] == "failed"
    assert lock.holder(shelf(checkout)) is None


def test_a_refusal_is_kept(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was done, and that somebody wanted to is known."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(RefusedError):
        mutate(checkout, operation(lambda _: pytest.fail("it was done"), Level.IMPORTANT), Approval())
    assert events(checkout) == ["refused"]


def test_what_has_no_lock_lets_its_steps_have_theirs(checkout: Path) -> None:
    """It is written down all the same, and its report has what it wants beside."""

    def nested(_: Context) -> None:
        assert lock.holder(shelf(checkout)) is None
        mutate(checkout, operation(lambda _: "inside"), Approval())

    found = mutate(checkout, operation(nested, lock=None, beside=lambda context: {"more": len(context.previous)}), Approval())
    assert (found["more"], events(checkout)) == (2, ["begun", "begun", "ended", "ended"])


def test_two_operations_wait_for_one_another_or_are_refused(checkout: Path) -> None:
    """While one is at it, another one of the same stack does not begin; one of another stack does."""

    def nested(_: Context) -> None:
        mutate(checkout, operation(lambda _: "other stack", stack="staging"), Approval())
        with pytest.raises(lock.LockedError, match="Deploy it"):
            mutate(checkout, operation(lambda _: pytest.fail("it was done")), Approval())

    mutate(checkout, operation(nested), Approval())
    assert events(checkout, "staging") == ["begun", "ended"]


@pytest.mark.parametrize(("number", "is_undone"), [(signal.SIGTERM, True), (signal.SIGINT, True), (signal.SIGKILL, False)])
def test_an_operation_that_is_stopped(checkout: Path, number: signal.Signals, is_undone: bool) -> None:
    """Told to end it undoes what it did; killed, the next one takes over, lets the engine go, and says so in the history."""
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(checkout)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(number)
    process.communicate(timeout=30)

    assert (checkout / "made").exists() is not is_undone
    before = ["begun", "ended"] if is_undone else ["begun"]
    assert events(checkout) == before
    if is_undone:
        assert history.read(shelf(checkout))[-1]["status"] == "interrupted"
    mutate(checkout, operation(lambda _: "again"), Approval())
    assert events(checkout) == [*before, *([] if is_undone else ["taken over"]), "begun", "ended"]
    assert (checkout / "bin" / "asked").exists() is not is_undone


def test_unlocking_leaves_a_backup_that_is_being_made(checkout: Path) -> None:
    """The lock of a machine that is gone goes, the living backup's stays; alone, it is refused."""
    gone = Holder(operation="deploy", what="Deploy it", user="ada", host="laptop", pid=1, since="2026-11-26T10:00:00+00:00")
    shelf(checkout).swap(lock.NAME, None, gone.text())
    approval = Approval(level=Level.IMPORTANT, reason="the laptop is gone")
    backing_up = Holder.here("backup run", "Back up everything")
    with lock.held(shelf(checkout), "local", backing_up, name=lock.BACKUP):
        removed = unlock.unlock(checkout, "local", approval)["removed"]
        assert removed == ["ada@laptop (pid 1) since 2026-11-26T10:00:00+00:00: Deploy it"]
        with pytest.raises(lock.LockedError, match="lives, and is changing it: Back up everything"):
            unlock.unlock(checkout, "local", approval)
        assert lock.holder(shelf(checkout), lock.BACKUP) == backing_up
    assert events(checkout) == ["unlocked", "refused"]


def test_what_is_critical_on_production_passes_the_gate(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that cannot be asked is closed, and nothing was done; what restores data need not pass it."""
    approval = Approval(level=Level.CRITICAL, reason="ticket 7")
    critical = operation(lambda _: "done", Level.CRITICAL, stack="production")
    with pytest.raises(RefusedError, match="cannot be told"):
        mutate(checkout, critical, approval)
    assert events(checkout, "production") == ["refused"]

    ungated = operation(lambda _: "done", Level.CRITICAL, stack="production", is_gated=False)
    assert mutate(checkout, ungated, approval)["status"] == "done"


def test_the_gate_wants_backup_and_verification_of_everything_within_a_day() -> None:
    """One that is too old, was never verified, or is not there closes it; what is unknown is not young."""
    now, day = time.time(), 24 * 3600
    row = {"project": "shop", "source": "database:shop"}

    assert gate.unverified([{**row, "at": now - 60, "verified_at": now - 30}], now) == []
    for times in ((now - day - 1, now), (now, now - day - 1), (now, None), (None, None)):
        assert gate.unverified([{**row, "at": times[0], "verified_at": times[1]}], now) == ["shop's database:shop"]


def test_who_did_it_is_the_person_of_the_ci_job(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In CI, root did nothing: whom the job runs for did."""
    monkeypatch.setitem(os.environ, "GITHUB_ACTOR", "alice")
    mutate(checkout, operation(lambda _: "done"), Approval())
    assert history.read(shelf(checkout))[0]["who"].startswith("alice@")
