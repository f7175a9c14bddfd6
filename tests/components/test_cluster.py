"""
The swarm: who is in it, how containers are placed, and how a server leaves.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.remote import script
from tests.conftest import Checkout, Recording

COMMAND = "command:remote:Command"


def grow(checkout: Checkout, count: int, **others: dict[str, Any]) -> Recording:
    checkout.change_environment("local", lambda found: found["servers"]["app"].update(count=count, roles=["app", "ingress"]))
    checkout.change_environment("local", lambda found: found["servers"].update(others))
    return checkout.foundation()


def swarm_steps(recording: Recording) -> set[str]:
    return {found.name for found in recording.of(COMMAND) if found.name.endswith(("-swarm", "-join", "-node"))}


def test_only_servers_that_run_containers_are_in_the_swarm(checkout: Checkout) -> None:
    """A database server is not: nothing is ever placed there by accident."""
    recording = grow(checkout, 2, db={"type": "cx23", "roles": ["db"], "volume_gb": 10})

    assert swarm_steps(recording) == {"local-swarm", "local-app-1-node", "local-app-2-join", "local-app-2-node"}


def test_nodes_are_labelled_with_their_roles_and_pool(checkout: Checkout) -> None:
    """Containers are placed by these."""
    recording = grow(checkout, 1, edge={"type": "cx23", "roles": ["ingress"]}, work={"type": "cx23", "roles": ["app"]})
    labels = {
        found.name: line
        for found in recording.of(COMMAND)
        for line in found.inputs["stdin"].splitlines()
        if line.startswith("LABELS=")
    }

    assert labels == {
        "local-app-1-node": "LABELS='flotilla.app=true flotilla.ingress=true flotilla.pool=app'",
        "local-edge-1-node": "LABELS='flotilla.ingress=true flotilla.pool=edge'",
        "local-work-1-node": "LABELS='flotilla.app=true flotilla.pool=work'",
    }


def test_a_server_that_leaves_is_drained_by_the_manager_before_it_goes(checkout: Checkout) -> None:
    """The manager undoes its step although the server is deleted, and before it goes: it was made after the server joined."""
    recording = grow(checkout, 2)
    node, join = recording.named("local-app-2-node"), recording.named("local-app-2-join")

    assert node.inputs["delete"] == script("node-remove.sh")
    assert node.request.deletedWith == recording.named("app-1-server").urn
    assert join.request.deletedWith == recording.named("app-2-server").urn
    assert "local-app-2-join" in node.depends_on
    assert "delete" not in recording.named("local-app-1-node").inputs


def test_containers_come_after_all_servers_are_in_the_swarm(checkout: Checkout) -> None:
    """Otherwise those that are added with a server would all be put on the first one: a swarm moves nothing by itself."""
    checkout.change_environment("local", lambda found: found["servers"]["app"].update(count=3))
    service = checkout.program().named("guestbook-web-11111111", "docker:index/service:Service")

    assert service.depends_on >= {"local-app-1-node", "local-app-2-node", "local-app-3-node"}


def test_joining_again_follows_another_server_or_another_swarm(checkout: Checkout) -> None:
    """Both the worker's and the manager's step have the worker's id in their data; the token is secret."""
    recording = grow(checkout, 2)
    server_id = recording.outputs[recording.named("app-2-server").parent]["server_id"]

    assert f"node_server_id={server_id}\n" in recording.named("local-app-2-node").inputs["stdin"]
    assert f"server_id={server_id}\n" in recording.named("local-app-2-join").inputs["stdin"]
    assert "stdin" in recording.named("local-app-2-join").secrets


# What `docker` says to the scripts; each call is written down.
DOCKER = """\
#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
"node ls"*) cat "$NODES" ;;
"node inspect"*) echo "flotilla.app flotilla.old other" ;;
"info"*) cat "$STATE" ;;
"swarm leave"*) echo inactive >"$STATE" ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A folder with a `docker` that only answers: which commands a script chooses is what these tests are about."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    return tmp_path


def run(folder: Path, name: str, data: str, nodes: str = "", state: str = "") -> list[str]:
    (folder / "nodes").write_text(nodes)
    (folder / "state").write_text(state)
    environment = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "CALLS": str(folder / "calls"),
        "NODES": str(folder / "nodes"),
        "STATE": str(folder / "state"),
    }
    subprocess.run(["sh", "-c", script(name)], input=data, text=True, env=environment, check=True, timeout=30)
    return (folder / "calls").read_text().splitlines()


def test_labels_that_are_not_wanted_any_more_are_taken_away(docker: Path) -> None:
    """Only Flotilla's own; others' labels stay. A node that was drained takes containers again."""
    calls = run(docker, "node.sh", "NODE=app-1\nLABELS='flotilla.app=true flotilla.pool=app'\n", "abc app-1 Ready\n")

    assert calls[-1] == (
        "node update --availability active --label-rm flotilla.old"
        " --label-add flotilla.app=true --label-add flotilla.pool=app abc"
    )


def test_what_an_earlier_server_left_under_the_name_is_forgotten(docker: Path) -> None:
    """Its node is down for ever; that of another server with a similar name is not touched."""
    nodes = "old app-1 Down\nabc app-1 Ready\nelse app-11 Down\n"
    calls = run(docker, "node.sh", "NODE=app-1\nLABELS='flotilla.app=true'\n", nodes)

    assert [call for call in calls if call.startswith("node rm")] == ["node rm --force old"]
    assert calls[-1].endswith(" abc")


def test_a_node_that_is_down_is_forgotten_without_waiting(docker: Path) -> None:
    """Its server is gone: nobody will ever hand anything over."""
    calls = run(docker, "node-remove.sh", "NODE=app-2\nDRAIN_TIMEOUT_S=60\n", "abc app-2 Down\nxyz app-1 Ready\n")

    assert [call for call in calls if not call.startswith("node ls")] == [
        "node update --availability pause abc",
        "node rm --force abc",
    ]


def test_a_node_that_was_removed_already_is_no_mistake(docker: Path) -> None:
    """Undoing twice is as good as once."""
    calls = run(docker, "node-remove.sh", "NODE=app-2\nDRAIN_TIMEOUT_S=60\n", "xyz app-1 Ready\n")

    assert all(call.startswith("node ls") for call in calls)
