"""
Check `data`: PostgreSQL, and the disks that data is on. Backups are in this module's neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.audit.rule import Check, Fault, critical, degraded, warning
from ops.audit.scene import Host, Scene
from ops.report import Status

CHECK = Check(name="data", title="Data is there, and can be brought back")

MOUNT = "/mnt/data"
CONNECTIONS_WARNING, CONNECTIONS_DEGRADED = 0.80, 0.95
TRANSACTION_WARNING_S, TRANSACTION_DEGRADED_S = 15 * 60, 2 * 3600
IDLE_WARNING_S = 5 * 60
WAL_WARNING, WAL_DEGRADED = 4, 32
WAL_MEGABYTES = 16
LAG_WARNING_BYTES, LAG_DEGRADED_BYTES = 64 * 1024**2, 1024**3
# Below these, autovacuum has not been due yet. Source: PostgreSQL 15 manual, 20.10, autovacuum_vacuum_scale_factor = 0.2.
BLOAT_SHARE, BLOAT_ROWS, BLOAT_BYTES = 0.3, 10_000, 10 * 1024**2


def server(host: Host) -> dict[str, Any] | None:
    """
    What a running PostgreSQL says; None where none runs, which rules of their own report.
    """
    found = host.see("postgresql")
    return found["server"] if found else None


def sql(host: Host, statement: str, database: str = "postgres") -> str:
    """
    The command that runs a statement on the host.
    """
    return host.command("runuser", "-u", "postgres", "--", "psql", "-d", database, "-c", statement)


@CHECK.rule("volume-unmounted", Host, worst=Status.CRITICAL, holds="every server's disk for data is mounted")
def volume_unmounted(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Where the outputs say that it has one.
    """
    size_gb = scene.outputs["servers"][host.name].get("volume_gb")
    if size_gb and MOUNT not in {disk["mount"] for disk in host.see("disks")}:
        yield critical(
            message="its disk for data is not mounted",
            evidence=f"{size_gb} GB are to be at {MOUNT}",
            fix=host.command("systemctl", "restart", "mnt-data.mount"),
        )


