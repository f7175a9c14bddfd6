"""
The audit on a real machine: each fault that is put into it is found, with its severity and what mends it, and nothing else is.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hosts.probe.program import SECTIONS
from hosts.probe.script import script
from ops import ssh
from ops.audit import collect
from ops.audit.scene import Host
from ops.report import Finding, Status
from tests.integration import audit_machine
from tests.integration.audit_machine import NAME, Watched, carry_out, judged

if TYPE_CHECKING:
    from tests.integration.plugin_machine import Machine

pytest_plugins = ["tests.integration.plugin_machine"]

SWARM_PORTS = (2377, 7946)
IMAGE = "debian:bookworm"
STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyvQvz8vMT7p2cHbHnNQqZGPZzJkC1xCC7Hc0kYv3Tz"
SSHD = "/etc/ssh/sshd_config.d/05-seeded.conf"
PROM = "/var/lib/prometheus/node-exporter/backup.prom"
POLICY = {"schedule": "30 1 * * *", "drill_interval_days": 7, "covers": ["database:ledger"], "offsite": None}


FOLDERS = "/etc /root /home /usr/local /var/cache /var/lib"
NEW_KEY = """
mkdir /root/kept
mv /etc/ssh/ssh_host_ed25519_key* /root/kept/
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
systemctl restart ssh
"""


@dataclass(frozen=True, kw_only=True)
class Seed:
    """
    A fault: how it is made and unmade, and what is to be found of it: {(id, resource): severity}. `is_mended`: the finding's
    own command ends it.
    """

    name: str
    do: str
    undo: str
    found: dict[tuple[str, str], Status]
    is_mended: bool = False
    outputs: dict[str, Any] = field(default_factory=dict)


def service(name: str, options: str, command: str) -> str:
    return f"docker service create --detach --name {name} --no-resolve-image {options} {IMAGE} {command}"


def run_container(name: str, options: str = "") -> str:
    return f"docker run -d --name {name} {options} {IMAGE} sleep 600"


def backed_up(*, success_age_s: int, size_bytes: int) -> str:
    labels = '{project="ledger",source="database:ledger"}'
    lines = f"flotilla_backup_success_timestamp_seconds{labels} $(($(date +%s) - {success_age_s}))\n"
    lines += f"flotilla_backup_size_bytes{labels} {size_bytes}\n"
    return f"mkdir -p {PROM.rpartition('/')[0]}; cat >{PROM} <<EOF\n{lines}EOF"


LEDGER = {"projects": {"ledger": {"processes": {}, "releases": [], "backup": POLICY}}}
SOFT = {("security.container-soft", "pet"): Status.WARNING, ("containers.unlimited", "pet"): Status.WARNING}
PET = {**SOFT, ("containers.image-unpinned", "pet"): Status.WARNING, ("drift.container-unmanaged", "pet"): Status.WARNING}

SEEDS = [
    Seed(
        name="a disk that is nearly full",
        do="mkdir -p /srv/small; mount -t tmpfs -o size=20m tmpfs /srv/small; head -c 19500k /dev/zero >/srv/small/file",
        undo="umount /srv/small",
        found={("hosts.disk-full", "/srv/small"): Status.CRITICAL},
    ),
    Seed(
        name="no inodes left",
        do="mkdir -p /srv/small; mount -t tmpfs -o nr_inodes=100 tmpfs /srv/small; touch /srv/small/{1..92}",
        undo="umount /srv/small",
        found={("hosts.inodes-full", "/srv/small"): Status.DEGRADED},
    ),
    Seed(
        name="a failed unit",
        do="systemd-run --quiet --unit=seeded --service-type=oneshot false || true",
        undo="systemctl reset-failed seeded",
        found={("hosts.unit-failed", "seeded.service"): Status.DEGRADED},
    ),
    Seed(
        name="an update that waits for a restart",
        do="touch /run/reboot-required; echo linux-image-amd64 >/run/reboot-required.pkgs",
        undo="rm -f /run/reboot-required*",
        found={("hosts.reboot-required", ""): Status.WARNING},
    ),
    Seed(
        name="lists of updates that are old",
        do="touch -d '10 days ago' /var/lib/apt/lists/*security*_Packages /var/lib/apt/lists",
        undo="touch /var/lib/apt/lists",
        found={("hosts.updates-pending", ""): Status.UNKNOWN},
    ),
    Seed(
        name="one more sudoer",
        do="echo 'games ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/seeded",
        undo="rm -f /etc/sudoers.d/seeded",
        found={("security.sudoer-unknown", "games"): Status.CRITICAL},
        is_mended=True,
    ),
    Seed(
        name="somebody in Docker's group",
        do="gpasswd --add games docker >/dev/null",
        undo="gpasswd --delete games docker >/dev/null || true",
        found={("security.sudoer-unknown", "games"): Status.CRITICAL},
        is_mended=True,
    ),
    Seed(
        name="one more authorized key",
        do=f"echo 'command=\"echo hello\" {STRANGER} a guest' >>/root/.ssh/authorized_keys",
        undo="sed -i '/a guest$/d' /root/.ssh/authorized_keys",
        found={("security.key-unknown", "root"): Status.CRITICAL},
        is_mended=True,
    ),
    Seed(
        name="passwords over SSH",
        do=f"echo 'PasswordAuthentication yes' >{SSHD}",
        undo=f"rm -f {SSHD} /etc/ssh/sshd_config.d/00-audit.conf",
        found={("security.sshd-passwords", "passwordauthentication"): Status.CRITICAL},
        is_mended=True,
    ),
    Seed(
        name="root with a password, from some addresses only",
        do=f"printf 'Match Address 192.0.2.0/24\\nPermitRootLogin yes\\n' >{SSHD}",
        undo=f"rm -f {SSHD} /etc/ssh/sshd_config.d/00-audit.conf",
        found={("security.sshd-passwords", "permitrootlogin"): Status.CRITICAL},
    ),
    Seed(
        name="a weak setting and a broken cipher",
        do=f"printf 'PermitEmptyPasswords yes\\nCiphers +aes128-cbc\\n' >{SSHD}",
        undo=f"rm -f {SSHD}",
        found={
            ("security.sshd-weak", "permitemptypasswords"): Status.WARNING,
            ("security.sshd-algorithms", "ciphers"): Status.WARNING,
        },
    ),
    Seed(
        name="keys from another file",
        do=f"echo 'AuthorizedKeysFile /etc/ssh/everybodys_keys' >{SSHD}",
        undo=f"rm -f {SSHD}",
        found={("security.sshd-key-source", "authorizedkeysfile"): Status.CRITICAL},
    ),
    Seed(
        name="a program that runs as root for anybody",
        do="cp /usr/bin/true '/usr/local/bin/a way in'; chmod 4755 '/usr/local/bin/a way in'",
        undo="rm -f '/usr/local/bin/a way in'",
        found={("security.suid-unknown", "/usr/local/bin/a way in"): Status.CRITICAL},
        is_mended=True,
    ),
    Seed(
        name="an account that nobody declared",
        do="useradd --create-home --shell /bin/bash guest",
        undo="userdel --remove guest 2>/dev/null",
        found={("security.account-unknown", "guest"): Status.DEGRADED},
    ),
    Seed(
        name="root under another name, without a password",
        do="useradd --non-unique --uid 0 --gid 0 --shell /bin/bash toor; passwd --delete toor >/dev/null",
        undo="sed -i /^toor:/d /etc/passwd /etc/shadow",
        found={
            ("security.account-unknown", "toor"): Status.CRITICAL,
            ("security.password-set", "toor"): Status.CRITICAL,
            ("security.sudoer-unknown", "toor"): Status.CRITICAL,
        },
    ),
    Seed(
        name="an open port",
        do="systemd-run --quiet --unit=seeded nc -lk 0.0.0.0 8081; sleep 0.5",
        undo="systemctl stop seeded",
        found={("security.port-open", "tcp/8081"): Status.CRITICAL, ("security.port-exposed", "tcp/8081"): Status.WARNING},
    ),
    Seed(
        name="a container of ours that was stopped",
        do=f"{run_container('shop', '--label flotilla.project=shop')}; docker stop --time 0 shop",
        undo="docker rm --force shop",
        found={("containers.stopped", "shop"): Status.DEGRADED},
        is_mended=True,
    ),
    Seed(
        name="a container that nobody declared",
        do=run_container("pet"),
        undo="docker rm --force pet",
        found=PET,
    ),
    Seed(
        name="a container that could take over the server",
        do=run_container("pet", "--pid host -v /var/run/docker.sock:/docker.sock"),
        undo="docker rm --force pet",
        found={**PET, ("security.container-escapes", "pet"): Status.CRITICAL},
    ),
    Seed(
        name="a container that says that it is not well",
        do=run_container("pet", "--health-cmd false --health-interval 1s --health-retries 1") + "; sleep 3",
        undo="docker rm --force pet",
        found={**PET, ("containers.unhealthy", "pet"): Status.DEGRADED},
    ),
    Seed(
        name="a service without containers",
        do=service("nowhere", "--constraint node.labels.nobody==true", "sleep 600"),
        undo="docker service rm nowhere",
        found={
            ("containers.service-short", "nowhere"): Status.CRITICAL,
            ("drift.service-unmanaged", "nowhere"): Status.WARNING,
        },
    ),
    Seed(
        name="a release that does not run",
        do="true",
        undo="true",
        found={("containers.release-differs", "shop/web"): Status.CRITICAL},
        outputs={
            "projects": {
                "shop": {
                    "processes": {"web": {"kind": "web"}},
                    "releases": [{"images": {"web": "registry.test/shop@sha256:1"}, "slot": "a", "weight": 100}],
                }
            }
        },
    ),
    Seed(
        name="a node that gets no containers",
        do="docker node update --availability drain machine",
        undo="docker node update --availability active machine",
        found={("containers.node-down", ""): Status.WARNING},
        is_mended=True,
    ),
    Seed(
        name="data that was never backed up",
        do="true",
        undo="true",
        found={("data.backup-missing", "ledger/database:ledger"): Status.CRITICAL},
        outputs=LEDGER,
    ),
    Seed(
        name="a backup that is old, empty, and was never restored",
        do=backed_up(success_age_s=200_000, size_bytes=0),
        undo=f"rm -f {PROM}",
        found={
            ("data.backup-old", "ledger/database:ledger"): Status.CRITICAL,
            ("data.backup-empty", "ledger/database:ledger"): Status.CRITICAL,
            ("data.drill-old", "ledger/database:ledger"): Status.DEGRADED,
        },
        outputs=LEDGER,
    ),
]


@pytest.fixture(scope="module")
def watched(machine: Machine) -> Watched:
    """The shared machine, with a declaration, and as hardened as a first boot leaves it."""
    from components.cloud_init import SSHD as FIRST_BOOT

    found = audit_machine.watched(machine)
    declaration = json.dumps({"version": 1, "roles": {"common": {}, "app": {}, "ingress": {}, "backup": {}}})
    found.do(f"mkdir -p /etc/flotilla; echo '{declaration}' >/etc/flotilla/host.json")
    found.do(f"cat >/etc/ssh/sshd_config.d/10-flotilla.conf <<'CONF'\n{FIRST_BOOT}CONF\nsystemctl reload-or-restart ssh")
    return found


@pytest.fixture(scope="module")
def before(watched: Watched) -> set[Finding]:
    """What is found on the machine when nothing was done to it."""
    return watched.findings()


def told(findings: set[Finding]) -> set[tuple[str, str, Status]]:
    """What is found, without measured values: (id, resource, severity)."""
    return {(finding.id, finding.resource, finding.severity) for finding in findings}


def expected(seed: Seed) -> set[tuple[str, str, Status]]:
    """What a seed is to add."""
    elsewhere = ("shop/", "ledger/")
    return {
        (rule, place if place.startswith(elsewhere) else f"{NAME}:{place}" if place else NAME, severity)
        for (rule, place), severity in seed.found.items()
    }


def of_this_kernel() -> set[str]:
    """
    What the machine finds because it shares this one's kernel, which counts what was ever killed here for want of memory.
    """
    counters = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
    return {"hosts.out-of-memory"} if int(counters["oom_kill"]) else set()


def test_every_section_is_read(watched: Watched) -> None:
    """On a machine as it comes, the probe reads everything that it has sections for, fast and without a secret."""
    host = watched.look()

    assert {name: section["error"] for name, section in host.sections.items() if "error" in section} == {}
    assert host.sections.keys() >= SECTIONS.keys()
    assert "$y$" not in json.dumps(host.sections) and "PRIVATE" not in json.dumps(host.sections)


def test_a_machine_as_it_comes_has_none_of_the_seeded_faults(before: set[Finding]) -> None:
    """Whatever else it lacks, nothing that is seeded below is found where it was not seeded."""
    seeded = {row for seed in SEEDS for row in expected(seed)}

    assert told(before) & seeded == set()
    assert {finding.id for finding in before} <= {
        "hosts.clock-unsynchronized",
        "hosts.updates-pending",
        "hosts.disk-full",
        "security.fail2ban-off",
        "security.host-firewall-open",
        "security.sysctl-weak",
        "security.port-exposed",
        "security.port-open",
    } | of_this_kernel()
    critical = {finding.resource for finding in before if finding.severity is Status.CRITICAL}
    assert critical <= {f"{NAME}:tcp/{port}" for port in SWARM_PORTS}  # nothing stands before this machine


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_a_fault_is_found_and_mended(watched: Watched, before: set[Finding], seed: Seed) -> None:
    """Exactly it, with its severity and a command that works; and where the command mends it, it is not found any more."""
    try:
        watched.do(seed.do)
        found = watched.findings(seed.outputs)
        added = {finding for finding in found if (finding.id, finding.resource, finding.severity) not in told(before)}
        assert told(added) == expected(seed)
        for finding in added:
            assert finding.fix and finding.message, finding
            if seed.is_mended:
                carry_out(watched, finding.fix)
        if seed.is_mended:
            assert told(watched.findings(seed.outputs)) & expected(seed) == set()
    finally:
        watched.do(seed.undo)


def test_a_part_that_cannot_be_looked_at_is_unknown(watched: Watched, before: set[Finding]) -> None:
    """sshd's configuration is broken: what it does is UNKNOWN, never OK, and everything else is still told."""
    watched.do(f"echo 'Nonsense yes' >{SSHD}")
    try:
        found = watched.findings()
    finally:
        watched.do(f"rm {SSHD}")
    unknown = {finding.id for finding in found - before if finding.severity is Status.UNKNOWN}

    assert unknown == {"security.sshd-passwords", "security.sshd-weak", "security.sshd-algorithms", "security.sshd-key-source"}
    assert told(before) <= told(found)


