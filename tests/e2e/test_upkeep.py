"""
Looking after a fleet in the sandbox: an incident without a secret, cleaning up, the daily check, a restart.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Fleet, run_docker

pytestmark = pytest.mark.usefixtures("up")

OLD = "registry.flotilla.test:5000/left-behind"
IMAGES = "docker image ls -q --no-trunc | sort"
LEAD_ASTRAY = """
from cloudflare import Cloudflare
from os import environ
cloud = Cloudflare(api_token=environ["CLOUDFLARE_API_TOKEN"], base_url=environ["CLOUDFLARE_BASE_URL"])
[zone] = [row.id for row in cloud.zones.list() if row.name == "flotilla.test"]
[record] = [row for row in cloud.dns.records.list(zone_id=zone) if row.name.startswith("guestbook.") and row.type == "A"]
cloud.dns.records.edit(record.id, zone_id=zone, name=record.name, ttl=60, type="A", content="127.0.0.9")
"""
LEAVE_AN_IMAGE = f"""
mkdir -p /root/empty && tar -C /root/empty -c . | docker import - {OLD}:1 >/dev/null && docker push -q {OLD}:1 >/dev/null
name=$(docker image inspect --format '{{{{index .RepoDigests 0}}}}' {OLD}:1)
docker image rm {OLD}:1 >/dev/null && docker pull -q "$name" >/dev/null
id=$(docker image inspect --format '{{{{.Id}}}}' "$name")
root=$(docker info --format '{{{{.DockerRootDir}}}}/image/{{{{.Driver}}}}')
touch -d '3 days ago' "$root/imagedb/content/sha256/${{id#sha256:}}"
head -c 2000000 /dev/urandom >/var/log/left-behind.log.1 && touch -d '90 days ago' /var/log/left-behind.log.1
mkdir -p /mnt/data/guestbook/data_restored_20260101000000
"""


def on(fleet: Fleet, server: str, script: str) -> str:
    instance = json.loads((fleet.checkout / ".flotilla/instance.json").read_text())["id"]
    return "\n".join(run_docker(["exec", f"flotilla-{instance}-srv-{server}", "sh", "-c", script]))


def answered(fleet: Fleet, command: str) -> dict[str, Any]:
    return dict(json.loads(fleet.run(f"{command} --json").stdout))


def secrets_of(fleet: Fleet) -> list[str]:
    config = json.loads(fleet.run("pulumi config -s local --show-secrets --json").stdout)["flotilla:secrets"]
    values = config.get("objectValue") or json.loads(config["value"])
    found: list[str] = []
    rows = [values]
    while rows:
        row = rows.pop()
        rows += list(row.values()) if isinstance(row, dict) else []
        found += [row] if isinstance(row, str) else []
    return found


def test_an_incident_is_kept_without_any_secret(fleet: Fleet) -> None:
    """
    Every secret of the stack is in a server's journal, and another server is silent: the bundle has logs, states and measures,
    none of the secrets, and says who did not answer.
    """
    secrets = secrets_of(fleet)
    assert len(secrets) >= 6
    for secret in secrets:
        on(fleet, "app-1", f"logger -p user.err 'canary {secret} end of it'")
    on(fleet, "data-1", "systemctl stop ssh.socket ssh 2>/dev/null; systemctl stop ssh")
    try:
        document = answered(fleet, "flotilla incident start -s local --project ledger --title 'Ledger is slow'")
    finally:
        on(fleet, "data-1", "systemctl start ssh")

    with tarfile.open(document["bundle"]) as tar:
        members = {member.name.partition("/")[2]: tar.extractfile(member) for member in tar.getmembers() if member.isfile()}
        texts = {name: file.read().decode() for name, file in members.items() if file}
    whole = "\n".join(texts.values())
    assert not [secret for secret in secrets if secret in whole]
    assert whole.count("canary [secret] end of it") >= len(secrets)
    assert any("data-1: it did not answer" in note for note in document["notes"])
    assert "host-unreachable" in {row["name"] for row in document["runbooks"]}
    for part in (
        "/app-1/containers/ledger-web",
        "/app-1/measures/haproxy.prom",
        "/ops-1/state.json",
        "audit.json",
        "post-mortem.md",
    ):
        assert any(part in f"/{name}" for name in texts), part
    assert "pulumi" in texts["timeline.json"] and Path(document["folder"]).stat().st_mode & 0o777 == 0o700

    closed = answered(fleet, "flotilla incident close --resolution 'Started SSH again'")
    assert closed["status"] == "closed" and "Started SSH again" in Path(closed["post_mortem"]).read_text()


def test_what_nobody_needs_goes_and_all_else_stays(fleet: Fleet) -> None:
    """Shown first, removed with --apply, the space won said; what serves and what a restore left is still there."""
    on(fleet, "app-1", LEAVE_AN_IMAGE)
    before = on(fleet, "app-1", IMAGES)
    shown = answered(fleet, "flotilla cleanup -s local")
    (plan,) = [row for row in shown["servers"] if row["server"] == "app-1"]

    assert {(row["kind"], row["name"].partition("@")[0]) for row in plan["items"]} == {
        ("images", OLD),
        ("logs", "/var/log/left-behind.log.1"),
    }
    assert [row["name"] for row in plan["listed"]] == ["/mnt/data/guestbook/data_restored_20260101000000"]
    assert on(fleet, "app-1", IMAGES) == before

    facts = answered(fleet, "flotilla cleanup -s local --apply")["operation"]["facts"]["app-1"]
    assert not facts["failed"] and facts["freed"]["logs"] >= 2_000_000
    left = on(fleet, "app-1", f"{IMAGES}; find /var/log /mnt/data/guestbook -name 'left-behind*' -o -name '*_restored_*'")
    assert "left-behind" not in left and "data_restored_20260101000000" in left
    assert len(left.split()) == len(before.split())  # one image less, the folder more
    assert fleet.curl("-o", "/dev/null", "-w", "%{http_code}", "https://guestbook.flotilla.test/").stdout == "200"


def test_a_daily_check_leaves_its_report(fleet: Fleet) -> None:
    """By what the audit says: an incident with what to do, or a look at monitoring; never both."""
    document = answered(fleet, "flotilla maintenance daily -s local")
    outcomes = {row["name"]: row["status"] for row in document["steps"]}

    assert document["status"] == "done" and outcomes["audit"] == "done"
    assert {outcomes["incident"], outcomes["monitoring"]} == {"done", "skipped"}
    assert document["facts"]["audit"]["status"] in Path(document["facts"]["report_page"]).read_text()
    assert document["context"]["environment"] == "local" and document["context"]["previous_steps"]
    last = answered(fleet, "flotilla history -s local -n 1")["lines"][0]
    assert (last["operation"], last["status"], last["report"]) == ("workflow daily-check", "done", document["report"])


def test_a_server_restarts_and_everything_is_back(fleet: Fleet) -> None:
    """Downtime is said before, since nobody else can take its containers; afterwards sites answer."""
    refused = fleet.run("flotilla host reboot app-1 -s local", check=False)
    assert refused.returncode == 3 and "downtime: " in refused.stderr

    report = answered(fleet, "flotilla host reboot app-1 -s local --approve important --reason test")
    assert report["status"] == "done" and report["facts"]["back_after_s"] > 1
    assert fleet.curl("-o", "/dev/null", "-w", "%{http_code}", "https://ledger.test/").stdout in ("200", "302", "303")


def test_what_was_changed_by_hand_is_told_and_changed_back(fleet: Fleet) -> None:
    """A record of another address: `--refresh` finds it, the update puts it right, and then clouds and state agree."""
    assert answered(fleet, "flotilla plan -s local --refresh")["drift"] == []
    fleet.run(f"python -c '{LEAD_ASTRAY}'")

    found = answered(fleet, "flotilla plan -s local --refresh")
    assert found["level"] == "important"
    assert found["drift"] == ["guestbook-guestbook.flotilla.test-A (cloudflare:index/dnsRecord:DnsRecord): content"]
    report = answered(fleet, "flotilla apply -s local --refresh --approve important --reason test")
    assert report["facts"]["changes"] == {"update": 1}
    assert answered(fleet, "flotilla plan -s local --refresh")["drift"] == []
    assert fleet.curl("-o", "/dev/null", "-w", "%{http_code}", "https://guestbook.flotilla.test/up").stdout == "200"


def test_everything_goes_with_the_stack(fleet: Fleet) -> None:
    """Critical: refused without a reason; then no server, volume, network or record is left, and it can be brought up again."""
    assert fleet.run("flotilla apply -s local --destroy --yes", check=False).returncode == 3
    assert answered(fleet, "flotilla plan -s local --destroy")["level"] == "critical"

    assert answered(fleet, "flotilla apply -s local --destroy --approve critical --reason test")["status"] == "done"
    instance = json.loads((fleet.checkout / ".flotilla/instance.json").read_text())["id"]
    assert not [name for name in fleet.docker_objects() if name.startswith(f"flotilla-{instance}-srv-")]
    assert not json.loads(fleet.run("pulumi stack export -s local").stdout)["deployment"].get("resources")