@CHECK.rule("postgresql-down", Host, worst=Status.CRITICAL, holds="PostgreSQL runs on every database server")
def postgresql_down(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    On one that is to have it and does not, and on any that has it and where it stands still.
    """
    found = host.see("postgresql")
    if found is None and "db" in host.roles:
        yield critical(
            message="there is no PostgreSQL, and it is a database server",
            evidence="no cluster in /etc/postgresql",
            fix=f"pulumi up -s {scene.stack}",
        )
    for cluster in found["clusters"] if found else []:
        if not cluster["state"].startswith("online"):
            unit = f"postgresql@{cluster['version']}-{cluster['name']}"
            yield critical(
                at=f"{cluster['version']}/{cluster['name']}",
                message=f"PostgreSQL is {cluster['state']}",
                evidence=f"pg_lsclusters, port {cluster['port']}",
                fix=host.command("systemctl", "restart", unit),
            )


@CHECK.rule("database-missing", Host, worst=Status.CRITICAL, holds="every project's database is on its server")
def database_missing(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    By the outputs.
    """
    found = server(host)
    if found is None:
        return
    for name, project in sorted(scene.outputs["projects"].items()):
        database = project.get("database")
        if database and database["server"] == host.name and database["name"] not in found["databases"]:
            yield critical(
                at=database["name"],
                message=f"the database of {name} is not there",
                evidence="there are: " + (", ".join(sorted(found["databases"])) or "none"),
                fix=f"pulumi up -s {scene.stack}",
            )


@CHECK.rule("connections-high", Host, worst=Status.DEGRADED, holds="a fifth of PostgreSQL's connections is free")
def connections_high(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    When none is left, projects get errors.
    """
    found = server(host)
    share = found["connections"] / found["max_connections"] if found else 0
    if found and share >= CONNECTIONS_WARNING:
        make = degraded if share >= CONNECTIONS_DEGRADED else warning
        yield make(
            message=f"{share:.0%} of the connections are in use",
            evidence=f"{found['connections']} of {found['max_connections']}",
            fix=sql(host, "SELECT datname, state, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC"),
        )


@CHECK.rule("transaction-long", Host, worst=Status.DEGRADED, holds="no transaction is open for a quarter of an hour")
def transaction_long(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    It holds locks and keeps dead rows; one that does nothing does so after five minutes.
    """
    found = server(host)
    if found is None:
        return
    longest_s, idle_s = found["longest_transaction_s"], found["longest_idle_in_transaction_s"]
    if longest_s >= TRANSACTION_WARNING_S or idle_s >= IDLE_WARNING_S:
        make = degraded if max(longest_s, idle_s) >= TRANSACTION_DEGRADED_S else warning
        yield make(
            message=f"a transaction is open for {max(longest_s, idle_s) // 60} minutes",
            evidence=f"longest {longest_s} s, idle in transaction {idle_s} s",
            fix=sql(host, "SELECT pid, usename, state, xact_start, query FROM pg_stat_activity ORDER BY xact_start LIMIT 5"),
        )


@CHECK.rule("wal-waiting", Host, worst=Status.DEGRADED, holds="PostgreSQL's log is archived as it is written")
def wal_waiting(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    What waits is lost with the server. Asked where a database of the server is backed up.
    """
    found = server(host)
    if found is None or not _is_backed_up(host, scene):
        return
    if found["archive_mode"] == "off":
        yield degraded(
            message="PostgreSQL's log is not archived, and its databases are to be backed up",
            evidence="archive_mode off",
            fix=f"pulumi up -s {scene.stack}",
        )
    elif found["archive_waiting"] >= WAL_WARNING:
        make = degraded if found["archive_waiting"] >= WAL_DEGRADED else warning
        yield make(
            message=f"{found['archive_waiting']} pieces of PostgreSQL's log wait to be archived",
            evidence=f"{found['archive_waiting'] * WAL_MEGABYTES} MiB; last archived {found['archived_age_s']} s ago",
            fix=sql(host, "SELECT * FROM pg_stat_archiver"),
        )


def _is_backed_up(host: Host, scene: Scene) -> bool:
    projects = scene.outputs["projects"].values()
    return any(p.get("backup") and (p.get("database") or {}).get("server") == host.name for p in projects)


@CHECK.rule("replica-behind", Host, worst=Status.DEGRADED, holds="replicas have what PostgreSQL has written")
def replica_behind(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    By bytes of its log.
    """
    for replica in (server(host) or {"replicas": []})["replicas"]:
        lag = replica["lag_bytes"] or 0
        if lag >= LAG_WARNING_BYTES:
            make = degraded if lag >= LAG_DEGRADED_BYTES else warning
            yield make(
                at=replica["name"],
                message=f"the replica is {lag // 1024**2} MiB behind",
                evidence=f"state {replica['state']}",
                fix=sql(host, "SELECT * FROM pg_stat_replication"),
            )


@CHECK.rule("bloat", Host, worst=Status.WARNING, holds="no table is a third dead rows")
def bloat(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Of tables where it matters.
    """
    for database, tables in (server(host) or {"tables": {}})["tables"].items():
        for table in tables:
            share = table["dead"] / max(table["dead"] + table["live"], 1)
            if share >= BLOAT_SHARE and table["dead"] >= BLOAT_ROWS and table["bytes"] >= BLOAT_BYTES:
                yield warning(
                    at=f"{database}.{table['name']}",
                    message=f"{share:.0%} of the table are dead rows",
                    evidence=f"{table['dead']} dead, {table['live']} live, {table['bytes'] // 1024**2} MiB",
                    fix=sql(host, f"VACUUM (ANALYZE) {table['name']}", database),
                )
