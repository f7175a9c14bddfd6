"""
Who there is in PostgreSQL, and what each may: plain values for hosts/programs/postgresql_roles.py and postgresql_databases.py.

A project's database has three groups: `<database>_owner` owns everything and changes the schema, `<database>_app` reads and
writes rows, `<database>_read` only reads. Logins (hosts/logins.py) act as their group from the first moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hosts import scram
from hosts.host import Host
from hosts.logins import KINDS, generations, login, purpose
from hosts.roles.postgresql_conf import BACKUP, MONITORING

# How long a statement runs, a lock is waited for, a transaction does nothing. Migrations take their time, but wait for no lock:
# behind them, everybody else would.
LIMITS: Mapping[str, Mapping[str, str]] = {
    "owner": {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "10min"},
    "app": {"statement_timeout": "60s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s"},
    "read": {"statement_timeout": "5min", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s"},
}
# What pgBackRest calls for a backup of a running cluster. Source: its user guide, "Configure Cluster Access"; read 2026-11-26.
BACKUP_FUNCTIONS = (
    "pg_backup_start(text, boolean)",
    "pg_backup_stop(boolean)",
    "pg_create_restore_point(text)",
    "pg_switch_wal()",
)


def verifiers(host: Host, database: Mapping[str, Any], kinds: tuple[str, ...] = KINDS) -> dict[str, str]:
    """
    What is kept of the passwords of a database's logins: {login: verifier}.
    """
    name = database["name"]
    found = [(kind, number) for kind in kinds for number in generations(database["generation"])]
    users = {login(name, *which): host.secret(*purpose(name, *which)) for which in found}
    return {user: scram.verifier(user, password) for user, password in users.items()}


def roles(host: Host, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    Every role that there is to be. `family` is the group whose older logins go.
    """
    return [*_services(host), *(role for database in told["databases"] for role in _of_database(host, database))]


def _services(host: Host) -> Iterator[dict[str, Any]]:
    for name, what, member_of, is_replicating in (
        (BACKUP, "backup", ["pg_read_all_settings"], True),
        (MONITORING, "monitoring", ["pg_monitor"], False),
    ):
        verifier = scram.verifier(name, host.secret("postgresql", what))
        yield _role(name, verifier=verifier, member_of=member_of, is_replicating=is_replicating, connections=5)


def _of_database(host: Host, database: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    name = database["name"]
    yield from (_role(f"{name}_{kind}") for kind in KINDS)
    for user, verifier in verifiers(host, database).items():
        group = user.rpartition("_")[0]
        limits = LIMITS[group.rpartition("_")[2]]
        yield _role(user, verifier=verifier, member_of=[group], settings={"role": group, **limits})


def _role(
    name: str,
    *,
    verifier: str | None = None,
    member_of: list[str] | None = None,
    is_replicating: bool = False,
    connections: int = -1,
    settings: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "verifier": verifier,
        "member_of": member_of or [],
        "is_replicating": is_replicating,
        "connections": connections,
        "settings": dict(settings or {}),
    }


def databases(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    Every database, with who may do what in it. `connect` is {role: privileges}.
    """
    found = [
        {
            "name": database["name"],
            "owner": f"{database['name']}_owner",
            "app": f"{database['name']}_app",
            "read": f"{database['name']}_read",
            "connections": database["connection_limit"],
            "extensions": database["extensions"],
            "connect": {
                f"{database['name']}_app": ["CONNECT", "TEMPORARY"],
                f"{database['name']}_read": ["CONNECT"],
                MONITORING: ["CONNECT"],
            },
            "execute": {},
        }
        for database in told["databases"]
    ]
    return [
        {
            "name": "postgres",
            "owner": "postgres",
            "connections": -1,
            "extensions": ["pg_stat_statements"],
            "connect": {BACKUP: ["CONNECT"], MONITORING: ["CONNECT"]},
            "execute": {BACKUP: list(BACKUP_FUNCTIONS)},
        },
        *found,
    ]
