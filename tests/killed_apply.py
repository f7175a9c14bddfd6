"""
`flotilla apply`, killed at a moment and run again: what the test of it does and looks at, and how a deployment is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Fleet, clean_environment

COMMAND = ". ./env.sh && exec flotilla apply -s local --approve critical --reason 'a test'"
LIMIT_S = 1200
SSH = "ssh -i .flotilla/ssh/id_ed25519 -o BatchMode=yes -o UserKnownHostsFile=.flotilla/ssh/known_hosts"
# (file, without, with): a container's setting, a name with its record, site and certificate, and a record of its own.
EDITS = (
    ("projects/guestbook.yaml", "GUESTBOOK_TITLE: Guestbook", "GUESTBOOK_TITLE: Visitors"),
    ("projects/guestbook.yaml", "  - subdomain: guestbook\n", "  - subdomain: guestbook\n  - subdomain: visitors\n"),
    (
        "Pulumi.local.yaml",
        "      ttl_s: 60\n",
        "      ttl_s: 60\n      records:\n        - {name: a.flotilla.test, type: TXT, content: a}\n",
    ),
)
# Something at Hetzner, and a change on every server.
KEY = (
    "Pulumi.local.yaml",
    "    access:\n",
    "    access:\n      public_keys:\n        carol: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP8VeUVk5ySYENETsovzcgXUT5yEiYTp+kt79g90Yf+R carol\n",  # noqa: E501
)
Edits = tuple[tuple[str, str, str], ...]


def turn(fleet: Fleet, edits: Edits, *, is_on: bool) -> None:
    """
    Put the change into the settings, or take it out.
    """
    for file, without, having in edits:
        path = fleet.checkout / file
        old, new = (without, having) if is_on else (having, without)
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))


def start(fleet: Fleet, command: str = COMMAND) -> subprocess.Popen[str]:
    """
    The command, in a session of its own.
    """
    return subprocess.Popen(
        ["/bin/bash", "-c", command],
        cwd=fleet.checkout,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(fleet: Fleet) -> tuple[float, str]:
    """
    The command to its end, which has to be a good one; the seconds that it took, and what it said.
    """
    started = time.monotonic()
    process = start(fleet)
    said, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, said
    return time.monotonic() - started, said


def kill(process: subprocess.Popen[str], *, with_engine: bool) -> bool:
    """
    `kill -9`: of `flotilla` alone, or of everything that it has started, at one moment. Whether it still ran.
    """
    is_running = process.poll() is None
    for pid in [process.pid, *(descendants(process.pid) if with_engine else [])]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()
    return is_running


def descendants(pid: int) -> list[int]:
    """
    The processes below one, the engine and its plugins among them.
    """
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, rest = [], [pid]
    while rest:
        below = parents.get(rest.pop(), [])
        found += below
        rest += below
    return found


@dataclass(frozen=True, kw_only=True)
class Things:
    """
    What there is, by name, and with its number of occurrences: what the state says, and what the clouds and the swarm say.
    """

    state: dict[str, list[str]]
    world: dict[str, list[str]]


KINDS = {
    "servers": "hcloud:index/server:Server",
    "volumes": "hcloud:index/volume:Volume",
    "networks": "hcloud:index/network:Network",
    "firewalls": "hcloud:index/firewall:Firewall",
    "ssh_keys": "hcloud:index/sshKey:SshKey",
    "placement_groups": "hcloud:index/placementGroup:PlacementGroup",
    "records": "cloudflare:index/dnsRecord:DnsRecord",
    "services": "docker:index/service:Service",
    "secrets": "docker:index/secret:Secret",
}
RECORDS = """
import json, os, cloudflare
client = cloudflare.Cloudflare(base_url=os.environ["CLOUDFLARE_BASE_URL"])
print(json.dumps([row.id for zone in client.zones.list() for row in client.dns.records.list(zone_id=zone.id)]))
"""
CLOUD = """
import json, os, hcloud
client = hcloud.Client(token=os.environ["HCLOUD_TOKEN"], api_endpoint=os.environ["HCLOUD_ENDPOINT"])
kinds = ("servers", "volumes", "networks", "firewalls", "ssh_keys", "placement_groups")
print(json.dumps({kind: [str(row.id) for row in getattr(client, kind).get_all()] for kind in kinds}))
"""


def things(fleet: Fleet) -> Things:
    """
    Ask the state, both clouds and the swarm.
    """
    deployment = deployment_of(fleet)
    state = {
        kind: sorted(row["id"] for row in deployment["resources"] if row["type"] == token) for kind, token in KINDS.items()
    }
    world: dict[str, Any] = json.loads(fleet.run(f"python -c '{CLOUD}'").stdout)
    world["records"] = json.loads(fleet.run(f"python -c '{RECORDS}'").stdout)
    address = fleet.outputs()["servers"]["app-1"]["ipv4"]
    for kind in ("service", "secret"):
        listed = f"docker {kind} inspect --format {{{{.ID}}}} $(docker {kind} ls --quiet)"
        world[f"{kind}s"] = fleet.run(f"{SSH} root@{address} '{listed}'").stdout.split()
    return Things(state=state, world={kind: sorted(found) for kind, found in world.items()})


def deployment_of(fleet: Fleet) -> dict[str, Any]:
    """
    The stack's state.
    """
    return dict(json.loads(fleet.run("pulumi stack export -s local").stdout)["deployment"])


def killed_and_repeated(fleet: Fleet, after_s: float, *, with_engine: bool) -> bool:
    """
    Kill the command then, run it again, and look whether all is as if nothing had happened. Whether it still ran when it was
    killed.
    """
    process = start(fleet)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after_s)
    was_running = kill(process, with_engine=with_engine)
    _, said = run(fleet)
    deployment = deployment_of(fleet)
    assert not deployment.get("pending_operations"), said
    assert fleet.preview() == [], said
    found = things(fleet)
    assert found.world == found.state, said
    assert not list((fleet.checkout / ".flotilla/pulumi/.pulumi/locks").rglob("*.json"))
    return was_running
