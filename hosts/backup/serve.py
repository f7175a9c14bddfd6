"""
Giving data back: a cluster is restored here, and another server takes from it what it wants, with a password that is good once.

The server that takes has no credential of the backup server before, and none after: the cluster is gone when whoever asked for
it has hung up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hosts.backup import pgbackrest, throwaway, verify
from hosts.backup.config import Config, Stanza
from hosts.backup.errors import failed
from hosts.backup.pgbackrest import Backup
from hosts.backup.throwaway import Cluster
from hosts.backup.throwaway_unit import DUMPER

_DATABASES = """\
SELECT json_object_agg(datname, json_build_object('owner', pg_get_userbyid(datdba), 'encoding', pg_encoding_to_char(encoding),
'collate', datcollate, 'ctype', datctype, 'size', pg_database_size(oid)))::text
FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"""


def serve(config: Config, stanza: Stanza, wish: Mapping[str, Any]) -> None:
    """
    Restore a cluster and answer until standard input ends. `wish` is {password, at, label}: `at` is a moment in seconds since
    1970, None for all that there is; `label` the backup to begin with, None for the one that fits. Prints one line when it is
    ready: {address, port, user, databases, reached, recovered_until, durations}.
    """
    at, label = wish.get("at"), wish.get("label")
    backups = pgbackrest.information(stanza).backups
    if label:
        chosen = verify.choose(stanza, backups, label)
    else:
        chosen = verify.choose_for_time(stanza, sound(backups), at) if at else verify.choose(stanza, sound(backups), None)
    with throwaway.restored(config, stanza, chosen, wish["reader"]) as cluster:
        cluster.recover(target(at))
        reached = None if at else cluster.require_end()
        databases = _open(cluster, wish["password"])
        _say(cluster, databases, reached)
        sys.stdin.read()


def sound(backups: Sequence[Backup]) -> list[Backup]:
    """
    Those in which no page was damaged on the server already: the log makes up for an older one. All, where there are no others.
    """
    damaged = {backup.label for backup in backups if backup.is_damaged}
    return [backup for backup in backups if not damaged & {backup.label, *backup.reference}] or list(backups)


def target(at: float | None) -> dict[str, str]:
    """
    PostgreSQL's words for a moment: the last one that is not after it.
    """
    if at is None:
        return {}
    return {"recovery_target_time": datetime.fromtimestamp(at, UTC).isoformat(), "recovery_target_inclusive": "on"}


def _open(cluster: Cluster, password: str) -> dict[str, Any]:
    """
    Let the one reader in: who sees everything, and changes nothing.
    """
    if not set(password) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"):
        raise failed("bad-password", cluster.stanza.resource, "the password has letters that it may not have", "Choose another")
    with cluster.session("postgres") as session:
        session.ask(f"DROP ROLE IF EXISTS {DUMPER}")
        session.ask(f"CREATE ROLE {DUMPER} LOGIN BYPASSRLS PASSWORD '{password}' IN ROLE pg_read_all_data")
        databases = json.loads(session.ask(_DATABASES) or "{}")
    for name in databases:
        with cluster.session(name) as session:
            session.ask(f'GRANT CONNECT ON DATABASE "{name}" TO {DUMPER}')
    return dict(databases)


def _say(cluster: Cluster, databases: Mapping[str, Any], reached: str | None) -> None:
    document = {
        "address": cluster.config.address,
        "port": cluster.config.serve_port,
        "user": DUMPER,
        "label": cluster.backup.label,
        "system_id": cluster.backup.system_id,
        "databases": databases,
        "reached": reached,
        "recovered_until": cluster.last_transaction,
        "durations": {name: round(seconds, 2) for name, seconds in cluster.durations.items()},
    }
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
