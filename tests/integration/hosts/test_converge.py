"""
Converging a real machine: what differs is done and nothing else, nobody but the right machine is told anything.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hosts.request import Outcome, Target
from ops import hosts
from tests.integration import plugin_machine
from tests.integration.plugin_machine import Machine, machine

__all__ = ["machine"]

CANARY = "s3cr3t-canary-of-the-environment-key"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID2yuOuBiZDw2qd3CU2+Wcb+D11DpX5a2q7T1D4iZzc2"
BOOT_S = 90


@pytest.fixture(scope="module")
def target(machine: Machine) -> Target:
    """The machine, with nothing but what every server has."""
    deadline = time.monotonic() + BOOT_S
    while (
        "done"
        not in subprocess.run(
            ["docker", "exec", machine.name, "cloud-init", "status"], capture_output=True, text=True, check=False
        ).stdout
    ):
        assert time.monotonic() < deadline, "the machine did not boot"
        time.sleep(0.3)
    return Target(
        address=plugin_machine.ADDRESS,
        port=machine.port,
        host_key=" ".join(machine.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]),
        declaration=DECLARATION,
        private_key=machine.key.read_text(),
        key=CANARY,
        notifications={"ops": f"https://example.invalid/{CANARY}"},
    )


DECLARATION = {
    "version": 1,
    "environment": "local",
    "server": "machine",
    "roles": {
        # Nothing of access and networks, which is for test_hardening.py.
        "common": {},
    },
}


def converged(target: Target, *, is_dry: bool = False) -> Outcome:
    (outcome,) = hosts.converge([target], is_dry=is_dry)
    return outcome


def test_a_bare_machine_is_made_what_its_roles_say_and_then_left_alone(machine: Machine, target: Target) -> None:
    """The declaration is there for root only; the second time nothing is changed, and a look says the same."""
    first = converged(target)
    again = converged(target)

    assert (first.error, again.error) == ("", "")
    assert "/etc/flotilla/host.json" in {change.name for change in first.changes}
    assert (again.changes, again.unchanged > 0) == ((), True)
    assert converged(target, is_dry=True).changes == ()
    assert json.loads(machine.run("cat", "/etc/flotilla/host.json")) == DECLARATION
    assert machine.run("stat", "-c", "%a %U", "/etc/flotilla/host.json") == "600 root"


def test_drift_is_shown_as_a_difference_and_mended(machine: Machine, target: Target) -> None:
    """A look changes nothing."""
    converged(target)
    machine.run("sh", "-c", "echo '{}' > /etc/flotilla/host.json; chmod 0644 /etc/flotilla/host.json")
    seen = converged(target, is_dry=True)
    assert machine.run("cat", "/etc/flotilla/host.json") == "{}"
    mended = converged(target)

    (change,) = seen.changes
    assert change.facts == ("change /etc/flotilla/host.json", "mode of /etc/flotilla/host.json: 0644 -> 0600")
    assert "-{}" in change.diff.splitlines()
    assert [found.name for found in mended.changes] == ["/etc/flotilla/host.json"]
    assert machine.run("stat", "-c", "%a", "/etc/flotilla/host.json") == "600"


def test_a_machine_with_another_host_key_is_told_nothing(machine: Machine, target: Target) -> None:
    """It may be anybody: nothing is run on it, and it gets no secret."""
    machine.run("rm", "-f", "/etc/flotilla/host.json")
    refused = converged(replace(target, host_key=OTHER_KEY))

    assert "host key" in refused.error.lower()
    assert refused.changes == ()
    assert machine.run("sh", "-c", "ls /etc/flotilla") == ""


def test_one_dead_machine_costs_nobody_else_anything(target: Target) -> None:
    """The others are converged; it alone has failed."""
    dead = replace(target, address="127.11.0.99", declaration={**DECLARATION, "server": "dead"})
    outcomes = {outcome.server: outcome for outcome in hosts.converge([dead, target], is_dry=False)}

    assert outcomes["machine"].error == ""
    assert "127.11.0.99" in outcomes["dead"].error or "connect" in outcomes["dead"].error.lower()


def test_the_first_to_end_leaves_the_others_alone(target: Target) -> None:
    """Some have nothing to do, or fail at once, while others are at work."""
    converged(target)
    names = ("machine", "second", "third", "fourth")
    several = [replace(target, declaration={**DECLARATION, "server": name}) for name in names]
    nobody = replace(target, port=1, declaration={**DECLARATION, "server": "nobody"})
    outcomes = {outcome.server: outcome for outcome in hosts.converge([nobody, *several], is_dry=False)}

    assert outcomes["nobody"].error
    assert {name: outcomes[name].error for name in names} == dict.fromkeys(names, "")
    assert sum(len(outcomes[name].changes) > 0 for name in names) >= 3


def test_no_secret_is_ever_an_argument_or_in_a_log(machine: Machine, target: Target) -> None:
    """Neither here nor there, while it runs and after."""
    machine.run("rm", "-f", "/etc/flotilla/host.json")
    with _watched() as seen:
        assert converged(target).error == ""
    journal = machine.run("journalctl", "--no-pager", "-q")

    assert seen["looks"] > 3
    assert not [line for line in seen["lines"] if CANARY in line]
    assert "sshd" in journal
    assert CANARY not in journal


class _watched:  # noqa: N801 -- reads like the block that it is
    """
    Every command line and environment on this computer, those in machines included, while the block runs.
    """

    def __enter__(self) -> dict[str, object]:
        self.seen: dict[str, object] = {"looks": 0, "lines": set()}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        return self.seen

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.ended.wait(0.05):
            self.seen["looks"] += 1  # type: ignore[operator]
            self.seen["lines"] |= set(_processes())  # type: ignore[operator]


def _processes() -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            for what in ("cmdline", "environ"):
                try:
                    yield (entry / what).read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:  # it has ended
                    continue
