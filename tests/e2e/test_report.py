"""
The report of a whole fleet with six things wrong at once: each is found where it is, as bad as it is, with the command for it.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.e2e.conftest import Fleet
from tests.e2e.test_audit import container_of, in_cloud

pytestmark = pytest.mark.usefixtures("up")

SITE = "guestbook.flotilla.test"
CADDY = "$(docker ps -q --filter label=com.docker.swarm.service.name=caddy)"
LOAD = f"docker exec {CADDY} caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile"
MEASURES = "/var/lib/prometheus/node-exporter"
OURS = "docker ps -aq --filter label=flotilla.process=web --filter label=flotilla.project=guestbook"
IMAGE = f"$(docker inspect -f '{{{{.Image}}}}' $({OURS} | head -1))"
# No rule less: it may be the one that SSH and the site come in by.
OPEN = """from hcloud.firewalls import FirewallRule
found = client.firewalls.get_all()[0]
more = FirewallRule(direction='in', protocol='tcp', port='9999', source_ips=['192.0.2.0/24'])
found.set_rules([*found.rules, more])"""


def on(fleet: Fleet, server: str, script: str) -> str:
    """
    What a script prints on a server.
    """
    command = ["docker", "exec", "-i", container_of(fleet, server), "bash", "-eu"]
    ended = subprocess.run(command, input=script, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, f"{script}: {ended.stdout} {ended.stderr}"
    return ended.stdout


@contextmanager
def seeded(fleet: Fleet, server: str, do: str, undo: str) -> Iterator[None]:
    """
    Something is wrong on a server, and mended.
    """
    on(fleet, server, do)
    try:
        yield
    finally:
        on(fleet, server, undo)


@contextmanager
def unreachable(fleet: Fleet, server: str) -> Iterator[None]:
    """
    A server hangs.
    """
    subprocess.run(["docker", "pause", container_of(fleet, server)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["docker", "unpause", container_of(fleet, server)], check=True, capture_output=True)


def expired(fleet: Fleet) -> tuple[str, str]:
    """
    A certificate of the site, by the sandbox's authority, that ended yesterday: certificate and key, as PEM.
    """
    folder = fleet.checkout / ".flotilla" / "ca"
    root = x509.load_pem_x509_certificate((folder / "root.crt").read_bytes())
    root_key = serialization.load_pem_private_key((folder / "root.key").read_bytes(), None)
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SITE)]))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=31))
        .not_valid_after(now - dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SITE)]), critical=False)
        .sign(root_key, hashes.SHA256())  # type: ignore[arg-type]  # the sandbox's keys are of a kind that signs
    )
    pem = serialization.Encoding.PEM
    form = (pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(pem).decode(), key.private_bytes(*form).decode()


def ends(fleet: Fleet) -> tuple[str, str]:
    """
    Scripts that have the site show a certificate that has ended, and its own again.
    """
    certificate, key = expired(fleet)
    place = "/etc/flotilla/caddy"
    do = f"""cp {place}/sites/guestbook.caddy /root/kept.caddy
