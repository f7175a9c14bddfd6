"""
Two machines, converged by the real program: a server with databases, a volume and certificates, and the backup server that
fetches from it.
"""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components import caddyfile
from hosts.request import Outcome, Target
from ops import hosts
from sandbox.cloud.machines.machine import CAPABILITIES
from sandbox.images import MACHINE, machine_image
from tests.integration.docker_engine import client_with
from tests.integration.plugin_machine import ADDRESS

KEY = "the key of an environment that is only there for tests"
DATA, OPS = "data-1", "ops-1"
DATABASE = "ledger"
VOLUME = "/mnt/data/guestbook/data"
CERTIFICATES = f"certificates-{DATA}"
BOOT_S = 120
COMMAND = "/usr/local/sbin/flotilla-backup"
DAY_S = 86_400
FILL = """\
CREATE TABLE entries (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), body text, amount numeric, more jsonb);
INSERT INTO entries (body, amount, more)
SELECT md5(n::text), n / 7.0, jsonb_build_object('n', n) FROM generate_series(1, {rows}) n;
CREATE TABLE documents (name text PRIMARY KEY, content bytea);
INSERT INTO documents SELECT n::text, decode(repeat(md5(n::text), 500), 'hex') FROM generate_series(1, 50) n;
CREATE UNLOGGED TABLE scratch (n int);
INSERT INTO scratch VALUES (1);
CREATE VIEW totals AS SELECT count(*) FROM entries;
SELECT lo_from_bytea(0, '\\x010203');
"""
FILES = """\
mkdir -p {volume}/pictures
cd {volume}
echo hello > note.txt
ln -s note.txt link
head -c 200000 /dev/urandom > pictures/one
python3 - <<'EOF'
import sqlite3
book = sqlite3.connect("guestbook.db")
book.execute("PRAGMA journal_mode=wal")
book.execute("CREATE TABLE entries (n)")
book.executemany("INSERT INTO entries VALUES (?)", [(n,) for n in range(1000)])
book.commit()
EOF
chown -R 1000:1000 .
chmod 600 note.txt
"""
# As Caddy keeps them: an account, a certificate with its key, and a lock while it asks for another one.
CADDY = f"""\
install -d -m 0700 -o {caddyfile.UID} -g {caddyfile.UID} {caddyfile.STATE} {caddyfile.DATA}
cd {caddyfile.DATA}
umask 077
site=caddy/certificates/acme.example/shop.example.com
mkdir -p caddy/acme/acme.example/users/ops $site {caddyfile.LOCKS}
openssl ecparam -genkey -name prime256v1 -noout -out caddy/acme/acme.example/users/ops/ops.key
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=shop.example.com -keyout $site/shop.key -out $site/shop.crt 2> /dev/null
head -c 10000 /dev/urandom > caddy/ocsp
echo '{{}}' > {caddyfile.LOCKS}/issue_cert_shop.lock
chown -R {caddyfile.UID}:{caddyfile.UID} .
"""
PSQL = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1")


@dataclass
class Machine:
    """
    One of the two.
    """

    name: str
    container: Any
    key: Path

    @property
    def address(self) -> str:
        """
        On the network between the two.
        """
        self.container.reload()
        return str(next(iter(self.container.attrs["NetworkSettings"]["Networks"].values()))["IPAddress"])

    def run(self, *argv: str, stdin: str = "", check: bool = True, timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
        """
        Run a command as root.
        """
        command = ["docker", "exec", "-i", self.container.name, *argv]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False)
        assert not check or done.returncode == 0, f"{argv}: {done.stderr or done.stdout}"
        return done

    def sh(self, script: str, check: bool = True) -> str:
        """
        What a script said.
        """
        return self.run("sh", "-ec", script, check=check).stdout.strip()


