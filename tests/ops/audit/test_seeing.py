"""
What is looked at, and what becomes of answers that are none.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time

import pytest

from hosts.probe import updates
from hosts.probe.program import SECTIONS, document
from hosts.probe.reading import UnreadableError
from hosts.probe.script import MODULES, script
from ops import ssh
from ops.audit import cloud, collect, resolving
from ops.audit.resolving import NameServer, answer
from ops.audit.scene import Host
from tests.audit_scenes import recorded

HOST = Host(name="app-1", stack="local", address="127.0.0.1", host_key="ssh-ed25519 AAAA")


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "bash: python3: command not found",
        "[]",
        "{}",
        '{"version": 1}',
        '{"version": 2, "sections": {}}',
        '{"version": 1, "sections": 5}',
    ],
)
def test_what_is_no_document_is_a_problem(printed: str) -> None:
    """Of the host, not of the audit."""
    assert collect.answered(HOST, ssh.Answer(stdout=printed), 0.0).problem


def test_a_document_becomes_sections() -> None:
    """With the time between which it was read."""
    printed = json.dumps({"version": 1, "sections": {"units": {"data": []}}})
    host = collect.answered(HOST, ssh.Answer(stdout=printed, seconds=2.0), 100.0)

    assert (host.problem, host.see("units"), host.see("asked")) == ("", [], {"from_s": 100.0, "until_s": 102.0})


def test_a_host_without_a_known_key_is_not_contacted() -> None:
    """Nobody could tell whether it is the right one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        target = ssh.Target(name="app-1", address="127.0.0.1", port=server.getsockname()[1], host_key="")
        answers = asyncio.run(ssh.run_everywhere([target], "true", stdin="", private_key=None, timeout_s=5))
        with pytest.raises(TimeoutError):
            server.accept()

    assert "never taken down" in answers["app-1"].problem


def test_a_host_that_is_not_there_does_not_wait() -> None:
    """A refused connection is told at once, with its reason."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyvQvz8vMT7p2cHbHnNQqZGPZzJkC1xCC7Hc0kYv3Tz"
    target = ssh.Target(name="app-1", address="127.0.0.1", port=port, host_key=key)
    started = time.monotonic()
    answers = asyncio.run(ssh.run_everywhere([target], "true", stdin="", private_key=None, timeout_s=20))

    assert "refused" in answers["app-1"].problem.lower()
    assert time.monotonic() - started < 10


def test_sites_and_records_are_those_of_the_outputs() -> None:
    """Each name once with each kind of address, and none without a way in."""
    found = recorded()
    sites, records = collect.sites(found["outputs"]), collect.records(found["outputs"], found["wanted"])

    assert {site.name for site in sites} >= {"guestbook.flotilla.test", "ledger.test", "www.ledger.test"}
    assert {site.target for site in sites if site.name == "www.ledger.test"} == {"https://ledger.test"}
    assert {(record.name, record.kind) for record in records} == {(site.name, kind) for site in sites for kind in ("A", "AAAA")}
    assert collect.sites({**found["outputs"], "entry": None}) == []


def test_a_name_server_that_does_not_answer_is_an_error_of_the_section(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never an empty answer: that would be a missing record."""
    monkeypatch.setattr(resolving, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    seen = asyncio.run(answer("shop.example.com", "A", NameServer(address="127.0.0.1", port=port)))

    assert "does not answer" in seen["error"]
    assert asyncio.run(answer("shop.example.com", "A", "no name server"))["error"] == "no name server"


def test_differences_are_read_from_the_engines_events() -> None:
    """What is the same is left out; a change names its properties, a deletion is one."""
    urn = "urn:pulumi:local::flotilla::flotilla:compute:Server$hcloud:index/server:Server::app-1-server"
    kind = "hcloud:index/server:Server"
    rows = [
        {"op": "same", "urn": urn, "type": kind},
        {
            "op": "update",
            "urn": urn,
            "type": kind,
            "old": {"id": "7"},
            "detailedDiff": {"labels.pool": {}},
            "diffs": ["labels"],
        },
        {"op": "delete", "urn": urn, "type": kind, "old": {"id": "7"}, "detailedDiff": None},
    ]
    lines = [json.dumps({"resOutputsEvent": {"metadata": row}}) for row in rows] + [json.dumps({"summaryEvent": {}})]
    row = {"type": kind, "name": "app-1-server", "id": "7"}

    assert cloud.differences(lines) == [
        {"operation": "update", "properties": ["labels.pool"], **row},
        {"operation": "delete", "properties": [], **row},
    ]


def test_without_a_token_nothing_is_known_of_the_cloud() -> None:
    """And nobody is asked."""
    assert {row["error"] for row in cloud.lists({}).values()} == {"HCLOUD_TOKEN is not set"}


def test_the_script_is_one_program_with_every_module() -> None:
    """It compiles, needs nothing but the standard library, and holds each module of the package that does work."""
    import ast
    from pathlib import Path

    import hosts.probe

    there = {path.stem for path in Path(hosts.probe.__path__[0]).glob("*.py")} - {"__init__", "script"}
    assert set(MODULES) == there
    ast.parse(script())
    for name in MODULES:
        tree = ast.parse((Path(hosts.probe.__path__[0]) / f"{name}.py").read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        import sys

        assert {module.partition(".")[0] for module in imported if module} <= set(sys.stdlib_module_names) | {"hosts"}


def test_a_section_that_fails_does_not_take_the_others_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in it."""

    def fail() -> None:
        raise RuntimeError("odd\nthing")

    def refuse() -> None:
        raise UnreadableError("it is not installed")

    monkeypatch.setitem(SECTIONS, "units", fail)
    monkeypatch.setitem(SECTIONS, "sshd", refuse)
    monkeypatch.setitem(SECTIONS, "reboot", lambda: {"is_required": False})
    sections = document(["units", "sshd", "reboot"])["sections"]

    assert sections == {
        "sshd": {"error": "it is not installed"},
        "units": {"error": "RuntimeError: odd thing"},
        "reboot": {"data": {"is_required": False}},
    }


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0", "1.0.1"),
        ("1.9", "1.10"),
        ("1.0~rc1", "1.0"),
        ("1.0-1", "1.0-1+deb12u1"),
        ("2.36-9+deb12u4", "2.36-9+deb12u13"),
        ("9.9", "1:0.1"),
        ("1.0a", "1.0+b"),
        ("1.0~~", "1.0~"),
        ("", "0.1"),
    ],
)
def test_versions_are_compared_as_debian_does(older: str, newer: str) -> None:
    """And none is older than itself."""
    assert updates.is_older(older, newer)
    assert not updates.is_older(newer, older)
    assert not updates.is_older(newer, newer)


def test_leading_zeros_are_no_difference() -> None:
    """1.00 is 1.0."""
    assert not updates.is_older("1.0", "1.00") and not updates.is_older("1.00", "1.0")
