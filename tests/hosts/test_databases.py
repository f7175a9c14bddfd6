"""
The role `db`: its files for a small fleet, word for word, and what its programs decide about roles and databases.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from hosts import roles
from hosts.host import Host
from hosts.items import File, Program
from hosts.programs import postgresql_databases, postgresql_roles
from hosts.roles import postgresql_roles as who

KEY = "the key of an environment that is only there for tests"
TOLD = {
    "version": 15,
    "address": "10.0.1.3",
    "port": 5432,
    "pooler_port": 6432,
    "exporter_port": 9127,
    "data_directory": "/mnt/data/postgresql/15/main",
    "disk_mount": "/mnt/data",
    "disk": "ssd",
    "disk_gb": 100,
    "memory_mb": 16384,
    "cores": 4,
    "max_connections": 33,
    "clients": ["10.0.1.1", "10.0.1.2"],
    "backups": ["10.0.1.4"],
    "databases": [
        {"project": "shop", "name": "shop", "generation": 2, "extensions": ["pg_trgm"], "pool_size": 20, "connection_limit": 23}
    ],
}


def host(**changes: Any) -> Host:
    declaration = {"server": "data-1", "environment": "local", "roles": {"db": {**TOLD, **changes}}}
    return Host(declaration=declaration, key=KEY)


def items(**changes: Any) -> list[Any]:
    return list(roles.wanted(host(**changes))["db"])


def content(path: str, **changes: Any) -> str:
    (found,) = [item.content for item in items(**changes) if isinstance(item, File) and item.path == path]
    return found


def test_who_may_connect() -> None:
    """Database, users and address by name; nothing without TLS, and everything else rejected."""
    assert (
        content("/etc/postgresql/15/main/pg_hba.conf")
        == """\
# Written by Flotilla; changes are lost.
local all postgres peer
hostssl shop +shop_owner,+shop_app,+shop_read 10.0.1.3/32 scram-sha-256
hostssl shop +shop_owner,+shop_app,+shop_read 127.0.0.1/32 scram-sha-256
hostssl shop +shop_owner,+shop_app,+shop_read 10.0.1.1/32 scram-sha-256
hostssl shop +shop_owner,+shop_app,+shop_read 10.0.1.2/32 scram-sha-256
hostssl all flotilla_monitoring 10.0.1.3/32 scram-sha-256
hostssl all flotilla_monitoring 127.0.0.1/32 scram-sha-256
hostssl replication flotilla_backup 10.0.1.4/32 scram-sha-256
hostssl postgres flotilla_backup 10.0.1.4/32 scram-sha-256
host all all 0.0.0.0/0 reject
host all all ::/0 reject
host replication all 0.0.0.0/0 reject
host replication all ::/0 reject
"""
    )


def test_who_may_use_the_pooler() -> None:
    """The application and who reads, of this generation and the one before; owners have no business there."""
    assert (
        content("/etc/pgbouncer/hba.conf")
        == """\
# Written by Flotilla; changes are lost.
hostssl shop shop_app_2,shop_app_1,shop_read_2,shop_read_1 10.0.1.3/32 scram-sha-256
hostssl shop shop_app_2,shop_app_1,shop_read_2,shop_read_1 127.0.0.1/32 scram-sha-256
hostssl shop shop_app_2,shop_app_1,shop_read_2,shop_read_1 10.0.1.1/32 scram-sha-256
hostssl shop shop_app_2,shop_app_1,shop_read_2,shop_read_1 10.0.1.2/32 scram-sha-256
host all all 0.0.0.0/0 reject
host all all ::/0 reject
"""
    )


def test_the_pool_is_as_large_as_the_project_says() -> None:
    """Both generations' connections together."""
    lines = content("/etc/pgbouncer/pgbouncer.ini").splitlines()
    assert "shop = host=10.0.1.3 port=5432 dbname=shop pool_size=20 max_db_connections=20" in lines
    assert {"pool_mode = transaction", "client_tls_sslmode = require", "server_tls_sslmode = verify-full"} <= set(lines)


def test_both_places_have_the_same_verifiers() -> None:
    """PostgreSQL's and the pooler's: that is how the pooler logs in without a password."""
    users = dict(line.replace('"', "").split(" ") for line in content("/etc/pgbouncer/userlist.txt").splitlines())
    (program,) = [item for item in items() if isinstance(item, Program) and item.program == "postgresql_roles"]
    roles_told = {role["name"]: role["verifier"] for role in program.data["roles"]}
    assert set(users) == {"shop_app_2", "shop_app_1", "shop_read_2", "shop_read_1"}
    assert users == {name: roles_told[name] for name in users}


def test_no_password_and_no_key_reaches_the_server() -> None:
    """Only verifiers, and the certificate's own private key; what holds them is shown to nobody."""
    text = json.dumps([vars(item) for item in items()], default=str)
    passwords = [host().secret("postgresql", "shop", kind, number) for kind in ("owner", "app", "read") for number in (1, 2)]
    assert not [secret for secret in (KEY, *passwords, host().secret("postgresql", "backup")) if secret in text]
    for path in ("/etc/pgbouncer/userlist.txt", "/etc/postgresql/tls/server.key"):
        (found,) = [item for item in items() if isinstance(item, File) and item.path == path]
        assert (found.is_secret, found.mode, found.owner) == (True, 0o600, "postgres")


