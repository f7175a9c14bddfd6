"""
A real machine that watches itself, from a bare image: everything answers, rules are loaded, and an alert reaches its receiver.

It runs the roles `docker`, `db`, `exporters` and `monitoring`. There is no ingress on it: HAProxy and the sites do not answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components import declarations
from components.declarations import alerts
from hosts.request import Outcome, Request, Target
from ops import hosts
from sandbox.images import DEBIAN
from settings import Settings
from tests.conftest import ROOT, make_checkout
from tests.integration import plugin_machine
from tests.integration.plugin_machine import Machine, machine

__all__ = ["machine"]

ROLES = ("docker", "db", "exporters", "monitoring")
SERVER = "all-1"
KEY = "the key of an environment that is only there for tests"
# The receiver writes what it is sent into a file, a line for each.
RECEIVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/var/tmp/received", "ab") as file:
            file.write(body.replace(b"\\n", b" ") + b"\\n")
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass
http.server.HTTPServer(("127.0.0.1", 8099), Handler).serve_forever()
"""
HOOK = "http://127.0.0.1:8099/a-secret-path"
# A scrape, an evaluation and a group's wait come after each other; the machine is busy.
ALERT_S = 180


def eventually(check: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """The first true value."""
    deadline = time.monotonic() + timeout_s
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(1)
    return found


@dataclass
class Watcher:
    """
    The machine, and what it is told to be.
    """

    machine: Machine
    settings: Settings
    target: Target

    def converge(self, *, is_dry: bool = False) -> Outcome:
        return hosts.converge([self.target], is_dry=is_dry)[0]

    def ask(self, path: str) -> Any:
        """Prometheus' answer; None while it gives none."""
        done = subprocess.run(
            ["docker", "exec", self.machine.name, "curl", "-sf", f"http://127.0.0.1:9090/api/v1/{path}"],
            capture_output=True,
            check=False,
        )
        return json.loads(done.stdout)["data"] if done.returncode == 0 else None

    def health(self) -> dict[str, set[str]]:
        """{job: how its targets are}."""
        found: dict[str, set[str]] = {}
        for target in (self.ask("targets") or {"activeTargets": []})["activeTargets"]:
            found.setdefault(target["labels"]["job"], set()).add(target["health"])
        return found

    def received(self) -> list[dict[str, Any]]:
        """The alerts that came, in the receiver's order."""
        text = self.machine.run("sh", "-c", "cat /var/tmp/received 2>/dev/null || true")
        return [alert for line in text.splitlines() for alert in json.loads(line)["alerts"]]


@pytest.fixture(scope="module")
def watcher(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watcher]:
    """The machine, bare; all its roles are those of one server of stack `local`."""
    eventually(lambda: "done" in machine.run("sh", "-c", "cloud-init status || true"), 90, "the machine boots")
    checkout = make_checkout(tmp_path_factory.mktemp("checkout"), [path.stem for path in (ROOT / "projects").glob("*.yaml")])

    def one_server(environment: dict[str, Any]) -> None:
        roles = ["app", "ingress", "db", "backup", "monitoring"]
        environment["servers"] = {"all": {**environment["servers"]["app"], "roles": roles}}

    checkout.change_environment("local", one_server)
    checkout.release_all("local")
    settings = checkout.settings("local")
    host_key = " ".join(machine.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
    declaration = declarations.declaration(settings, SERVER, {SERVER: machine.ip}, {SERVER: host_key}, {})
    declaration = {**declaration, "roles": {name: declaration["roles"][name] for name in ROLES}}
    target = Target(
        address=plugin_machine.ADDRESS,
        port=machine.port,
        host_key=host_key,
        declaration=declaration,
        private_key=machine.key.read_text(),
        key=KEY,
        notifications={"ops": HOOK},
    )
    machine.run("mkdir", "-p", "/mnt/data")
    machine.run("mount", "-t", "tmpfs", "-o", "mode=0711,size=1g", "disk", "/mnt/data")
    subprocess.run(["docker", "exec", "-d", machine.name, "python3", "-c", RECEIVER], check=True)
    yield Watcher(machine, settings, target)


@pytest.fixture(scope="module")
def first(watcher: Watcher) -> Outcome:
    """The first converge, of the bare image."""
    return watcher.converge()


def test_from_a_bare_image_everything_that_exists_answers(watcher: Watcher, first: Outcome) -> None:
    """Each exporter on the private address, and none of the watchers anywhere but on loopback."""
    assert first.error == ""
    own = {"prometheus", "node", "docker", "postgres", "pgbouncer"}

    def all_up() -> bool:
        health = watcher.health()
        return all(health.get(job) == {"up"} for job in own)

    eventually(all_up, 90, f"{own} are up, and not {watcher.health()}")
    assert watcher.ask("query?query=pg_up")["result"][0]["value"][1] == "1"
    listening = watcher.machine.run("ss", "-Hltn").splitlines()
    places = {line.split()[3].rpartition(":")[::2] for line in listening}
    loopback = {port for address, port in places if address == "127.0.0.1"}
    assert {"9090", "9093", "9115"} <= loopback
    for address, port in places:
        if port in ("9090", "9093", "9094", "9115", "9100", "9187", "8405"):
            assert address in ("127.0.0.1", watcher.target.declaration["roles"]["exporters"]["address"]), (address, port)


def test_every_rule_is_loaded(watcher: Watcher, first: Outcome) -> None:
    """As many as the settings ask for, and none of them is broken."""
    groups = watcher.ask("rules")["groups"]

    assert {rule["name"] for group in groups for rule in group["rules"]} == set(alerts.names(watcher.settings))
    assert [rule["name"] for group in groups for rule in group["rules"] if rule["health"] == "err"] == []


def test_a_second_converge_changes_nothing(watcher: Watcher, first: Outcome) -> None:
    """Nothing of it is done again."""
    second = watcher.converge()

    assert (second.error, second.changes) == ("", ())


def test_what_was_changed_by_hand_is_shown_and_put_right(watcher: Watcher, first: Outcome) -> None:
    """An exporter that was stopped, and a rule that was taken out."""
    watcher.machine.run("systemctl", "disable", "--now", "prometheus-node-exporter.service")
    watcher.machine.run("sed", "-i", "s/DiskAlmostFull/Nothing/", "/etc/flotilla/monitoring/rules.yml")
    found = watcher.converge(is_dry=True)

    assert {change.name for change in found.changes} >= {
        "prometheus-node-exporter.service",
        "/etc/flotilla/monitoring/rules.yml",
    }
    assert "+  - alert: DiskAlmostFull" in "\n".join(change.diff for change in found.changes)
    assert watcher.converge().error == ""
    assert watcher.converge().changes == ()
    assert watcher.machine.run("systemctl", "is-active", "prometheus-node-exporter.service") == "active"


def test_an_interrupted_run_is_made_up_for(watcher: Watcher, first: Outcome) -> None:
    """Killed when files were changed and their daemons had not been told: the next run tells them."""
    drop_in = "/etc/systemd/system/prometheus.service.d/flotilla.conf"
    watcher.machine.run("sed", "-i", "s/retention.time=3d/retention.time=9d/", drop_in)
    watcher.machine.run("systemctl", "daemon-reload")
    watcher.machine.run("systemctl", "restart", "prometheus.service")
    request = Request(targets=(watcher.target,)).text()
    running = subprocess.Popen(
        [sys.executable, "-m", "hosts.converge"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert running.stdin
    running.stdin.write(request)
    running.stdin.close()
    eventually(
        lambda: "time=3d" in watcher.machine.run("cat", drop_in) or running.poll() is not None, 60, "the file is put right"
    )
    running.kill()
    running.wait()
    assert watcher.converge().error == ""

    flags = eventually(lambda: watcher.ask("status/flags"), 30, "Prometheus answers")
    assert flags["storage.tsdb.retention.time"] == "3d"
    assert watcher.converge().changes == ()


def test_a_container_that_ends_reaches_the_receiver(watcher: Watcher, first: Outcome) -> None:
    """Killed from outside: Swarm starts another, it is counted, and the webhook is told which service on which server."""
    run = watcher.machine.run
    run("docker", "service", "create", "--detach", "--name", "victim", "--restart-delay", "1s", DEBIAN, "sleep", "9999")

    def measured() -> Any:
        query = "query?query=flotilla_container_restarts_total%7Bservice%3D%22victim%22%7D"
        return (watcher.ask(query) or {"result": []})["result"]

    eventually(measured, 90, "the service is measured")
    started = time.monotonic()
    run("sh", "-c", "docker kill $(docker ps -q --filter label=com.docker.swarm.service.name=victim)")

    def told() -> list[dict[str, Any]]:
        return [found for found in watcher.received() if found["labels"]["alertname"] == "ContainerRestarted"]

    [alert, *_] = eventually(told, ALERT_S, "the alert reaches the receiver")
    assert time.monotonic() - started < ALERT_S
    assert (alert["labels"]["service"], alert["labels"]["server"], alert["labels"]["environment"]) == (
        "victim",
        SERVER,
        "local",
    )
    assert alert["annotations"] == {"summary": f"victim was restarted on {SERVER}", "runbook": "container-restarting"}


def test_the_receivers_address_is_nowhere_in_plain(watcher: Watcher, first: Outcome, tmp_path: Path) -> None:
    """Not in what a look shows, not in any process, not in the journal: in one file that Alertmanager reads."""
    shown = json.dumps([str(change) for change in (*first.changes, *watcher.converge(is_dry=True).changes)])
    processes = watcher.machine.run("sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'")
    journal = watcher.machine.run("journalctl", "--no-pager", "-q")
    holding = watcher.machine.run("grep", "-rl", "a-secret-path", "/etc", "/var/lib/flotilla")

    assert "a-secret-path" not in shown + processes + journal
    assert holding == "/etc/flotilla/monitoring/alertmanager.yml"
    assert watcher.machine.run("stat", "-c", "%U %a", holding) == "prometheus 600"