def test_another_host_key_is_critical_and_nothing_is_run(watched: Watched, before: set[Finding]) -> None:
    """The machine shows a new key: the audit does not log in, and every other check of it is UNKNOWN."""
    watched.do(NEW_KEY)

    logins = "journalctl --no-pager -u ssh | grep -c 'Accepted publickey' || true"
    try:
        there = watched.do(logins)
        found = judged([_seen(watched)], watched.admin_key)
        assert watched.do(logins) == there
    finally:
        watched.do("mv -f /root/kept/* /etc/ssh/; rmdir /root/kept; systemctl restart ssh")

    critical = [finding for finding in found if finding.severity is Status.CRITICAL and finding.id.startswith("security.")]
    assert [(finding.id, finding.resource) for finding in critical] == [("security.host-key-changed", NAME)]
    assert watched.host_key in critical[0].evidence
    assert ("security.unreachable", NAME, Status.UNKNOWN) in told(found)
    assert watched.look().problem == ""


def _seen(watched: Watched) -> Host:
    target = ssh.Target(name=NAME, address=watched.address, host_key=watched.host_key)
    answers = asyncio.run(_visit(watched, [target], 20))
    return collect.answered(watched.host(), answers[NAME], time.time())


async def _visit(watched: Watched, targets: list[ssh.Target], timeout_s: float) -> dict[str, ssh.Answer]:
    return await ssh.run_everywhere(
        targets, collect.COMMAND, stdin=script(), private_key=watched.machine.key, timeout_s=timeout_s
    )


