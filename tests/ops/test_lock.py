"""
The lock of a stack, between real processes.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ops import lock
from ops.lock import Holder, LockedError
from ops.shelf import Folder

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time, pathlib
from ops import lock
from ops.shelf import Folder
with lock.held(Folder(pathlib.Path(sys.argv[1])), "local", lock.Holder.here("deploy", "Deploy guestbook")):
    print("held", flush=True)
    time.sleep(60)
"""
RACE = """
import sys, time, pathlib
from ops import lock
from ops.shelf import Folder
folder = pathlib.Path(sys.argv[1])
for round in range(50):
    with lock.held(Folder(folder), "local", lock.Holder.here("deploy", f"round {round}"), wait_s=60):
        count = int((folder / "count").read_text())
        time.sleep(0.001)
        (folder / "count").write_text(str(count + 1))
"""


def holding(folder: Path) -> subprocess.Popen[str]:
    """
    A process that holds the lock.
    """
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_who_comes_second_is_told_who_is_first(tmp_path: Path) -> None:
    """Who, since when, what for, and what to do; nothing waits unless that was asked for."""
    process = holding(tmp_path)
    try:
        with (
            pytest.raises(
                LockedError, match=rf"\(pid {process.pid}\) has been changing it since .*: Deploy guestbook. Nothing"
            ),
            lock.held(Folder(tmp_path), "local", Holder.here("apply", "Apply")),
        ):
            pass
    finally:
        process.kill()
        process.communicate()


def test_a_killed_holder_loses_the_lock(tmp_path: Path) -> None:
    """The next one takes it over by itself, and knows from whom."""
    process = holding(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    with lock.held(Folder(tmp_path), "local", Holder.here("apply", "Apply")) as before:
        assert before is not None
        assert before.pid == process.pid
    assert lock.holder(Folder(tmp_path)) is None


def test_a_later_process_of_the_same_number_is_not_the_holder(tmp_path: Path) -> None:
    """This very process has the number, but it started later than the holder did."""
    gone = replace(Holder.here("deploy", "Deploy"), process_start="1")
    Folder(tmp_path).swap(lock.NAME, None, gone.text())

    with lock.held(Folder(tmp_path), "local", Holder.here("apply", "Apply")) as before:
        assert before == gone


def test_a_holder_on_another_machine_is_never_taken_for_gone(tmp_path: Path) -> None:
    """Only a person can say so: `flotilla unlock`."""
    shelf = Folder(tmp_path)
    elsewhere = replace(Holder.here("deploy", "Deploy"), host="elsewhere", process_start="1")
    shelf.swap(lock.NAME, None, elsewhere.text())

    with pytest.raises(LockedError, match="flotilla unlock"), lock.held(shelf, "local", Holder.here("apply", "Apply")):
        pass
    assert lock.remove(shelf, "local") == elsewhere
    assert lock.remove(shelf, "local") is None


def test_a_living_holder_cannot_be_unlocked(tmp_path: Path) -> None:
    """Whoever lives on this machine can be ended first."""
    process = holding(tmp_path)
    try:
        with pytest.raises(LockedError, match="lives"):
            lock.remove(Folder(tmp_path), "local")
    finally:
        process.kill()
        process.communicate()


def test_a_lock_that_cannot_be_read_is_held(tmp_path: Path) -> None:
    """Nobody knows by whom, so nobody takes it."""
    (tmp_path / lock.NAME).write_text(json.dumps({"unknown": 1}))
    with pytest.raises(LockedError, match="unknown"), lock.held(Folder(tmp_path), "local", Holder.here("apply", "Apply")):
        pass


def test_processes_that_race_hold_it_one_at_a_time(tmp_path: Path) -> None:
    """Four of them add one to a number, fifty times each, and nothing is lost."""
    (tmp_path / "count").write_text("0")
    racers = [subprocess.Popen([sys.executable, "-c", RACE, str(tmp_path)], cwd=ROOT) for _ in range(4)]
    assert [racer.wait(120) for racer in racers] == [0, 0, 0, 0]
    assert (tmp_path / "count").read_text() == "200"
