"""
Alerts about names and about the databases' log from end to end: real answers and a real slot, Debian's exporters, Prometheus
with the declared job and rules. Only the times are shorter.
"""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dns
import pytest

from components import declarations
from components.declarations import dns as names
from components.declarations import log
from components.declarations.alert import Alert
from hosts.host import Host
from hosts.items import File
from hosts.roles.monitoring import blackbox, prometheus
from hosts.roles.monitoring.document import FOLDER, text
from sandbox.images import MACHINE, machine_image
from tests.complete_fleet import complete
from tests.conftest import Checkout
from tests.integration.docker_engine import client_with

ADDRESSES = {"app-1": "10.20.1.2", "app-2": "10.20.1.3", "db-1": "10.20.1.4", "vault-1": "10.20.1.5", "watch-1": "10.20.1.6"}
ENTRY = {"A": "203.0.113.7", "AAAA": "2001:db8::7"}
RESOLVERS = ("127.0.0.11", "127.0.0.12")
RIGHT, ELSEWHERE = ["203.0.113.7"], ["203.0.113.70"]
RIGHT_SIX, BOTH_SIX = ["2001:db8::7"], ["2001:db8::7", "2001:db8::70"]
# {name and kind of record: what each resolver says}: addresses, a code, or nothing at all.
ANSWERS: dict[str, tuple[Any, Any]] = {
    "shop.example.com A": (RIGHT, RIGHT),
    "shop.example.com AAAA": (BOTH_SIX, BOTH_SIX),
    "old-shop.example.com A": (ELSEWHERE, ELSEWHERE),
    "old-shop.example.com AAAA": ("NXDOMAIN", "NXDOMAIN"),
    "docs.example.com A": (None, None),
    "docs.example.com AAAA": (None, ["2001:db8::70"]),
    "guestbook.example.com A": (RIGHT, "NXDOMAIN"),
    "guestbook.example.com AAAA": (RIGHT_SIX, None),
}
FOUND = {
    ("DnsWrong", "shop.example.com", "AAAA"),
    ("DnsWrong", "old-shop.example.com", "A"),
    ("DnsWrong", "old-shop.example.com", "AAAA"),
    ("DnsUnknown", "docs.example.com", "A"),
    ("DnsWrong", "docs.example.com", "AAAA"),
    ("DnsUnknown", "guestbook.example.com", "A"),
    ("DnsUnknown", "guestbook.example.com", "AAAA"),
}
RESPONDER = """
import json, socket, sys, threading
import dns.message, dns.rcode, dns.rrset
answers = json.loads(sys.argv[1])
def serve(number, address):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    while True:
        wire, sender = server.recvfrom(4096)
        asked = dns.message.from_wire(wire)
        (question,) = asked.question
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        found = answers[f"{name} {kind}"][number]
        if found is None:
            continue
        reply = dns.message.make_response(asked, recursion_available=True)
        if isinstance(found, str):
            reply.set_rcode(dns.rcode.from_text(found))
        elif found:
            reply.answer.append(dns.rrset.from_text_list(question.name, 300, "IN", kind, found))
        server.sendto(reply.to_wire(), sender)
for number, address in enumerate(sys.argv[2:]):
    threading.Thread(target=serve, args=(number, address)).start()
"""
LIBRARY = "/opt/dnspython"
PORT, CLUSTER = 5432, "/etc/postgresql/15/main"
DATABASE = f"""
set -e
pg_createcluster -p {PORT} 15 main -- --auth=trust > /dev/null
printf "%s\\n" "max_slot_wal_keep_size = '64MB'" "min_wal_size = '80MB'" "max_wal_size = '80MB'" >> {CLUSTER}/postgresql.conf
printf "%s\\n" "local all all trust" "host all all 127.0.0.1/32 trust" "local replication all trust" > {CLUSTER}/pg_hba.conf
pg_ctlcluster 15 main start
install -d -o postgres /var/tmp/log
"""
MOST_S = 180