@pytest.fixture
def silent() -> Iterator[int]:
    """A port of this computer that takes connections and never says a word, as a machine does that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    accepted.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        for connection in accepted:
            connection.close()


def test_a_dead_host_costs_its_timeout_and_no_more(watched: Watched, silent: int) -> None:
    """Three that hang cost what one costs, the one that answers is not kept waiting, and the dead are UNKNOWN."""
    dead = [ssh.Target(name=f"dead-{n}", address="127.0.0.1", port=silent, host_key=watched.host_key) for n in range(3)]
    alive = ssh.Target(name=NAME, address=watched.address, host_key=watched.host_key)

    started = time.monotonic()
    answers = asyncio.run(_visit(watched, [*dead, alive], timeout_s := 8))
    took = time.monotonic() - started

    assert timeout_s <= took < timeout_s + 1.5
    assert answers[NAME].problem == ""
    assert answers[NAME].seconds < timeout_s
    hosts = [collect.answered(Host(name=t.name, stack="local", address=t.address), answers[t.name], time.time()) for t in dead]
    found = judged(hosts, watched.admin_key)
    unreachable = [finding for finding in found if finding.id == "hosts.unreachable"]
    assert {(finding.resource, finding.severity) for finding in unreachable} == {(t.name, Status.UNKNOWN) for t in dead}


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("yes", "it printed more than 16 MiB"),
        ("echo nonsense >&2; exit 3", "the probe ended with 3: nonsense"),
        ("kill -9 $$", "the probe ended with"),
    ],
)
def test_what_is_no_answer_is_a_problem(watched: Watched, command: str, problem: str) -> None:
    """A host that prints without end does not fill this machine's memory, and one that fails says how."""
    target = ssh.Target(name=NAME, address=watched.address, host_key=watched.host_key)
    visit = ssh.run_everywhere([target], command, stdin="", private_key=watched.machine.key, timeout_s=20)

    assert problem in asyncio.run(visit)[NAME].problem


