"""
A database server on a real machine: what each user may, from where, and what becomes of it when somebody meddles.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from hosts import keys
from tests.integration.hosts.databases.conftest import BACKUP, KEY, STRANGER, Database, DatabaseServer

CONF = "/etc/postgresql/15/main"


@pytest.fixture(scope="module", autouse=True)
def entries(server: DatabaseServer) -> None:
    """A table of the project's, as its migration makes it."""
    made = server.ask("CREATE TABLE entries (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text TEXT)", kind="owner")
    assert made.returncode == 0, made.stderr


@pytest.fixture
def unchanged(server: DatabaseServer) -> Iterator[None]:
    """Puts the declaration back, and the server with it."""
    yield
    server.changes = {}
    server.converged()


def facts(server: DatabaseServer, *, is_dry: bool = False) -> list[str]:
    outcome = server.converge(is_dry=is_dry)
    assert (outcome.error, outcome.unknown) == ("", ())
    return [fact for change in outcome.changes for fact in change.facts]


def test_converging_again_changes_nothing(server: DatabaseServer) -> None:
    """The second run finds everything as it is to be."""
    assert facts(server) == []


def test_rows_are_the_applications_and_tables_the_owners(server: DatabaseServer) -> None:
    """The application writes and changes rows, and changes no table; both through the pooler and past it."""
    for port in (5432, 6432):
        assert server.ask("INSERT INTO entries (text) VALUES ('x') RETURNING current_user", port=port).stdout == "ledger_app\n"
        assert server.ask("UPDATE entries SET text = 'y'; DELETE FROM entries WHERE false", port=port).returncode == 0
        for statement in (
            "CREATE TABLE mine (id int)",
            "DROP TABLE entries",
            "ALTER TABLE entries ADD x int",
            "TRUNCATE entries",
        ):
            refused = server.ask(statement, port=port)
            assert refused.returncode == 1, statement
            assert "permission denied" in refused.stderr or "must be owner" in refused.stderr


def test_who_reads_cannot_write(server: DatabaseServer) -> None:
    """The read-only user sees rows, and changes none."""
    assert server.ask("SELECT count(*) >= 0 FROM entries", kind="read").stdout == "t\n"
    for statement in ("INSERT INTO entries (text) VALUES ('x')", "DELETE FROM entries", "CREATE TABLE mine (id int)"):
        assert "permission denied" in server.ask(statement, kind="read").stderr


@pytest.mark.parametrize("port", [5432, 6432])
def test_another_projects_user_gets_nowhere(server: DatabaseServer, port: int) -> None:
    """With its own right password: neither into the other's database, nor into that of the administrators."""
    for database in ("ledger", "postgres", "template1"):
        refused = server.ask(
            "SELECT 1", database=database, user="shop_app_1", password=server.password("shop", "app"), port=port
        )
        assert refused.returncode == 2, database


@pytest.mark.parametrize("port", [5432, 6432])
def test_only_encrypted_connections_from_known_addresses_with_the_password(server: DatabaseServer, port: int) -> None:
    """In plain, from elsewhere, and with another password nobody gets in; a client that checks the server does."""
    assert server.ask("SELECT 1", port=port).returncode == 0
    assert server.ask("SELECT 1", port=port, tls="disable").returncode == 2
    assert server.ask("SELECT 1", port=port, origin=STRANGER).returncode == 2
    assert server.ask("SELECT 1", port=port, password="wrong").returncode == 2


def test_migrations_do_not_go_through_the_pooler(server: DatabaseServer) -> None:
    """The owner is not one of its users."""
    assert server.ask("SELECT 1", kind="owner", port=6432).returncode == 2


def test_backups_may_be_fetched_by_the_backup_server_only(server: DatabaseServer) -> None:
    """It may replicate and take backups; from a client's address the same user is refused."""
    secret = keys.secret(KEY, "postgresql", "backup")
    started = (
        "SELECT pg_backup_start('test', true); SELECT count(*) FROM pg_backup_stop(false); SELECT pg_switch_wal() IS NOT NULL"
    )
    who = {"database": "postgres", "user": "flotilla_backup", "password": secret}
    assert server.ask(started, **who, origin=BACKUP).stdout.splitlines()[1:] == ["1", "t"]
    assert server.ask("SELECT 1", **who).returncode == 2
    assert "permission denied" in server.ask("SELECT * FROM pg_authid", **who, origin=BACKUP).stderr
    command = ["psql", f"host={server.address} dbname=replication replication=true user=flotilla_backup sslmode=require"]
    asked = ["docker", "exec", "-e", f"PGPASSWORD={secret}", server.others[BACKUP].name, *command, "-c", "IDENTIFY_SYSTEM"]
    assert subprocess.run(asked, capture_output=True, text=True, check=False).returncode == 0


