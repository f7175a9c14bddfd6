"""
Moving data to another major version, both ways that docs/databases.md has. Debian has one major version only, so the new
cluster is of the same: what differs is where it is, not what the tools do.
"""

from __future__ import annotations

import pytest

from tests.integration.hosts.databases.conftest import DatabaseServer

OLD = "/mnt/data/postgresql/15/main"
UPGRADE = "/usr/local/lib/flotilla/postgresql-upgrade"
ROWS = "SELECT string_agg(text, ',' ORDER BY id) FROM entries"


@pytest.fixture(scope="module", autouse=True)
def filled(server: DatabaseServer) -> None:
    """A table with rows, and an index by an extension."""
    assert server.ask("CREATE TABLE entries (id int PRIMARY KEY, text TEXT)", kind="owner").returncode == 0
    assert server.ask("INSERT INTO entries VALUES (1, 'one'), (2, 'two')").returncode == 0
    assert server.ask("CREATE INDEX ON entries USING gin (text gin_trgm_ops)", kind="owner").returncode == 0


def check(server: DatabaseServer, rows: str) -> None:
    """The data is there, and everybody may do what he might before, also with what is made from now on."""
    assert server.ask(ROWS, kind="read").stdout == f"{rows}\n"
    assert server.ask("UPDATE entries SET text = text", port=6432).returncode == 0
    assert server.ask("CREATE TABLE mine (id int)").returncode == 1
    assert server.ask("CREATE TABLE later (id int); DROP TABLE later", kind="owner").returncode == 0
    assert server.admin("SHOW data_checksums") == "on"
    again = server.converge()
    assert (again.error, again.changes) == ("", ())


def test_another_version_beside_the_data_is_refused(server: DatabaseServer) -> None:
    """Raising the version alone makes no empty cluster: it says what to do, and what serves goes on serving."""
    server.changes = {"data_directory": "/mnt/data/postgresql/16/main"}
    server.machine.run("sh", "-c", f"cp -p {OLD}/PG_VERSION /root/kept && echo 14 > {OLD}/PG_VERSION")
    refused = server.converge()
    server.machine.run("sh", "-c", f"cat /root/kept > {OLD}/PG_VERSION")
    server.changes = {}
    assert "docs/databases.md" in refused.error
    assert server.ask(ROWS).stdout == "one,two\n"
    server.converged()


def test_by_pg_upgrade(server: DatabaseServer) -> None:
    """The script stops the old cluster and leaves its files; the next run of the roles starts the new one."""
    new = "/mnt/data/postgresql/15-upgraded/main"
    said = server.machine.run(UPGRADE, "15", "15", OLD, new)
    assert f"{new} is the cluster now" in said
    assert server.machine.run("cat", f"{OLD}/PG_VERSION") == "15"
    server.changes = {"data_directory": new}
    server.converged()
    server.machine.run("runuser", "-u", "postgres", "--", "vacuumdb", "--all", "--analyze-in-stages", "--quiet")
    assert server.admin("SHOW data_directory") == new
    check(server, "one,two")


def test_by_dump_and_restore(server: DatabaseServer) -> None:
    """The roles make an empty cluster with databases and users; what is restored into it comes with its owners and rights."""
    assert server.ask("INSERT INTO entries VALUES (3, 'three')").returncode == 0
    postgres = "cd / && runuser -u postgres --"
    server.machine.run("sh", "-c", f"{postgres} pg_dump --format=custom ledger > /var/tmp/ledger.dump")
    server.machine.run("systemctl", "stop", "postgresql@15-main")
    server.changes = {"data_directory": "/mnt/data/postgresql/15-restored/main"}
    server.converged()
    assert server.ask(ROWS).returncode == 1
    restore = "pg_restore --exit-on-error --clean --if-exists --dbname=ledger"
    server.machine.run("sh", "-c", f"{postgres} {restore} < /var/tmp/ledger.dump")
    server.machine.run("runuser", "-u", "postgres", "--", "vacuumdb", "--all", "--analyze-in-stages", "--quiet")
    server.converged()
    check(server, "one,two,three")