@dataclass(frozen=True)
class Machine:
    """
    A machine's container without a network, its daemons started by hand. `folder` is its configuration of monitoring.
    """

    name: str
    folder: Path

    def run(self, *argv: str) -> str:
        """Run something in it."""
        done = subprocess.run(["docker", "exec", self.name, *argv], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
        return done.stdout.strip()

    def start(self, name: str, *argv: str) -> None:
        """Start something that goes on, at most for some minutes."""
        script = f'echo $$ > /var/tmp/{name}.pid; exec "$@" > /var/tmp/{name}.log 2>&1'
        command = ["sh", "-c", script, name, "timeout", "--foreground", "300", *argv]
        subprocess.run(["docker", "exec", "-d", self.name, *command], check=True)

    def stop(self, name: str) -> None:
        """End it."""
        self.run(
            "sh", "-c", f"kill $(cat /var/tmp/{name}.pid); while kill -0 $(cat /var/tmp/{name}.pid); do sleep 0.1; done 2>&1"
        )

    def watch(self, job: dict[str, Any], rules: Sequence[Alert]) -> None:
        """Have Prometheus ask this job every second, and tell at once."""
        quick = {**job, "scrape_interval": "1s", "scrape_timeout": "1s"}
        document = prometheus.configuration("test", [quick])
        document["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        told = [replace(rule, hold="0s").rule() for rule in rules]
        (self.folder / "rules.yml").write_text(text({"groups": [{"name": "test", "rules": told}]}))
        (self.folder / "prometheus.yml").write_text(text(document))
        self.run("promtool", "check", "config", prometheus.CONFIGURATION)
        files = [f"--config.file={prometheus.CONFIGURATION}", "--storage.tsdb.path=/var/tmp/measures"]
        self.start("prometheus", "prometheus", *files, "--web.listen-address=127.0.0.1:9090")

    def alerts(self) -> list[dict[str, str]]:
        """The labels of those that fire."""
        try:
            answer = json.loads(self.run("curl", "-sf", "http://127.0.0.1:9090/api/v1/alerts"))
        except AssertionError:
            return []  # it is not there yet
        return [alert["labels"] for alert in answer["data"]["alerts"] if alert["state"] == "firing"]

    def value(self, query: str) -> list[str]:
        """What Prometheus knows of a measure."""
        answer = self.run("curl", "-sG", "http://127.0.0.1:9090/api/v1/query", "--data-urlencode", f"query={query}")
        return [found["value"][1] for found in json.loads(answer)["data"]["result"]]


@contextmanager
def started(folder: Path, *volumes: str) -> Iterator[Machine]:
    client_with(folder, MACHINE).close()
    name = f"flotilla-test-{uuid.uuid4().hex[:8]}"
    mounts = [f"--volume={volume}" for volume in (f"{folder}:{FOLDER}:ro", *volumes)]
    argv = ["docker", "run", "--rm", "--detach", "--network=none", f"--name={name}", "--entrypoint=sleep", *mounts]
    subprocess.run([*argv, machine_image(), "600"], capture_output=True, check=True)
    try:
        yield Machine(name, folder)
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)


def eventually(check: Callable[[], object], what: str, timeout_s: float = MOST_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.5)


@pytest.mark.parametrize("is_proxied", [False, True], ids=["direct", "proxied"])
def test_where_names_lead_is_right_wrong_or_unknown(checkout: Checkout, tmp_path: Path, is_proxied: bool) -> None:
    """
    Wrong is another address, a further one, or none; unknown is silence, and resolvers that do not agree. Without any resolver
    everything is unknown, and nothing is wrong or right.
    """

    def resolved_here(environment: dict[str, Any]) -> None:
        environment["monitoring"]["resolvers"] = list(RESOLVERS)
        environment["dns"] = {"proxied": is_proxied}

    complete(checkout).change_environment("production", resolved_here)
    settings = checkout.settings("production")
    declared = declarations.declaration(settings, "watch-1", ADDRESSES, {}, ENTRY)
    (job,) = (job for job in declared["roles"]["monitoring"]["scrape_configs"] if job["job_name"] == names.JOB)
    items = blackbox.wanted(Host(declaration=declared))
    (file,) = (item for item in items if isinstance(item, File) and item.path == blackbox.CONFIGURATION)
    (tmp_path / "blackbox.yml").write_text(file.content)
    with started(tmp_path, f"{Path(dns.__path__[0])}:{LIBRARY}/dns:ro") as machine:
        machine.run(*(word.format(new=blackbox.CONFIGURATION) for word in file.check))
        responder = ["env", f"PYTHONPATH={LIBRARY}", "python3", "-c", RESPONDER, json.dumps(ANSWERS), *RESOLVERS]
        machine.start("responder", *responder)
        machine.start("blackbox", *blackbox.DAEMON.argv)
        machine.watch(job, names.RULES)

        def found() -> set[tuple[str, str, str]]:
            return {(labels["alertname"], labels["instance"], labels["record"]) for labels in machine.alerts()}

        # Any address will do there: what leads elsewhere does not differ, and one silent resolver leaves it open.
        proxied = {
            ("DnsWrong", "old-shop.example.com", "AAAA"),
            ("DnsUnknown", "docs.example.com", "A"),
            ("DnsUnknown", "docs.example.com", "AAAA"),
            ("DnsUnknown", "guestbook.example.com", "A"),
            ("DnsUnknown", "guestbook.example.com", "AAAA"),
        }
        eventually(lambda: found() == (proxied if is_proxied else FOUND), f"what is wrong is found, and not {found()}")
        machine.stop("responder")
        everything = {("DnsUnknown", *question.split()) for question in ANSWERS}
        eventually(lambda: found() == everything, f"everything is unknown, and not {found()}")


def test_a_log_that_is_not_fetched_is_told_until_it_is_fetched_again(tmp_path: Path) -> None:
    """
    Nothing while it is fetched, idle or not; then that it is not, that half of what may be kept is, that the slot is lost. What
    docs/monitoring.md says to do then mends it.
    """
    job = {"job_name": "postgres", "static_configs": [{"targets": ["127.0.0.1:9187"], "labels": {"server": "db-1"}}]}
    source = f"DATA_SOURCE_NAME=postgresql://flotilla_monitoring@127.0.0.1:{PORT}/postgres?sslmode=disable"
    keeper = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "/usr/lib/postgresql/15/bin/pg_receivewal"]
    receive = [*keeper, f"--dbname=port={PORT} application_name={log.SLOT}", f"--slot={log.SLOT}", "--no-password"]
    fetch = [*receive, "--synchronous", "--no-loop", "--directory=/var/tmp/log"]
    unfetched = f'pg_replication_slots_pg_wal_lsn_diff{{slot_name="{log.SLOT}"}}'
    with started(tmp_path) as machine:

        def sql(statement: str) -> None:
            machine.run("setpriv", "--reuid=postgres", "psql", "-qAtX", "-p", str(PORT), "-c", statement, "postgres")

        def write(megabytes: int) -> None:
            sql("CREATE TABLE written (body text)")
            sql("ALTER TABLE written ALTER body SET STORAGE EXTERNAL")
            sql(f"INSERT INTO written SELECT repeat('x', 1048576) FROM generate_series(1, {megabytes})")
            sql("DROP TABLE written")

        def are(*wanted: str) -> None:
            def found() -> set[str]:
                return {labels["alertname"] for labels in machine.alerts() if labels["server"] == "db-1"}

            eventually(lambda: found() == set(wanted), f"{wanted}, and not {found()}")

        machine.run("sh", "-c", DATABASE)
        sql("CREATE ROLE flotilla_monitoring LOGIN")
        sql("GRANT pg_monitor TO flotilla_monitoring")
        machine.run(*receive, "--create-slot", "--if-not-exists")
        machine.start("fetch", *fetch)
        machine.start("exporter", "env", source, "prometheus-postgres-exporter", "--web.listen-address=127.0.0.1:9187")
        machine.watch(job, log.of_servers(["db-1"]))
        eventually(lambda: machine.value(unfetched) == ["0"], "the log is fetched, nobody writes")
        write(40)
        eventually(lambda: machine.value(unfetched) == ["0"], "the log is fetched, somebody wrote")
        are()
        machine.stop("fetch")
        are("LogNotFetched")
        write(40)
        are("LogNotFetched", "LogKept")
        write(150)
        sql("CHECKPOINT")
        are("LogNotFetched", "SlotLost")
        sql(f"SELECT pg_drop_replication_slot('{log.SLOT}')")
        are("SlotLost")
        # What is finished would be in the archive: hosts/backup/wal.py takes it away.
        machine.run("sh", "-c", "rm /var/tmp/log/*[0-9A-F]")
        machine.run("sh", "-c", "rm /var/tmp/log/*.partial")
        machine.run(*receive, "--create-slot", "--if-not-exists")
        machine.start("fetch", *fetch)
        write(1)
        are()
        eventually(lambda: machine.value(unfetched) == ["0"], "the log is fetched again")