@dataclass
class Stand:
    """
    Both, and what they are told to be. `changes` go over what is declared for the role `backup`, `offsite` are its secrets.
    """

    machines: dict[str, Machine]
    changes: dict[str, Any] = field(default_factory=dict)
    offsite: dict[str, str] = field(default_factory=dict)
    databases: tuple[str, ...] = (DATABASE,)
    version: int = 15

    @property
    def data(self) -> Machine:
        return self.machines[DATA]

    @property
    def ops(self) -> Machine:
        return self.machines[OPS]

    @property
    def cluster(self) -> dict[str, Any]:
        """
        Where the cluster is.
        """
        return {"port": 5432, "version": self.version, "data_directory": f"/mnt/data/postgresql/{self.version}/main"}

    def declared(self, name: str) -> dict[str, Any]:
        """
        The roles of one.
        """
        if name == OPS:
            return {"backup": {**self._backup(), **self.changes}}
        databases = [
            {"project": name, "name": name, "generation": 1, "extensions": ["pg_trgm"], "pool_size": 5, "connection_limit": 8}
            for name in self.databases
        ]
        told = {
            **self.cluster,
            "address": self.data.address,
            "pooler_port": 6432,
            "exporter_port": 9127,
            "disk_mount": "/mnt/data",
            "disk": "ssd",
            "disk_gb": 10,
            "memory_mb": 1024,
            "cores": 2,
            "max_connections": 50,
            "clients": [self.data.address],
            "backups": [self.ops.address],
            "databases": databases,
        }
        source = {"backup_servers": [self.ops.address], "volumes": sorted((VOLUME, caddyfile.DATA)), "database": self.cluster}
        return {"db": told, "backup-source": source}

    def _backup(self) -> dict[str, Any]:
        address = self.data.address
        volume = {"kind": "volume", "name": "data", "server": DATA, "path": VOLUME, "address": address}
        certificates = {**volume, "name": CERTIFICATES, "path": caddyfile.DATA, "left_out": [caddyfile.LOCKS]}
        databases = [
            self._policy(name, {"kind": "database", "name": name, "server": DATA, "address": address})
            for name in self.databases
        ]
        return {
            "address": self.ops.address,
            "serve_port": 6543,
            "repository": "/mnt/data/backups",
            "encrypted": True,
            "offsite": None,
            "policies": [*databases, self._policy("guestbook", volume), self._policy("ingress", certificates)],
            "stanzas": {DATA: {**self.cluster, "address": address, "databases": {name: name for name in self.databases}}},
            "host_keys": {address: self.host_key(DATA)},
        }

    @staticmethod
    def _policy(project: str, source: dict[str, Any]) -> dict[str, Any]:
        return {
            "project": project,
            "schedule": "30 1 * * *",
            "on_calendar": "*-*-* 01:30:00 UTC",
            "longest_gap_s": DAY_S,
            "retention": {"daily": 7, "weekly": 4, "monthly": 6},
            "drill_interval_days": 7,
            "sources": [source],
        }

    def host_key(self, name: str) -> str:
        """
        The public SSH key that a machine shows.
        """
        return " ".join(self.machines[name].sh("cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2])

    def target(self, name: str) -> Target:
        """
        What the program is asked about one.
        """
        machine = self.machines[name]
        return Target(
            address=ADDRESS,
            port=int(machine.container.ports["22/tcp"][0]["HostPort"]),
            host_key=self.host_key(name),
            declaration={"version": 1, "environment": "local", "server": name, "roles": self.declared(name)},
            private_key=machine.key.read_text(),
            key=KEY,
            offsite=self.offsite if name == OPS else {},
        )

    def converge(self, *names: str, is_dry: bool = False) -> list[Outcome]:
        """
        Make them what they are told to be; without names both, the one with the data first.
        """
        outcomes = [hosts.converge([self.target(name)], is_dry=is_dry)[0] for name in names or (DATA, OPS)]
        assert not any(outcome.error for outcome in outcomes), outcomes
        return outcomes

    def sql(self, statement: str, database: str = DATABASE) -> str:
        """
        What PostgreSQL answers its own user.
        """
        return self.data.run(*PSQL, "-d", database, "-c", statement).stdout.strip()

    def backup(self, *arguments: str, code: int | None = 0) -> dict[str, Any]:
        """
        What `flotilla-backup` answers, having ended with this exit code.
        """
        done = self.ops.run(COMMAND, *arguments, check=False)
        assert code is None or done.returncode == code, f"{arguments}: {done.returncode}: {done.stdout} {done.stderr}"
        return dict(json.loads(done.stdout))

    def fill(self, rows: int = 20_000) -> None:
        """
        Some of everything: tables of several kinds of values, a sequence, a large object, a view; files, a link, SQLite in use,
        certificates.
        """
        self.sql(FILL.format(rows=rows))
        self.data.run("sh", "-ec", FILES.format(volume=VOLUME))
        self.data.run("sh", "-ec", CADDY)

    def await_fetching(self) -> None:
        """
        Wait until the log is being fetched.
        """
        eventually(lambda: self.sql("SELECT count(*) FROM pg_stat_replication") == "1", 60)


def eventually(condition: Any, timeout_s: float) -> Any:
    """
    The first true value of a condition; fails when there is none in time.
    """
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.3)
    return value


@contextmanager
def started(folder: Path) -> Iterator[Stand]:
    """
    Both machines, booted, and nothing more; gone afterwards.
    """
    client = client_with(folder, MACHINE)
    key, name = folder / "key", f"flotilla-test-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    network = client.networks.create(name, labels={"flotilla.test": name})
    machines: dict[str, Machine] = {}
    try:
        for machine in (DATA, OPS):
            machines[machine] = Machine(machine, _boot(client, folder, name, machine, key), key)
        for found in machines.values():
            _await_boot(found)
        yield Stand(machines)
    finally:
        for found in machines.values():
            found.container.remove(force=True, v=True)
        network.remove()
        client.close()


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """
    Both machines converged, data in the database and the volume, and the first backup of both: for the tests of a module.
    """
    with started(tmp_path_factory.mktemp("stand")) as found:
        found.converge()
        found.await_fetching()
        found.fill()
        found.backup("run")
        yield found


def replaced(stand: Stand, folder: Path, machine: str) -> None:
    """
    Lose a machine for good, disk and all, and boot another one in its place.
    """
    client = client_with(folder, MACHINE)
    lost = stand.machines[machine]
    network = next(iter(lost.container.attrs["NetworkSettings"]["Networks"]))
    lost.container.remove(force=True, v=True)
    stand.machines[machine] = Machine(machine, _boot(client, folder, network, machine, lost.key), lost.key)
    _await_boot(stand.machines[machine])


def _boot(client: Any, folder: Path, network: str, machine: str, key: Path) -> Any:
    seed = folder / f"seed-{machine}"
    seed.mkdir(exist_ok=True)
    public = [key.with_suffix(".pub").read_text().strip()]
    (seed / "user-data").write_text("#cloud-config\ndisable_root: false\n")
    (seed / "meta-data").write_text(json.dumps({"instance-id": "i-1", "local-hostname": machine, "public-keys": public}))
    return client.containers.run(
        machine_image(),
        ["/sbin/init"],
        name=f"{network}-{machine}",
        hostname=machine,
        network=network,
        ports={"22/tcp": (ADDRESS, None)},
        cap_add=CAPABILITIES,
        cgroupns="host",
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        tmpfs={"/run": "", "/tmp": ""},  # noqa: S108 -- mount points in the machine
        volumes=["/sys/fs/cgroup:/sys/fs/cgroup:rw", f"{seed}:/var/lib/cloud/seed/nocloud:ro", "/var/lib/docker", "/mnt/data"],
        labels={"flotilla.test": network},
        detach=True,
    )


def _await_boot(machine: Machine) -> None:
    eventually(lambda: "done" in machine.run("cloud-init", "status", check=False).stdout, BOOT_S)
    machine.container.reload()
