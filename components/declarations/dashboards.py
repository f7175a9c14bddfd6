"""
Grafana dashboards as data: the fleet, one project, the databases. What is on them is asked in the same words as the alerts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

SCHEMA_VERSION = 39  # Grafana 10 and later read it
COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
REFRESH = "30s"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """
    One figure. `queries` is (expression, legend)...; `unit` is Grafana's name, such as `percentunit`.
    """

    title: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"
    kind: Literal["timeseries", "stat", "table"] = "timeseries"
    width: int = 12
    height: int = 8


def _panel(panel: Panel, number: int, column: int, row: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": DATASOURCE,
        "gridPos": {"x": column, "y": row, "w": panel.width, "h": panel.height},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": DATASOURCE, "expr": expression, "legendFormat": legend}
            for index, (expression, legend) in enumerate(panel.queries)
        ],
    }


def _placed(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """
    From left to right, then down.
    """
    placed, column, row, tallest = [], 0, 0, 0
    for number, panel in enumerate(panels, start=1):
        if column + panel.width > COLUMNS:
            column, row, tallest = 0, row + tallest, 0
        placed.append(_panel(panel, number, column, row))
        column, tallest = column + panel.width, max(tallest, panel.height)
    return placed


def _variable(name: str, label: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _dashboard(uid: str, title: str, panels: Sequence[Panel], variables: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "uid": uid,
        "title": title,
        "tags": ["flotilla"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "refresh": REFRESH,
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "utc",
        "templating": {"list": list(variables)},
        "panels": _placed(panels),
    }


_SERVER = 'server=~"$server"'
_DISKS = f'{_SERVER},fstype=~"ext4|xfs"'
_PROXY = 'proxy=~"$process"'
_DATABASE = 'datname=~"$database"'
_FOUND = f"sum(rate(pg_stat_database_blks_hit{{{_DATABASE}}}[15m]))"
_READ = f"sum(rate(pg_stat_database_blks_read{{{_DATABASE}}}[15m]))"


def fleet(environment: str) -> dict[str, Any]:
    """
    All servers: is everything there, and how much room is left.
    """
    panels = (
        Panel(title="Servers that answer", queries=[('sum(up{job="node"})', "servers")], kind="stat", width=6, height=4),
        Panel(
            title="Sites that answer",
            queries=[('sum(probe_success{job=~"probe-.+",job!="probe-dns"})', "sites")],
            kind="stat",
            width=6,
            height=4,
        ),
        Panel(
            title="First certificate to expire",
            queries=[("min(probe_ssl_earliest_cert_expiry) - time()", "time left")],
            unit="s",
            kind="stat",
            width=6,
            height=4,
        ),
        Panel(
            title="Oldest backup",
            queries=[("max(time() - flotilla_backup_success_timestamp_seconds)", "age")],
            unit="s",
            kind="stat",
            width=6,
            height=4,
        ),
        Panel(
            title="Processor",
            queries=[(f'1 - avg by (server) (rate(node_cpu_seconds_total{{mode="idle",{_SERVER}}}[5m]))', "{{server}}")],
            unit="percentunit",
        ),
        Panel(
            title="Memory in use",
            queries=[
                (f"1 - node_memory_MemAvailable_bytes{{{_SERVER}}} / node_memory_MemTotal_bytes{{{_SERVER}}}", "{{server}}")
            ],
            unit="percentunit",
        ),
        Panel(
            title="Disks in use",
            queries=[
                (
                    f"1 - node_filesystem_avail_bytes{{{_DISKS}}} / node_filesystem_size_bytes{{{_DISKS}}}",
                    "{{server}} {{mountpoint}}",
                )
            ],
            unit="percentunit",
        ),
        Panel(
            title="Network",
            queries=[
                (f"sum by (server) (rate(node_network_receive_bytes_total{{{_SERVER}}}[5m]))", "{{server}} in"),
                (f"sum by (server) (rate(node_network_transmit_bytes_total{{{_SERVER}}}[5m]))", "{{server}} out"),
            ],
            unit="Bps",
        ),
        Panel(title="Load", queries=[(f"node_load5{{{_SERVER}}}", "{{server}}")]),
        Panel(
            title="Age of backups",
            queries=[("time() - flotilla_backup_success_timestamp_seconds", "{{project}} {{source}}")],
            unit="s",
        ),
        Panel(
            title="Container restarts in an hour",
            queries=[(f"increase(flotilla_container_restarts_total{{{_SERVER}}}[1h])", "{{service}} on {{server}}")],
        ),
        Panel(title="Security updates that wait", queries=[(f"flotilla_updates_pending{{{_SERVER}}}", "{{server}}")]),
    )
    return _dashboard(
        "flotilla-fleet",
        f"Fleet ({environment})",
        panels,
        [_variable("server", "Server", 'label_values(up{job="node"}, server)')],
    )


def project(environment: str) -> dict[str, Any]:
    """
    One project's processes: the golden signals, its containers, its sites.
    """
    errors = f'haproxy_backend_http_responses_total{{code="5xx",{_PROXY}}}'
    requests = f"haproxy_backend_http_requests_total{{{_PROXY}}}"
    panels = (
        Panel(title="Requests", queries=[(f"sum by (proxy) (rate({requests}[5m]))", "{{proxy}}")], unit="reqps"),
        Panel(
            title="Share of errors",
            queries=[(f"sum by (proxy) (rate({errors}[5m])) / sum by (proxy) (rate({requests}[5m]))", "{{proxy}}")],
            unit="percentunit",
        ),
        Panel(
            title="Time to answer",
            queries=[(f"max by (proxy) (haproxy_backend_response_time_average_seconds{{{_PROXY}}})", "{{proxy}}")],
            unit="s",
        ),
        Panel(
            title="Answers by status",
            queries=[(f"sum by (code) (rate(haproxy_backend_http_responses_total{{{_PROXY}}}[5m]))", "{{code}}")],
            unit="reqps",
        ),
        Panel(
            title="Requests being answered, and waiting",
            queries=[
                (f"sum by (proxy) (haproxy_backend_current_sessions{{{_PROXY}}})", "{{proxy}} being answered"),
                (f"sum by (proxy) (haproxy_backend_current_queue{{{_PROXY}}})", "{{proxy}} waiting"),
            ],
        ),
        Panel(
            title="Containers that answer",
            queries=[(f"min by (proxy) (haproxy_backend_active_servers{{{_PROXY}}})", "{{proxy}}")],
        ),
        Panel(
            title="Memory of containers, of their limit",
            queries=[
                (
                    'flotilla_container_memory_bytes{service=~"$process.*"}'
                    ' / flotilla_container_memory_limit_bytes{service=~"$process.*"}',
                    "{{service}} on {{server}}",
                )
            ],
            unit="percentunit",
        ),
        Panel(
            title="Restarts and kills for memory",
            queries=[
                ('increase(flotilla_container_restarts_total{service=~"$process.*"}[1h])', "{{service}} restarts"),
                ('increase(flotilla_container_oom_kills_total{service=~"$process.*"}[1h])', "{{service}} kills"),
            ],
        ),
        Panel(
            title="Sites, seen from outside", queries=[('probe_duration_seconds{job!="probe-dns"}', "{{instance}}")], unit="s"
        ),
        Panel(title="Status of sites", queries=[("probe_http_status_code", "{{instance}}")]),
        Panel(
            title="Resolvers that say where a name leads as it is declared",
            queries=[('sum by (instance, record) (probe_success{job="probe-dns"})', "{{instance}} {{record}}")],
        ),
    )
    variable = _variable("process", "Process", 'label_values(haproxy_backend_http_requests_total{proxy!="unknown"}, proxy)')
    return _dashboard("flotilla-project", f"Projects ({environment})", panels, [variable])


def database(environment: str) -> dict[str, Any]:
    """
    PostgreSQL: connections, work, room.
    """
    panels = (
        Panel(title="Servers that answer", queries=[("sum(pg_up)", "servers")], kind="stat", width=6, height=4),
        Panel(
            title="Connections taken",
            queries=[("sum(pg_stat_activity_count) / sum(pg_settings_max_connections)", "of all")],
            unit="percentunit",
            kind="stat",
            width=6,
            height=4,
        ),
        Panel(
            title="Size",
            queries=[(f"sum(pg_database_size_bytes{{{_DATABASE}}})", "all")],
            unit="bytes",
            kind="stat",
            width=6,
            height=4,
        ),
        Panel(
            title="Found in memory",
            queries=[(f"{_FOUND} / ({_FOUND} + {_READ})", "share")],
            unit="percentunit",
            kind="stat",
            width=6,
            height=4,
        ),
        Panel(title="Connections", queries=[(f"pg_stat_database_numbackends{{{_DATABASE}}}", "{{datname}}")]),
        Panel(
            title="Transactions",
            queries=[
                (f"rate(pg_stat_database_xact_commit{{{_DATABASE}}}[5m])", "{{datname}} done"),
                (f"rate(pg_stat_database_xact_rollback{{{_DATABASE}}}[5m])", "{{datname}} undone"),
            ],
            unit="ops",
        ),
        Panel(
            title="Oldest transaction",
            queries=[(f"max by (datname) (pg_stat_activity_max_tx_duration{{{_DATABASE}}})", "{{datname}}")],
            unit="s",
        ),
        Panel(
            title="Deadlocks in an hour", queries=[(f"increase(pg_stat_database_deadlocks{{{_DATABASE}}}[1h])", "{{datname}}")]
        ),
        Panel(title="Size of databases", queries=[(f"pg_database_size_bytes{{{_DATABASE}}}", "{{datname}}")], unit="bytes"),
        Panel(
            title="Age of backups",
            queries=[('time() - flotilla_backup_success_timestamp_seconds{source=~"database:.+"}', "{{project}} {{source}}")],
            unit="s",
        ),
        Panel(
            title="Log that the backup server has not fetched",
            queries=[('pg_replication_slots_pg_wal_lsn_diff{slot_name="flotilla_backup"}', "{{server}}")],
            unit="bytes",
        ),
    )
    variable = _variable("database", "Database", "label_values(pg_database_size_bytes, datname)")
    return _dashboard("flotilla-database", f"Databases ({environment})", panels, [variable])
