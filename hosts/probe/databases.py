"""
What PostgreSQL says of itself.
"""

from __future__ import annotations

import json
import os
from typing import Any

from hosts.probe.reading import entries, lines_of, run

CLUSTERS = "/etc/postgresql"
MOST_DATABASES = 50
STATEMENT_TIMEOUT_MS = 2000
SERVER = """
SELECT json_build_object(
    'version', current_setting('server_version'),
    'connections', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    'max_connections', current_setting('max_connections')::int,
    'longest_transaction_s', (SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)::int FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
    'longest_idle_in_transaction_s', (SELECT coalesce(max(extract(epoch FROM now() - state_change)), 0)::int
        FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'),
    'archive_mode', current_setting('archive_mode'),
    'archived_age_s', (SELECT extract(epoch FROM now() - last_archived_time)::int FROM pg_stat_archiver),
    'archive_failed_age_s', (SELECT extract(epoch FROM now() - last_failed_time)::int FROM pg_stat_archiver),
    'archive_waiting', CASE WHEN current_setting('archive_mode') = 'off' THEN 0
        ELSE (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') END,
    'replicas', (SELECT coalesce(json_agg(json_build_object('name', application_name, 'state', state, 'lag_bytes',
        pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint)), '[]') FROM pg_stat_replication),
    'databases', (SELECT coalesce(json_object_agg(datname, pg_database_size(oid)), '{}') FROM pg_database
        WHERE NOT datistemplate AND datallowconn)
);
"""
TABLES = """
SELECT json_build_object('database', current_database(), 'tables', coalesce(json_agg(json_build_object(
    'name', schemaname || '.' || relname, 'live', n_live_tup, 'dead', n_dead_tup, 'bytes', pg_table_size(relid))), '[]'))
FROM (SELECT * FROM pg_stat_user_tables ORDER BY n_dead_tup DESC LIMIT 20) AS most;
"""


def postgresql() -> dict[str, Any] | None:
    """
    The configured clusters with their states, and what the one that runs says; None where there is none configured.
    """
    if not any(entries(str(folder)) for folder in entries(CLUSTERS)):
        return None
    rows = [line.split()[:4] for line in run("pg_lsclusters", "--no-header").splitlines()]
    clusters = [{"version": row[0], "name": row[1], "port": int(row[2]), "state": row[3]} for row in rows]
    is_up = any(row[3].startswith("online") for row in rows)
    return {"clusters": clusters, "server": _server() if is_up else None}


def _server() -> dict[str, Any]:
    server = dict(json.loads(_psql(SERVER)))
    names = sorted(server["databases"])[:MOST_DATABASES]
    script = "".join(f"\\connect {_quoted(name)}\n{TABLES}" for name in names)
    rows = [json.loads(line) for line in _psql(script).splitlines() if line.startswith("{")] if names else []
    return {**server, "tables": {row["database"]: row["tables"] for row in rows}}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _psql(script: str) -> str:
    options = f"PGOPTIONS=-c statement_timeout={STATEMENT_TIMEOUT_MS} -c default_transaction_read_only=on"
    return run("runuser", "-u", "postgres", "--", "env", options, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", stdin=script)


def measures() -> list[dict[str, Any]]:
    """
    What the roles wrote down for Prometheus: name, labels, value.
    """
    found = []
    for path in entries("/var/lib/prometheus/node-exporter", ".prom"):
        for line in lines_of(path):
            if line.startswith("flotilla_"):
                series, _, value = line.rpartition(" ")
                name, _, labels = series.partition("{")
                found.append({"name": name, "labels": _labels(labels.rstrip("}")), "value": float(value)})
    return found


def _labels(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def declaration() -> dict[str, Any] | None:
    """
    Which roles this server has been told to have; None where nobody has told it.
    """
    path = "/etc/flotilla/host.json"
    if not os.path.exists(path):  # noqa: PTH110
        return None
    return {"roles": sorted(json.loads("\n".join(lines_of(path)))["roles"])}
