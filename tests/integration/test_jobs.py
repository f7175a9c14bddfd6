"""
Jobs on a real machine: the timer, the runs, and what is left of them.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from components import service
from components.job import service_spec, units
from components.remote import SCRIPTS, script

if TYPE_CHECKING:
    from tests.integration.plugin_machine import Machine

pytest_plugins = ["tests.integration.plugin_machine"]

IMAGE = "debian:bookworm"
UNIT = "flotilla-job-shop-report.service"


@pytest.fixture(scope="module")
def network(machine: Machine) -> str:
    """A network like the one that projects share."""
    return machine.run("docker", "network", "create", "--driver", "overlay", "jobs")


def send(machine: Machine, name: str, data: dict[str, Any]) -> None:
    """
    Run a step as the provider does: the script as a command, its data on standard input.
    """
    command = ["docker", "exec", "-i", machine.name, "sh", "-c", script(name)]
    done = subprocess.run(command, input=json.dumps(data), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def install(machine: Machine, network: str) -> Iterator[Callable[..., None]]:
    """Puts a job on the machine; it is taken away after the test."""
    kept: list[dict[str, Any]] = []

    def put(command: str, *, timeout_s: int = 30, schedule: str = "30 2 * * *") -> None:
        container = service.Container(
            image=IMAGE, user=10001, network_id=network, command=(), arguments=["sh", "-c", command], memory_mb=64, cpus=0.5
        )
        unit, timer = units("shop-report", schedule, timeout_s)
        job = json.dumps({"timeout_s": timeout_s, "service": service_spec("shop-report", container)})
        runner = (SCRIPTS / "run_job.py").read_text()
        kept.append({"name": "shop-report", "job": job, "runner": runner, "service": unit, "timer": timer})
        send(machine, "job.py", kept[-1])

    yield put
    for data in kept[-1:]:
        send(machine, "remove_job.py", data)


def start(machine: Machine) -> int:
    """
    Run the job now, as its timer does; the exit code of systemctl.
    """
    command = ["docker", "exec", machine.name, "systemctl", "start", UNIT]
    return subprocess.run(command, capture_output=True, timeout=90, check=False).returncode


def journal(machine: Machine) -> str:
    """
    What the last run said.
    """
    identity = machine.run("systemctl", "show", "--value", "--property", "InvocationID", UNIT)
    return machine.run("journalctl", "--no-pager", "-o", "cat", f"_SYSTEMD_INVOCATION_ID={identity}")


def services(machine: Machine) -> str:
    return machine.run("docker", "service", "ls", "--format", "{{.Name}}")


def test_a_run_goes_to_its_end_and_into_the_journal(machine: Machine, install: Callable[..., None]) -> None:
    """What it prints is there, from the first line to the last, and its service is gone."""
    install("id -u; for n in 1 2 3; do echo line $n; done; touch /forbidden; grep CapBnd /proc/self/status; echo last line")

    assert start(machine) == 0
    said = journal(machine)
    for expected in ("10001", "line 1", "line 3", "Read-only file system", "CapBnd:\t0000000000000000", "last line", "done in"):
        assert expected in said
    assert services(machine) == ""


def test_a_run_that_fails_is_a_failed_unit(machine: Machine, install: Callable[..., None]) -> None:
    """With the job's own words and its exit code, once: it is not tried again before its time."""
    install("echo the ledger is locked >&2; exit 3")

    assert start(machine) != 0
    assert "the ledger is locked" in journal(machine)
    assert "non-zero exit (3)" in journal(machine)
    assert machine.run("systemctl", "show", "--value", "--property", "Result", UNIT) == "exit-code"
    assert services(machine) == ""


def test_a_run_that_takes_too_long_is_stopped(machine: Machine, install: Callable[..., None]) -> None:
    """Its time includes all; nothing of it goes on."""
    install("echo begun; sleep 600", timeout_s=6)

    started = time.monotonic()
    assert start(machine) != 0
    assert time.monotonic() - started < 30
    assert "because it took longer than 6 s" in journal(machine)
    assert services(machine) == ""


def test_two_runs_are_never_at_once(machine: Machine, install: Callable[..., None]) -> None:
    """One that a person starts while the timer's goes on does nothing, and says so."""
    install("sleep 8")
    first = threading.Thread(target=start, args=(machine,))
    first.start()
    while services(machine) != "shop-report-run":
        time.sleep(0.2)

    command = ["docker", "exec", machine.name, "python3", "/usr/local/lib/flotilla/run_job.py", "shop-report"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    first.join()

    assert second.returncode == 75
    assert "still runs from before" in second.stderr


def test_a_stopped_run_leaves_no_service(machine: Machine, install: Callable[..., None]) -> None:
    """As when the machine shuts down, or the job is taken away while it runs."""
    install("sleep 600", timeout_s=600)
    running = threading.Thread(target=start, args=(machine,))
    running.start()
    while services(machine) != "shop-report-run":
        time.sleep(0.2)

    machine.run("systemctl", "stop", UNIT)
    running.join()

    assert services(machine) == ""


def test_the_timer_has_the_schedule_and_starts_the_job(machine: Machine, install: Callable[..., None]) -> None:
    """In UTC; and systemd itself starts the run when the time has come."""
    install("echo from the timer", schedule="30 2 * * *")
    shown = machine.run("systemctl", "show", "--property", "TimersCalendar", "flotilla-job-shop-report.timer")
    assert "OnCalendar=*-*-* 02:30:00 UTC" in shown

    install("echo from the timer", schedule="* * * * *")
    deadline = time.monotonic() + 80
    while "from the timer" not in machine.run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT):
        assert time.monotonic() < deadline, "the timer did not start the job"
        time.sleep(1)


def test_a_job_that_is_taken_away_leaves_nothing(machine: Machine, install: Callable[..., None]) -> None:
    """No unit, no timer, no file."""
    install("true")
    send(machine, "remove_job.py", {"name": "shop-report"})

    assert machine.run("sh", "-c", "ls /etc/flotilla/jobs; ls /etc/systemd/system | grep flotilla-job || true") == ""
    assert "flotilla-job" not in machine.run("systemctl", "list-units", "--all", "--no-pager", "--plain", "--no-legend")