def test_without_a_backup_server_no_log_piles_up() -> None:
    """Archiving is on only where somebody fetches the log."""
    assert "archive_mode = 'on'" in content("/etc/postgresql/15/main/postgresql.conf")
    assert "archive_mode = 'off'" in content("/etc/postgresql/15/main/postgresql.conf", backups=[])


def test_another_version_comes_from_postgresqls_own_archive() -> None:
    """Signed by the key that Debian ships; of that archive, PostgreSQL itself and nothing else. Debian's needs no source."""
    source = "/etc/apt/sources.list.d/flotilla-postgresql.sources"
    assert source not in [item.path for item in items() if isinstance(item, File)]
    assert "Signed-By: /usr/share/postgresql-common/" in content(source, version=17)
    pinned = content("/etc/apt/preferences.d/flotilla-postgresql", version=17)
    assert "Package: postgresql-17 postgresql-client-17 postgresql-common" in pinned
    assert "Package: *\nPin: release o=apt.postgresql.org\nPin-Priority: 100" in pinned


def found_as(role: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A role as PostgreSQL tells it, when it is as wanted."""
    there = {**dict.fromkeys(postgresql_roles.ATTRIBUTES, False), "inherit": True, "login": role["verifier"] is not None}
    there |= {"replication": role["is_replicating"], "connections": role["connections"], "verifier": role["verifier"]}
    there |= {"settings": [f"{key}={value}" for key, value in role["settings"].items()], "member_of": role["member_of"]}
    return {**there, **changes}


@pytest.fixture
def wanted() -> list[dict[str, Any]]:
    return who.roles(host(), TOLD)


def test_roles_that_are_right_are_left_alone(wanted: list[dict[str, Any]]) -> None:
    """Nothing is to be done; roles of others are nobody's business as long as they are no superusers."""
    there = {role["name"]: found_as(role) for role in wanted} | {"alice": found_as(wanted[0])}
    assert postgresql_roles.decide(wanted, there) == []
    assert postgresql_roles.outdated(wanted, there) == []


@pytest.mark.parametrize(
    ("change", "fact", "statement"),
    [
        ({"super": True}, "shop_app_2: NOSUPERUSER", 'ALTER ROLE "shop_app_2" NOSUPERUSER'),
        ({"bypass": True}, "shop_app_2: NOBYPASSRLS", 'ALTER ROLE "shop_app_2" NOBYPASSRLS'),
        ({"login": False}, "shop_app_2: LOGIN", 'ALTER ROLE "shop_app_2" LOGIN'),
        ({"connections": 1}, "shop_app_2: connection limit", 'ALTER ROLE "shop_app_2" CONNECTION LIMIT -1'),
        ({"member_of": []}, "shop_app_2 is a member of shop_app", 'GRANT "shop_app" TO "shop_app_2"'),
        ({"member_of": ["shop_app", "pg_x"]}, "shop_app_2 is no member of pg_x", 'REVOKE "pg_x" FROM "shop_app_2"'),
        ({"expires": "2020-01-01"}, "shop_app_2: does not expire", "ALTER ROLE \"shop_app_2\" VALID UNTIL 'infinity'"),
    ],
)
def test_what_differs_of_a_role_is_put_right(
    wanted: list[dict[str, Any]], change: dict[str, Any], fact: str, statement: str
) -> None:
    """That, and nothing else."""
    there = {role["name"]: found_as(role) for role in wanted}
    there["shop_app_2"] |= change
    assert postgresql_roles.decide(wanted, there) == [(fact, statement)]


def test_logins_of_older_generations_go(wanted: list[dict[str, Any]]) -> None:
    """Of this fleet's groups only: a name that merely looks like one stays."""
    there = {role["name"]: found_as(role) for role in wanted}
    there |= {name: found_as(wanted[0]) for name in ("shop_app_0", "shop_owner_17", "shop_app_x", "other_app_1", "shop_1")}
    assert postgresql_roles.outdated(wanted, there) == ["shop_app_0", "shop_owner_17"]


def test_a_statement_cannot_be_broken_out_of() -> None:
    """Names and texts are quoted, whatever is in them."""
    role = {**who.roles(host(), TOLD)[-1], "name": 'a"; DROP TABLE x; --', "settings": {"role": "it's"}}
    statements = [sql for _, sql in postgresql_roles.decide([role], {})]
    assert statements[0] == 'CREATE ROLE "a""; DROP TABLE x; --"'
    assert any(sql.endswith("= 'it''s'") for sql in statements)


def test_rights_are_made_exactly_the_wanted_ones() -> None:
    """What is missing is granted, what is too much is taken."""
    changes = postgresql_databases.rights("SCHEMA public", {"a USAGE", "b USAGE"}, {"a USAGE", "public CREATE"})
    assert [sql for _, sql in changes] == ["REVOKE CREATE ON SCHEMA public FROM PUBLIC", 'GRANT USAGE ON SCHEMA public TO "b"']


def test_without_a_cluster_a_dry_run_says_what_would_be_made(tmp_path: Any) -> None:
    """It cannot ask a server that is not there yet."""
    data = {"roles": who.roles(host(), TOLD), "cluster": str(tmp_path)}
    assert "make role shop_owner" in postgresql_roles.converge(data, True)
    data = {"databases": who.databases(TOLD), "cluster": str(tmp_path)}
    assert postgresql_databases.converge(data, True) == ["make database postgres", "make database shop"]
