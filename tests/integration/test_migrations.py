"""
A release's migration on a real machine: how it ends is how the step ends, and two of them wait for each other.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from components import service
from components.job import service_spec
from components.remote import SCRIPTS, script

if TYPE_CHECKING:
    from tests.integration.plugin_machine import Machine

pytest_plugins = ["tests.integration.plugin_machine"]

IMAGE = "debian:bookworm"


@pytest.fixture(scope="module")
def network(machine: Machine) -> str:
    """A network like the one that projects share."""
    return machine.run("docker", "network", "create", "--driver", "overlay", "migrations")


def migrate(machine: Machine, network: str, command: str, *, timeout_s: int = 40) -> subprocess.CompletedProcess[str]:
    """
    Run a migration as the provider does: the script as a command, its data on standard input.
    """
    container = service.Container(
        image=IMAGE, user=10001, network_id=network, arguments=["sh", "-c", command], memory_mb=64, cpus=0.5
    )
    job = json.dumps({"timeout_s": timeout_s, "service": service_spec("shop-migration", container)})
    data = {
        "name": "shop-migration",
        "job": job,
        "runner": (SCRIPTS / "run_job.py").read_text(),
        "timeout_s": timeout_s + 20,
    }
    return subprocess.run(
        ["docker", "exec", "-i", machine.name, "sh", "-c", script("migrate.py")],
        input=json.dumps(data),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def left(machine: Machine) -> str:
    """
    Services and descriptions that a migration left behind.
    """
    services = machine.run("docker", "service", "ls", "--format", "{{.Name}}")
    return services + machine.run("sh", "-c", "ls /etc/flotilla/jobs")


def test_what_it_says_and_how_it_ends_is_the_steps(machine: Machine, network: str) -> None:
    """One that fails is a step that fails, with the migration's own words. Nothing is left of either."""
    done = migrate(machine, network, "echo applied 0001_books")
    assert done.returncode == 0, done.stderr
    assert "applied 0001_books" in done.stdout
    failed = migrate(machine, network, "echo the column is there already >&2; exit 3")
    assert failed.returncode == 1
    assert "the column is there already" in failed.stderr
    assert left(machine) == ""


def test_one_that_takes_too_long_is_stopped(machine: Machine, network: str) -> None:
    """By its own time; the update fails then."""
    stopped = migrate(machine, network, "sleep 600", timeout_s=8)
    assert stopped.returncode == 124
    assert "longer than 8 s" in stopped.stderr
    assert left(machine) == ""


def test_one_that_still_runs_is_waited_for(machine: Machine, network: str) -> None:
    """As after an update that was interrupted: the second one starts when the first is over, and both are done."""
    ends: dict[str, tuple[float, int]] = {}

    def run(name: str, command: str) -> None:
        code = migrate(machine, network, command, timeout_s=60).returncode
        ends[name] = (time.monotonic(), code)

    first = threading.Thread(target=run, args=("first", "sleep 8"))
    first.start()
    deadline = time.monotonic() + 60
    while "shop-migration-run" not in machine.run("docker", "service", "ls", "--format", "{{.Name}}"):
        assert time.monotonic() < deadline, "the first migration did not start"
        time.sleep(0.2)
    run("second", "true")
    first.join()
    assert [ends[name][1] for name in ("first", "second")] == [0, 0]
    assert ends["first"][0] < ends["second"][0]