def test_what_somebody_changed_is_shown_and_mended(server: DatabaseServer) -> None:
    """A superuser, a membership, a right, a password, a setting, a line in pg_hba.conf: each is named, and gone afterwards."""
    server.admin(
        "ALTER ROLE ledger_app_1 SUPERUSER CONNECTION LIMIT 3; GRANT pg_read_all_data TO ledger_read;"
        "CREATE ROLE mallory SUPERUSER; ALTER ROLE ledger_read_1 PASSWORD 'known';"
        "ALTER ROLE shop_app_1 RESET role; GRANT CONNECT ON DATABASE ledger TO PUBLIC"
    )
    server.admin("GRANT CREATE ON SCHEMA public TO ledger_app", "ledger")
    server.admin("ALTER DEFAULT PRIVILEGES FOR ROLE ledger_owner GRANT DELETE ON TABLES TO ledger_read", "ledger")
    server.machine.run("sh", "-c", f"echo 'host all all 0.0.0.0/0 trust' >> {CONF}/pg_hba.conf")
    server.machine.run(
        "sh", "-c", f"sed -i 's/^fsync.*/fsync = off/' {CONF}/postgresql.conf && systemctl reload postgresql@15-main"
    )
    shown = facts(server, is_dry=True)

    for fact in (
        "ledger_app_1: NOSUPERUSER",
        "ledger_app_1: connection limit",
        "ledger_read is no member of pg_read_all_data",
        "ledger_read_1: password",
        "shop_app_1: role = shop_app",
        "mallory is no superuser",
        'ledger: DATABASE "ledger": no CONNECT for public',
        "ledger: SCHEMA public: no CREATE for ledger_app",
        "ledger: new TABLES: no DELETE for ledger_read",
        f"change {CONF}/pg_hba.conf",
        f"change {CONF}/postgresql.conf",
    ):
        assert fact in shown, shown
    assert server.admin("SHOW fsync") == "off"
    facts(server)
    assert facts(server) == []
    assert server.admin("SHOW fsync") == "on"
    assert server.admin("SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'trust'") == "0"
    assert server.ask("SELECT 1", kind="read").returncode == 0
    server.admin("DROP ROLE mallory")


@pytest.mark.usefixtures("unchanged")
def test_a_run_that_was_killed_is_made_up_for(server: DatabaseServer) -> None:
    """The settings were written, and the server was not told: the next run tells it, though no file differs any more."""
    server.changes = {"max_connections": 60}
    wanted = {item.name: item for item in server.wanted()["db"] if item.name == f"{CONF}/postgresql.conf"}
    (item,) = wanted.values()
    note = json.dumps(list(item.notify[0]))
    noted = f"/var/lib/flotilla/pending/{hashlib.sha256(note.encode()).hexdigest()[:16]}.json"
    server.machine.run("mkdir", "-p", "/var/lib/flotilla/pending")
    for path, text in ((noted, note), (item.path, item.content)):
        subprocess.run(
            ["docker", "exec", "-i", server.machine.name, "tee", path], input=text, text=True, check=True, capture_output=True
        )
    assert server.admin("SHOW max_connections") == "50"
    server.converged()
    assert server.admin("SHOW max_connections") == "60"


@pytest.mark.usefixtures("unchanged")
def test_a_restart_is_waited_for_by_clients_of_the_pooler(server: DatabaseServer) -> None:
    """A setting that needs one: clients of the pooler are served a moment later, and none of their queries fails."""
    server.changes = {"max_connections": 55}
    asked = Client(server)
    outcome = server.converged()
    failed, done = asked.stop()
    assert [change.name for change in outcome.changes if "postgresql-apply" in change.name]
    assert server.admin("SHOW max_connections") == "55"
    assert (failed, done > 10) == ([], True)


def test_a_password_is_changed_while_its_users_work(server: DatabaseServer) -> None:
    """The next generation lets both in, without a failed query of the old one's; the one after it takes the oldest away."""
    ledger = server.databases[0]
    direct, pooled = Client(server, port=5432), Client(server)
    ledger.generation = 2
    server.converged()
    for port in (5432, 6432):
        assert server.ask("SELECT session_user", generation=2, port=port).stdout == "ledger_app_2\n"
    assert [client.stop()[0] for client in (direct, pooled)] == [[], []]
    ledger.generation = 3
    server.converged()
    for port in (5432, 6432):
        assert server.ask("SELECT 1", generation=1, port=port).returncode == 2
        assert server.ask("INSERT INTO entries (text) VALUES ('z')", generation=2, port=port).returncode == 0
    assert server.admin("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'ledger%\\_1'") == "0"
    assert facts(server) == []