def test_the_probe_changes_nothing(watched: Watched) -> None:
    """No file of the machine is another one after a look."""
    changed = f"find {FOLDERS} -xdev -newer /tmp/mark -type f ! -path '*/journal/*' ! -path '/var/lib/docker/*'"
    watched.do("touch /tmp/mark; sleep 1")
    watched.look()

    assert watched.do(changed) == ""


def test_the_probe_is_cheap(watched: Watched) -> None:
    """Well under a second of the machine's time, with thirty containers on it."""
    watched.do(f"for n in $(seq 30); do {run_container('many-$n')}; done >/dev/null")
    try:
        spent = min(_document(watched)["cpu_s"] for _ in range(3))
        names = {row["name"] for row in _document(watched)["sections"]["docker"]["data"]["containers"]}
    finally:
        watched.do("docker rm --force $(docker ps --quiet --filter name=many-) >/dev/null")

    assert {f"many-{n}" for n in range(1, 31)} <= names
    assert spent < 0.8


def _document(watched: Watched) -> dict[str, Any]:
    command = ["docker", "exec", "-i", watched.machine.name, "python3", "-"]
    return dict(json.loads(subprocess.run(command, input=script(), capture_output=True, text=True, check=True).stdout))


@pytest.fixture
def postgresql(watched: Watched) -> Iterator[Callable[[str], str]]:
    """A cluster with one database; runs statements in it."""
    watched.do("pg_createcluster 15 main --start >/dev/null; runuser -u postgres -- createdb ledger")
    yield lambda statement: watched.do(f'runuser -u postgres -- psql -XAtq -d ledger -c "{statement}"')
    watched.do("pg_dropcluster --stop 15 main")