cat >{place}/seeded.crt <<'E'
{certificate}E
cat >{place}/seeded.key <<'E'
{key}E
chmod 644 {place}/seeded.*
sed -i '0,/^{SITE}.*{{$/s//&\\n\\ttls \\/etc\\/caddy\\/seeded.crt \\/etc\\/caddy\\/seeded.key/' {place}/sites/guestbook.caddy
{LOAD}"""
    undo = f"cat /root/kept.caddy >{place}/sites/guestbook.caddy; rm -f {place}/seeded.* /root/kept.caddy; {LOAD}"
    return do, undo


STALE = 'flotilla_backup_success_timestamp_seconds{project="ledger",source="database:ledger"}'
# In the place of what is measured of backups, which is not measured meanwhile.
OLD = f"""systemctl stop flotilla-backup-metrics.timer
cd {MEASURES}
if [ -e flotilla_backup.prom ]; then mv flotilla_backup.prom /root/kept.prom; fi
echo '{STALE}' $(($(date +%s) - 300000)) >seeded.prom"""
NOT_OLD = f"""cd {MEASURES}
rm -f seeded.prom
if [ -e /root/kept.prom ]; then mv /root/kept.prom flotilla_backup.prom; fi
systemctl start flotilla-backup-metrics.timer"""
FULL = "mkdir -p /srv/small; mount -t tmpfs -o size=20m tmpfs /srv/small; head -c 19500k /dev/zero >/srv/small/file"
STOPPED = (
    f"docker run -d --name seeded --label flotilla.project=guestbook --entrypoint sleep {IMAGE} 600 && docker stop -t 0 seeded"
)
HOST = "flotilla host ssh -s local"
# What each fault is, {(id, resource): (severity, the command that goes with it)}.
FOUND = {
    ("hosts.disk-full", "app-1:/srv/small"): (
        "CRITICAL",
        f"{HOST} app-1 -- du -xhd 2 --threshold=100M /srv/small",
    ),
    ("containers.stopped", "app-1:seeded"): ("DEGRADED", f"{HOST} app-1 -- docker start seeded"),
    ("data.backup-old", "ledger/database:ledger"): (
        "CRITICAL",
        f"{HOST} ops-1 -- systemctl list-units --all --no-pager '*backup*ledger*'",
    ),
    ("hosts.unreachable", "data-1"): ("UNKNOWN", f"{HOST} data-1 -- true"),
    ("prod.unreachable", "data-1"): ("UNKNOWN", f"{HOST} data-1 -- true"),
}


def findings(report: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """
    What is found: {(id, resource): finding}.
    """
    return {(row["id"], row["resource"]): row for check in report["checks"].values() for row in check["findings"]}


def test_six_faults_at_once_are_found_each_with_its_command(fleet: Fleet) -> None:
    """A full disk, a stopped container, an ended certificate, a stale backup, another firewall, a server that hangs."""
    address = json.loads(fleet.run("pulumi stack output -s local --json entry").stdout)["ipv4"]
    rules = fleet.run(_CLOUD_RULES).stdout.strip()
    with ExitStack() as stack:
        stack.enter_context(seeded(fleet, "app-1", FULL, "umount /srv/small"))
        stack.enter_context(seeded(fleet, "app-1", STOPPED, "docker rm -f seeded"))
        stack.enter_context(seeded(fleet, "app-1", *ends(fleet)))
        stack.enter_context(seeded(fleet, "ops-1", OLD, NOT_OLD))
        stack.enter_context(in_cloud(fleet, OPEN, f"fleet_rules = {rules}\n{_PUT_BACK}"))
        stack.enter_context(unreachable(fleet, "data-1"))
        ended = fleet.run("flotilla report -s local --json --fail-on critical --timeout 120", check=False)
    report = json.loads(ended.stdout)
    found = findings(report)

    assert (ended.returncode, report["status"]) == (6, "CRITICAL"), ended.stderr
    assert {key: (found[key]["severity"], found[key]["fix"]) for key in FOUND if key in found} == FOUND
    certificate = found["tls.expired", SITE]
    assert certificate["severity"] == "CRITICAL" and "ended 1.0 days ago" in certificate["message"]
    assert certificate["fix"] == f"openssl s_client -connect {address}:443 -servername {SITE} -showcerts"
    (firewall,) = (row for key, row in found.items() if key[0] == "drift.changed" and key[1].endswith("firewall"))
    assert (firewall["severity"], firewall["fix"]) == ("DEGRADED", "pulumi refresh -s local --preview-only --diff")
    assert "rules" in firewall["message"]
    assert report["checks"]["dns"]["status"] == "OK"
    assert [row["priority"] for row in report["actions"]] == sorted(
        (row["priority"] for row in report["actions"]), key=["HIGH", "MEDIUM", "LOW"].index
    )
    _require_kept(fleet.checkout, report)
    _require_figures(fleet)


_CLOUD_RULES = """python - <<'E'
import os
from hcloud import Client
client = Client(token=os.environ['HCLOUD_TOKEN'], api_endpoint=os.environ['HCLOUD_ENDPOINT'])
print([rule.to_payload() for rule in client.firewalls.get_all()[0].rules])
E"""
_PUT_BACK = """from hcloud.firewalls import FirewallRule
client.firewalls.get_all()[0].set_rules([FirewallRule(**rule) for rule in fleet_rules])"""


def _require_kept(checkout: Path, report: dict[str, Any]) -> None:
    """
    Everything that a report leaves behind says the same.
    """
    place = checkout / "reports"
    assert json.loads((place / "global_report.json").read_text())["summary"] == report["summary"]
    newest = max((place / "history").iterdir())
    assert json.loads(newest.read_text())["timestamp"] == report["timestamp"]
    for name, check in report["checks"].items():
        assert json.loads((place / f"{name}_report.json").read_text())["checks"][name]["status"] == check["status"]
    assert 'flotilla_report_status{environment="local",status="CRITICAL"} 1' in (place / "metrics.prom").read_text()
    assert "local is CRITICAL" in (place / "orchestrator.log").read_text().splitlines()[-1]


def _require_figures(fleet: Fleet) -> None:
    """
    Prometheus' own tool takes the figures, and refuses them with one line broken.
    """
    text = (fleet.checkout / "reports/metrics.prom").read_text()
    check = "promtool check metrics <<'E'\n{}E\n"
    on(fleet, "ops-1", check.format(text))
    with pytest.raises(AssertionError):
        on(fleet, "ops-1", check.format(text.replace("# TYPE", "# TIPE", 1).replace('"} ', "} ")))


HUNGRY = (
    "docker run --name hungry-NUMBER --memory 128m --memory-swap 128m --label flotilla.project=guestbook "
    f"--label flotilla.process=web --entrypoint python3 {IMAGE} -c 'x = bytearray(512 * 1024**2)' || test $? = 137"
)


def test_a_container_that_was_killed_at_its_limit_gets_more_on_a_branch_for_review(fleet: Fleet) -> None:
    """Of a CRITICAL report, the fix that edits the project's file is a commit; the tree that is open stays as it is."""
    checkout = fleet.checkout
    git = "git -c user.name=Test -c user.email=test@example.com"
    if not (checkout / ".git").exists():
        fleet.run(f"git init -q -b main && {git} add -A && {git} commit -qm start")
    before = (checkout / "projects/guestbook.yaml").read_text()
    twice = "\n".join(HUNGRY.replace("NUMBER", str(number)) for number in (1, 2))
    with seeded(fleet, "app-1", twice, "docker rm -f hungry-1 hungry-2"):
        ended = fleet.run("SKIP_PUSH=1 flotilla report -s local --only prod --fix --fix-check 'flotilla settings check' --json")
    report = json.loads(ended.stdout)
    (row,) = (row for row in report["fix"]["fixes"] if row["command"].startswith("flotilla project set guestbook"))

    assert findings(report)["prod.out-of-memory", "guestbook:web"]["severity"] == "CRITICAL"
    assert (row["status"], row["priority"]) == ("done", "HIGH"), row
    assert row["command"] == "flotilla project set guestbook limits.memory_mb 192"
    assert (checkout / "projects/guestbook.yaml").read_text() == before
    changed = fleet.run(f"git show --format=%B {report['fix']['branch']}").stdout
    assert "-  memory_mb: 128" in changed and "+  memory_mb: 192" in changed and "Checked by:" in changed
    assert "fix/auto" not in fleet.run("git worktree list").stdout