def test_a_further_project_gets_its_database_beside_the_others(server: DatabaseServer) -> None:
    """Its name may need quotes; the others' clients notice nothing."""
    client = Client(server, generation=server.databases[0].generation)
    server.databases.append(Database("user", pool_size=2, extensions=["citext"]))
    server.converged()
    assert server.ask("SELECT current_database()", database="user", port=6432).stdout == "user\n"
    assert client.stop()[0] == []
    assert facts(server) == []


def test_connections_are_limited_by_project(server: DatabaseServer) -> None:
    """One that takes all it may does not keep the others out."""
    limit = server.databases[1].declared["connection_limit"]
    waiting = [
        threading.Thread(target=server.ask, args=("SELECT pg_sleep(6)",), kwargs={"database": "shop"}) for _ in range(limit)
    ]
    for client in waiting:
        client.start()
    deadline = time.monotonic() + 10
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND state = 'active'"
    while int(server.admin(count)) < limit and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "too many connections" in server.ask("SELECT 1", database="shop").stderr
    assert server.ask("SELECT 1", generation=server.databases[0].generation).returncode == 0
    for client in waiting:
        client.join()


def test_nothing_is_left_of_a_password(server: DatabaseServer) -> None:
    """Neither in the log, nor in the configuration, nor in a command line: only verifiers are on the server."""
    secrets = [
        server.password(name, kind, number) for name in ("ledger", "shop") for kind in ("app", "owner") for number in (1, 2, 3)
    ]
    secrets += [KEY, keys.secret(KEY, "postgresql", "backup"), keys.secret(KEY, "postgresql", "monitoring")]
    subprocess.run(
        ["docker", "exec", "-i", server.machine.name, "tee", "/root/patterns"],
        input="\n".join(secrets) + "\n", text=True, check=True, capture_output=True,
    )  # fmt: skip
    folders = "/etc /var/log /var/lib/flotilla /usr/local /mnt/data/postgresql"
    found = f"grep -rlFf /root/patterns {folders} 2>/dev/null; journalctl --no-pager | grep -cFf /root/patterns"
    assert server.machine.run("sh", "-c", f"{found} || true") == "0"
    assert "SCRAM-SHA-256$4096:" not in server.machine.run("sh", "-c", "cat /var/log/postgresql/*.log")


def test_the_exporter_tells_how_full_the_pools_are(server: DatabaseServer) -> None:
    """On the private address only, with a line for every pool."""
    assert server.ask("SELECT 1", database="shop", port=6432).returncode == 0
    shown = server.machine.run("curl", "-sf", f"http://{server.address}:9127/metrics")
    assert "pgbouncer_up 1" in shown
    assert 'pgbouncer_pools_client_waiting_connections{database="shop",user="shop_app_1"} 0' in shown
    assert 'pgbouncer_databases_max_connections{database="shop"} 5' in shown
    listening = server.machine.run("ss", "-Hltn")
    assert {line.split()[3] for line in listening.splitlines() if line.split()[3].endswith(":9127")} == {
        f"{server.address}:9127"
    }


def test_data_outlives_its_server(server: DatabaseServer) -> None:
    """A cluster that is on the disk already is taken as it is: here by a server that has lost its configuration."""
    before = server.ask("SELECT count(*) FROM entries", generation=3).stdout
    server.machine.run("systemctl", "stop", "postgresql@15-main")
    server.machine.run("rm", "-r", CONF, "/etc/postgresql/tls", "/etc/pgbouncer")
    server.converged()
    assert server.ask("SELECT count(*) FROM entries", generation=3, port=6432).stdout == before
    assert facts(server) == []


class Client:
    """
    Asks all the time, each time over a new connection and over one that stays, until it is told to stop.
    """

    def __init__(self, server: DatabaseServer, *, port: int = 6432, generation: int = 1) -> None:
        self.failed: list[str] = []
        self.done = 0
        self._stopping = threading.Event()
        self._server, self._port, self._generation = server, port, generation
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        time.sleep(1)

    def _run(self) -> None:
        while not self._stopping.is_set():
            script = "SELECT 1; SELECT pg_sleep(0.05); SELECT 2"
            outcome = self._server.ask(script, port=self._port, generation=self._generation)
            self.done += 1
            if outcome.returncode != 0:
                self.failed.append(outcome.stderr)

    def stop(self) -> tuple[list[str], int]:
        time.sleep(1)
        self._stopping.set()
        self._thread.join()
        return self.failed, self.done
