"""
A count is raised and lowered again while people use the sites: nothing is replaced, nobody notices, nothing is left behind.
"""

from __future__ import annotations

import json

from tests.e2e.conftest import Fleet, visitors

GUESTBOOK = "https://guestbook.flotilla.test/"
JOURNAL = "https://journal.flotilla.test/"


def set_count(fleet: Fleet, old: int, new: int) -> None:
    """
    Change how many servers run containers, and on how many places the journal runs.
    """
    for name, key in (("Pulumi.local.yaml", "count"), ("projects/journal.yaml", "replicas")):
        path = fleet.checkout / name
        text = path.read_text()
        assert f"{key}: {old}" in text
        path.write_text(text.replace(f"{key}: {old}", f"{key}: {new}", 1))


def on_manager(fleet: Fleet, command: str) -> list[str]:
    """
    The lines that a command prints on the swarm's manager.
    """
    address = fleet.outputs()["servers"]["app-1"]["ipv4"]
    ssh = "ssh -i .flotilla/ssh/id_ed25519 -o BatchMode=yes -o UserKnownHostsFile=.flotilla/ssh/known_hosts"
    return fleet.run(f"{ssh} root@{address} {command!r}").stdout.splitlines()


def nodes(fleet: Fleet) -> dict[str, str]:
    """
    Every node of the swarm with what it is: {name: "Ready Active"}.
    """
    lines = on_manager(fleet, 'docker node ls --format "{{.Hostname}} {{.Status}} {{.Availability}}"')
    return dict(line.split(" ", 1) for line in lines)


def places(fleet: Fleet, service: str) -> set[str]:
    """
    The servers on which a service has a running container.
    """
    found = on_manager(fleet, f"docker service ls --quiet --filter name={service}")
    form = '"{{.Node}}"'
    return set(on_manager(fleet, f"docker service ps --filter desired-state=running --format {form} {' '.join(found)}"))


def visited_address(fleet: Fleet) -> str:
    """
    Where the guestbook's name leads to.
    """
    return fleet.curl("-o", "/dev/null", "-w", "%{remote_ip}", GUESTBOOK).stdout


def operations(fleet: Fleet) -> set[str]:
    """
    What the engine would do.
    """
    return {step["op"] for step in fleet.preview()}


def test_one_server_becomes_three_and_nobody_notices(fleet: Fleet) -> None:
    """Only creates and updates in place; names move to a load balancer once it answers; every request is answered."""
    before = visited_address(fleet)
    set_count(fleet, 1, 3)
    planned = operations(fleet)
    with visitors(fleet, GUESTBOOK, JOURNAL) as seen:
        fleet.up()

    entry = fleet.outputs()["entry"]
    assert planned == {"create", "update"}
    assert set(seen) == {"200"}, seen
    assert entry["kind"] == "load-balancer"
    assert visited_address(fleet) == entry["ipv4"] != before
    assert nodes(fleet) == dict.fromkeys(("app-1", "app-2", "app-3"), "Ready Active")
    assert places(fleet, "caddy") == places(fleet, "haproxy") == {"app-1", "app-2", "app-3"}
    assert fleet.preview() == []


def test_containers_run_on_the_new_servers_too(fleet: Fleet) -> None:
    """Those that keep nothing spread; those with a volume stay where it is."""
    assert places(fleet, "journal-static") >= {"app-2", "app-3"}
    assert places(fleet, "guestbook-web") == {"app-1"}


def test_three_servers_become_one_again_and_nobody_notices(fleet: Fleet) -> None:
    """Containers move before their servers go, names before the load balancer does; no node stays behind that is down."""
    set_count(fleet, 3, 1)
    planned = operations(fleet)
    with visitors(fleet, GUESTBOOK, JOURNAL) as seen:
        fleet.up()

    outputs = fleet.outputs()
    assert planned == {"delete", "update"}
    assert set(seen) == {"200"}, seen
    assert outputs["entry"]["kind"] == "server"
    assert visited_address(fleet) == outputs["servers"]["app-1"]["ipv4"]
    assert nodes(fleet) == {"app-1": "Ready Active"}
    assert places(fleet, "journal-static") == {"app-1"}


def test_afterwards_state_and_world_agree(fleet: Fleet) -> None:
    """What was moved and drained on the way has left no difference."""
    refreshed = fleet.run("pulumi preview -s local --refresh --json --non-interactive")

    assert [step for step in json.loads(refreshed.stdout).get("steps", []) if step["op"] not in ("same", "refresh")] == []