def test_postgresql_is_looked_into(watched: Watched, before: set[Finding], postgresql: Callable[[str], str]) -> None:
    """A database that is missing, dead rows, a log that is not archived; a cluster that stands still, which the fix starts."""
    postgresql("CREATE TABLE lines AS SELECT n, repeat('x', 200) FROM generate_series(1, 100000) AS n")
    postgresql("ALTER TABLE lines SET (autovacuum_enabled = false)")
    postgresql("DELETE FROM lines WHERE n <= 60000")
    postgresql("SELECT pg_stat_force_next_flush()")
    outputs = {
        "projects": {
            name: {
                "processes": {},
                "releases": [],
                "database": {"name": name, "server": NAME},
                "backup": {**POLICY, "covers": []},
            }
            for name in ("ledger", "shop")
        }
    }
    found = told(watched.findings(outputs)) - told(before)
    assert found == {
        ("data.database-missing", f"{NAME}:shop", Status.CRITICAL),
        ("data.bloat", f"{NAME}:ledger.public.lines", Status.WARNING),
        ("data.wal-waiting", NAME, Status.DEGRADED),
    }

    watched.do("pg_ctlcluster 15 main stop")
    (down,) = [finding for finding in watched.findings(outputs) if finding.id == "data.postgresql-down"]
    assert (down.resource, down.severity) == (f"{NAME}:15/main", Status.CRITICAL)
    carry_out(watched, down.fix)
    assert "data.postgresql-down" not in {finding.id for finding in watched.findings(outputs)}
