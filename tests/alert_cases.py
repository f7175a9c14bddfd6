"""
For every alert: measures under which it fires, with what it says, and measures close by under which it stays quiet.

`series` is {measure: values in promtool's notation}: `5+0x10` is eleven fives, `0+60x10` rises by sixty. There is a value every
`every`, rules are evaluated every `evaluated`, and the alerts are looked at after `at`. Time begins at 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DAY_S, HOUR_S = 86_400, 3600
APP, DB, DISK = 'server="app-1"', 'server="db-1"', 'server="app-1",mountpoint="/mnt/data",fstype="ext4"'
DISK_LABELS = {"server": "app-1", "mountpoint": "/mnt/data", "fstype": "ext4"}


@dataclass(frozen=True, kw_only=True)
class Fired:
    """
    An alert that is expected: its labels beside those that the rule sets, what those are where several rules have one name, and
    what people are told.
    """

    summary: str
    labels: Mapping[str, str] = field(default_factory=dict)
    window: str | None = None
    project: str | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """
    Measures, and which alerts of the name are there after a while: none means that it stays quiet.
    """

    series: Mapping[str, str]
    at: str
    every: str = "1m"
    evaluated: str = "1m"
    fired: Sequence[Fired] = ()


def steady(value: float) -> str:
    return f"{value:.12g}+0x2500"


def steps(*parts: tuple[float, int]) -> str:
    """(value, how often) one after the other."""
    return " ".join(f"{value:.12g}+0x{count - 1}" for value, count in parts)


def both(fires: Case, *quiet: Case) -> tuple[Case, ...]:
    return (fires, *quiet)


def share(part: str, whole: str, labels: str, value: float, at: str, fired: Fired | None = None) -> Case:
    """One measure as a share of another."""
    series = {f"{part}{{{labels}}}": steady(value), f"{whole}{{{labels}}}": steady(1)}
    return Case(series=series, at=at, fired=[fired] if fired else [])


def one(measure: str, value: str, at: str, fired: Fired | None = None) -> Case:
    return Case(series={measure: value}, at=at, fired=[fired] if fired else [])


def slow(measure: str, value: str, at: str, fired: Fired | None = None, every: str = "5m") -> Case:
    """Of days: rules are evaluated every hour only."""
    return Case(series={measure: value}, at=at, every=every, evaluated="1h", fired=[fired] if fired else [])


def disk(value: float, at: str, fired: Fired | None = None) -> Case:
    return share("node_filesystem_avail_bytes", "node_filesystem_size_bytes", DISK, value, at, fired)


def disk_trend(per_minute: float, fired: Fired | None = None) -> Case:
    series = {
        f"node_filesystem_avail_bytes{{{DISK}}}": f"39-{per_minute}x2500",
        f"node_filesystem_size_bytes{{{DISK}}}": steady(100),
    }
    return Case(series=series, at="10h", fired=[fired] if fired else [])


def memory(value: float, at: str, fired: Fired | None = None) -> Case:
    return share("node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes", APP, value, at, fired)


def requests(errors_per_minute: float, per_minute: float, at: str, fired: Sequence[Fired] = ()) -> Case:
    series = {
        'haproxy_backend_http_responses_total{code="5xx",proxy="shop-web"}': f"0+{errors_per_minute}x2500",
        'haproxy_backend_http_requests_total{proxy="shop-web"}': f"0+{per_minute}x2500",
    }
    return Case(series=series, at=at, fired=fired)


def backup(measure: str, since: str, fired: Fired | None = None) -> Case:
    """A moment at which something was done last, and nothing since."""
    series = f'flotilla_backup_{measure}_timestamp_seconds{{project="shop",source="database:shop"}}'
    return slow(series, "0+0x6000", since, fired)


def mounted(server: str, device: str, place: str) -> str:
    """Whether a disk is read-only where it is mounted."""
    return f'node_filesystem_readonly{{server="{server}",device="{device}",mountpoint="{place}",fstype="ext4"}}'


def burning(window: str, rate: str) -> Fired:
    words = f"shop uses its error budget {rate} times too fast (seen over {window})"
    return Fired(summary=words, window=window, project="shop")


def resolved(first: tuple[int, int, int], second: tuple[int, int, int], at: str, fired: Fired | None = None) -> Case:
    """What two resolvers say of a name: (is it right, did they answer, with how many records)."""
    series = {
        f'{measure}{{job="probe-dns",resolver="{resolver}",{NAME_LABELS}}}': steady(value)
        for resolver, values in (("1.1.1.1", first), ("9.9.9.9", second))
        for measure, value in zip(RESOLVED, values, strict=True)
    }
    return Case(series=series, at=at, fired=[fired] if fired else [])


def slot(active: int, unfetched: float, most: float = 100 * 1024 * 1024) -> dict[str, str]:
    """A database server's slot for backups: is it read, and how many bytes are kept for it."""
    return {
        f"pg_up{{{DB}}}": steady(1),
        f"pg_replication_slots_active{{{SLOT_LABELS}}}": steady(active),
        f"pg_replication_slots_pg_wal_lsn_diff{{{SLOT_LABELS}}}": NAN if math.isnan(unfetched) else steady(unfetched),
        f"pg_settings_max_slot_wal_keep_size_bytes{{{DB}}}": steady(most),
    }


MEGABYTE = 1024 * 1024
RESOLVED = ("probe_success", "probe_dns_query_succeeded", "probe_dns_answer_rrs")
NAME = {"instance": "shop.example.com", "project": "shop", "record": "A"}
NAME_LABELS = 'instance="shop.example.com",project="shop",record="A"'
WRONG = "shop.example.com does not lead where it is declared to (A)"
UNKNOWN = "not every resolver says that shop.example.com leads where it is declared to (A)"
# Beside the slot's name, as the exporter labels it.
SLOT_LABELS = f'slot_name="flotilla_backup",database="",{DB}'
NAN = " ".join(["NaN"] * 120)
NOT_FETCHED = "the backup server does not fetch the log of db-1: what is written now can be lost"
LOST = "db-1 keeps no log for the backup server: since then there is a gap in its backups"
SERVICE = {"service": "shop-web-1a", "server": "app-1"}
SERVICE_LABELS = 'service="shop-web-1a",server="app-1"'
SITE = {"instance": "https://shop.example.com/up", "job": "probe-site", "project": "shop"}
SITE_LABELS = 'instance="https://shop.example.com/up",job="probe-site",project="shop"'
SHOP = {"project": "shop", "source": "database:shop"}
COVERED = (
    ("guestbook", "volume:data"),
    ("shop", "database:shop"),
    ("shop", "volume:uploads"),
    ("ingress", "volume:certificates-app-1"),
    ("ingress", "volume:certificates-app-2"),
)
APP_LABELS, DB_LABELS = {"server": "app-1"}, {"server": "db-1"}
UNIT = 'name="cron.service",state="failed",server="app-1"'
RESTARTS, KILLS = "flotilla_container_restarts_total", "flotilla_container_oom_kills_total"

CASES: Mapping[str, tuple[Case, ...]] = {
    # Servers.
    "ServerUnreachable": both(
        one(
            'up{job="node",server="app-1"}',
            steady(0),
            "3m",
            Fired(summary="app-1 does not answer", labels={"job": "node", **APP_LABELS}),
        ),
        one('up{job="node",server="app-1"}', steps((0, 2), (1, 20)), "5m"),
        one('up{job="docker",server="app-1"}', steady(0), "5m"),
    ),
    "ServerRestarted": both(
        one(f"node_boot_time_seconds{{{APP}}}", steady(0), "9m", Fired(summary="app-1 restarted", labels=APP_LABELS)),
        one(f"node_boot_time_seconds{{{APP}}}", steady(0), "11m"),
    ),
    "DiskAlmostFull": both(
        disk(0.04, "5m", Fired(summary="/mnt/data on app-1 is 95 % full", labels=DISK_LABELS)), disk(0.051, "30m")
    ),
    "DiskFilling": both(
        disk(0.14, "15m", Fired(summary="/mnt/data on app-1 is 85 % full", labels=DISK_LABELS)),
        disk(0.14, "14m"),
        disk(0.16, "1h"),
    ),
    "DiskFullWithinADay": both(
        disk_trend(0.03, Fired(summary="/mnt/data on app-1 will be full within a day", labels=DISK_LABELS)),
        disk_trend(0.01),
    ),
    "InodesFilling": both(
        share(
            "node_filesystem_files_free",
            "node_filesystem_files",
            DISK,
            0.09,
            "15m",
            Fired(summary="/mnt/data on app-1 runs out of inodes", labels=DISK_LABELS),
        ),
        share("node_filesystem_files_free", "node_filesystem_files", DISK, 0.11, "1h"),
    ),
    "DiskReadOnly": both(
        one(
            f"node_filesystem_readonly{{{DISK}}}",
            steady(1),
            "1m",
            Fired(summary="/mnt/data on app-1 cannot be written to", labels=DISK_LABELS),
        ),
        one(f"node_filesystem_readonly{{{DISK}}}", steady(0), "1h"),
        one('node_filesystem_readonly{fstype="squashfs",server="app-1"}', steady(1), "1h"),
        # Shown read-only at one place, written to at another; on another server, or another disk, that is no excuse.
        Case(series={mounted("app-1", "/dev/sda1", "/"): steady(0), mounted("app-1", "/dev/sda1", "/srv"): steady(1)}, at="1h"),
        Case(
            series={
                mounted("app-1", "/dev/sdb", "/mnt/data"): steady(1),
                mounted("app-1", "/dev/sda1", "/"): steady(0),
                mounted("app-2", "/dev/sdb", "/mnt/data"): steady(0),
            },
            at="1m",
            fired=[Fired(summary="/mnt/data on app-1 cannot be written to", labels={"device": "/dev/sdb", **DISK_LABELS})],
        ),
    ),
    "MemoryExhausted": both(
        memory(0.04, "5m", Fired(summary="app-1 has 5 % of its memory left", labels=APP_LABELS)), memory(0.06, "1h")
    ),
    "MemoryShort": both(
        memory(0.14, "15m", Fired(summary="app-1 has 15 % of its memory left", labels=APP_LABELS)), memory(0.16, "1h")
    ),
    "ProcessorSaturated": both(
        one(
            f'node_cpu_seconds_total{{mode="idle",cpu="0",{APP}}}',
            "0+5x100",
            "41m",
            Fired(summary="app-1 is busy with 90 % of its cores", labels=APP_LABELS),
        ),
        one(f'node_cpu_seconds_total{{mode="idle",cpu="0",{APP}}}', "0+7x100", "90m"),
    ),
    "KilledForMemory": both(
        one(
            f"node_vmstat_oom_kill{{{APP}}}",
            steps((0, 5), (1, 20)),
            "6m",
            Fired(summary="app-1 killed a process for want of memory", labels=APP_LABELS),
        ),
        one(f"node_vmstat_oom_kill{{{APP}}}", steps((0, 5), (1, 40)), "30m"),
    ),
    "ClockNotSynchronised": both(
        one(
            f"node_timex_sync_status{{{APP}}}",
            steady(0),
            "15m",
            Fired(summary="the clock of app-1 is not synchronised", labels=APP_LABELS),
        ),
        one(f"node_timex_sync_status{{{APP}}}", steady(1), "1h"),
    ),
    "UnitFailed": both(
        one(
            f"node_systemd_unit_state{{{UNIT}}}",
            steady(1),
            "5m",
            Fired(summary="cron.service has failed on app-1", labels={"name": "cron.service", "state": "failed", **APP_LABELS}),
        ),
        one(f"node_systemd_unit_state{{{UNIT}}}", steady(0), "1h"),
        one(f"node_systemd_unit_state{{{UNIT.replace('failed', 'active')}}}", steady(1), "1h"),
    ),
    "SecurityUpdatesPending": both(
        slow(
            f"flotilla_updates_pending{{{APP}}}",
            "2+0x1000",
            "3d",
            Fired(summary="app-1 lacks security updates", labels=APP_LABELS),
        ),
        slow(f"flotilla_updates_pending{{{APP}}}", "2+0x1000", "2d"),
    ),
    "RestartRequired": both(
        slow(
            f"flotilla_reboot_required{{{APP}}}",
            "1+0x2100",
            "7d",
            Fired(summary="app-1 waits for a restart after updates", labels=APP_LABELS),
        ),
        slow(f"flotilla_reboot_required{{{APP}}}", "1+0x1000 0+0x1000", "7d"),
    ),
    # Containers.
    "ContainerRestarting": both(
        one(
            f"{RESTARTS}{{{SERVICE_LABELS}}}",
            "0+1x10",
            "8m",
            Fired(summary="shop-web-1a keeps restarting on app-1", labels=SERVICE),
        ),
        one(f"{RESTARTS}{{{SERVICE_LABELS}}}", steps((0, 5), (2, 20)), "10m"),
    ),
    "ContainerRestarted": both(
        one(
            f"{RESTARTS}{{{SERVICE_LABELS}}}",
            steps((0, 5), (1, 20)),
            "6m",
            Fired(summary="shop-web-1a was restarted on app-1", labels=SERVICE),
        ),
        one(f"{RESTARTS}{{{SERVICE_LABELS}}}", steady(3), "2h"),
    ),
    "ContainerOutOfMemory": both(
        one(
            f"{KILLS}{{{SERVICE_LABELS}}}",
            steps((0, 5), (1, 20)),
            "6m",
            Fired(
                summary="shop-web-1a was killed on app-1 for want of memory: raise limits.memory_mb",
                labels=SERVICE,
            ),
        ),
        one(f"{KILLS}{{{SERVICE_LABELS}}}", steady(1), "1h"),
    ),
    "ContainerMemoryNearLimit": both(
        share(
            "flotilla_container_memory_bytes",
            "flotilla_container_memory_limit_bytes",
            f'{SERVICE_LABELS},slot="1"',
            0.95,
            "15m",
            Fired(summary="shop-web-1a uses 90 % of its memory on app-1", labels={**SERVICE, "slot": "1"}),
        ),
        share(
            "flotilla_container_memory_bytes",
            "flotilla_container_memory_limit_bytes",
            f'{SERVICE_LABELS},slot="1"',
            0.85,
            "1h",
        ),
    ),
    # Requests.
    "SiteDown": both(
        one(
            f"probe_success{{{SITE_LABELS}}}",
            steady(0),
            "2m",
            Fired(summary="https://shop.example.com/up does not answer as it should", labels=SITE),
        ),
        one(f"probe_success{{{SITE_LABELS}}}", steps((0, 1), (1, 20)), "10m"),
        resolved((0, 1, 1), (0, 1, 1), "1h"),
    ),
    # Names. Two resolvers are asked.
    "DnsWrong": both(
        resolved((0, 1, 1), (0, 1, 1), "10m", Fired(summary=WRONG, labels=NAME)),
        resolved((0, 1, 0), (0, 1, 0), "10m", Fired(summary=WRONG, labels=NAME)),
        resolved((0, 1, 1), (0, 0, 0), "10m", Fired(summary=WRONG, labels=NAME)),
        resolved((1, 1, 1), (0, 1, 1), "1h"),
        resolved((0, 0, 0), (0, 1, 0), "1h"),
        resolved((0, 0, 0), (0, 0, 0), "1h"),
        resolved((0, 1, 1), (0, 1, 1), "9m"),
    ),
    "DnsUnknown": both(
        resolved((0, 0, 0), (0, 0, 0), "15m", Fired(summary=UNKNOWN, labels=NAME)),
        resolved((1, 1, 1), (0, 0, 0), "15m", Fired(summary=UNKNOWN, labels=NAME)),
        resolved((1, 1, 1), (0, 1, 1), "15m", Fired(summary=UNKNOWN, labels=NAME)),
        resolved((0, 0, 0), (0, 1, 0), "15m", Fired(summary=UNKNOWN, labels=NAME)),
        resolved((1, 1, 1), (1, 1, 1), "1h"),
        resolved((0, 1, 1), (0, 1, 1), "1h"),
        resolved((0, 0, 0), (0, 0, 0), "14m"),
    ),
    "CertificateExpiresSoon": both(
        one(
            f"probe_ssl_earliest_cert_expiry{{{SITE_LABELS}}}",
            steady(6 * DAY_S),
            "1h",
            Fired(summary="the certificate of https://shop.example.com/up expires within 7 days", labels=SITE),
        ),
        one(f"probe_ssl_earliest_cert_expiry{{{SITE_LABELS}}}", steady(8 * DAY_S), "2h"),
    ),
    "CertificateNotRenewed": both(
        one(
            f"probe_ssl_earliest_cert_expiry{{{SITE_LABELS}}}",
            steady(20 * DAY_S),
            "6h",
            Fired(
                summary="the certificate of https://shop.example.com/up expires within 21 days and was not renewed", labels=SITE
            ),
        ),
        one(f"probe_ssl_earliest_cert_expiry{{{SITE_LABELS}}}", steady(22 * DAY_S), "8h"),
    ),
    "ErrorsHigh": both(
        requests(6, 100, "10m", [Fired(summary="5 % of shop-web's answers are errors", labels={"proxy": "shop-web"})]),
        requests(4, 100, "30m"),
        requests(3, 5, "30m"),
    ),
    "LatencyHigh": both(
        one(
            'haproxy_backend_response_time_average_seconds{proxy="shop-web",server="app-1"}',
            steady(1.5),
            "10m",
            Fired(summary="shop-web takes more than a second to answer", labels={"proxy": "shop-web"}),
        ),
        one('haproxy_backend_response_time_average_seconds{proxy="shop-web",server="app-1"}', steady(0.9), "1h"),
    ),
    "RequestsQueued": both(
        one(
            'haproxy_backend_current_queue{proxy="shop-web",server="app-1"}',
            steady(1),
            "5m",
            Fired(summary="requests for shop-web wait for a free server", labels={"proxy": "shop-web"}),
        ),
        one('haproxy_backend_current_queue{proxy="shop-web",server="app-1"}', steps((3, 4), (0, 20)), "10m"),
    ),
    "IngressNearItsLimit": both(
        share(
            "haproxy_process_current_connections",
            "haproxy_process_max_connections",
            APP,
            0.81,
            "5m",
            Fired(summary="app-1 has 80 % of the connections that its ingress takes", labels=APP_LABELS),
        ),
        share("haproxy_process_current_connections", "haproxy_process_max_connections", APP, 0.79, "1h"),
    ),
    "TrafficStopped": both(
        slow(
            'haproxy_backend_http_requests_total{proxy="shop-web"}',
            "0+60x1440 86400+0x130",
            "26h",
            Fired(summary="shop-web gets no requests, and had some a day ago", labels={"proxy": "shop-web"}),
            every="1m",
        ),
        slow('haproxy_backend_http_requests_total{proxy="shop-web"}', "0+60x1600", "26h", every="1m"),
        slow('haproxy_backend_http_requests_total{proxy="shop-web"}', steady(5), "26h", every="1m"),
    ),
    # Databases.
    "DatabaseServerDown": both(
        one(f"pg_up{{{DB}}}", steady(0), "1m", Fired(summary="PostgreSQL on db-1 does not answer", labels=DB_LABELS)),
        one(f"pg_up{{{DB}}}", steady(1), "1h"),
    ),
    "DatabaseConnectionsHigh": both(
        Case(
            series={
                f'pg_stat_activity_count{{datname="shop",{DB}}}': steady(50),
                f'pg_stat_activity_count{{datname="ledger",{DB}}}': steady(35),
                f"pg_settings_max_connections{{{DB}}}": steady(100),
            },
            at="5m",
            fired=[Fired(summary="80 % of the connections to db-1's databases are taken", labels=DB_LABELS)],
        ),
        share("pg_stat_activity_count", "pg_settings_max_connections", DB, 0.79, "1h"),
    ),
    "DatabaseTransactionOld": both(
        one(
            f'pg_stat_activity_max_tx_duration{{datname="shop",state="active",{DB}}}',
            steady(1801),
            "5m",
            Fired(summary="a transaction in shop has been open for half an hour", labels={"datname": "shop", **DB_LABELS}),
        ),
        one(f'pg_stat_activity_max_tx_duration{{datname="shop",state="active",{DB}}}', steady(1700), "1h"),
        one(f'pg_stat_activity_max_tx_duration{{datname="shop",state="idle",{DB}}}', steady(9000), "1h"),
    ),
    "DatabaseDeadlocks": both(
        one(
            f'pg_stat_database_deadlocks{{datname="shop",{DB}}}',
            steps((0, 5), (1, 20)),
            "6m",
            Fired(summary="deadlocks in shop", labels={"datname": "shop", **DB_LABELS}),
        ),
        one(f'pg_stat_database_deadlocks{{datname="shop",{DB}}}', steady(4), "1h"),
    ),
    # The databases' log.
    "LogNotFetched": both(
        Case(series=slot(0, 1000), at="3m", fired=[Fired(summary=NOT_FETCHED, labels=DB_LABELS)]),
        Case(series=slot(1, 33 * MEGABYTE), at="3m", fired=[Fired(summary=NOT_FETCHED, labels=DB_LABELS)]),
        Case(series=slot(1, 0), at="1h"),
        Case(series=slot(1, 31 * MEGABYTE), at="1h"),
        one(f"pg_replication_slots_active{{{SLOT_LABELS}}}", steps((0, 2), (1, 40)), "5m"),
        one(f'pg_replication_slots_active{{slot_name="of_others",{DB}}}', steady(0), "1h"),
    ),
    "LogKept": both(
        Case(
            series=slot(0, 51 * MEGABYTE),
            at="5m",
            fired=[Fired(summary="db-1 keeps half of the log that it may keep for the backup server", labels=DB_LABELS)],
        ),
        Case(series=slot(0, 49 * MEGABYTE), at="1h"),
        Case(series=slot(0, 900 * MEGABYTE, most=-1), at="1h"),
    ),
    "SlotLost": both(
        Case(series=slot(0, float("nan")), at="5m", fired=[Fired(summary=LOST, labels=DB_LABELS)]),
        Case(series={f"pg_up{{{DB}}}": steady(1)}, at="5m", fired=[Fired(summary=LOST, labels=DB_LABELS)]),
        Case(series=slot(1, 0), at="1h"),
        Case(series=slot(0, 90 * MEGABYTE), at="1h"),
        Case(series={f"pg_up{{{DB}}}": steady(0)}, at="1h"),
    ),
    # The watching itself.
    "AlertsNotSent": both(
        one(
            'prometheus_notifications_errors_total{alertmanager="a"}',
            steps((0, 5), (1, 20)),
            "12m",
            Fired(summary="alerts cannot be sent", labels={"alertmanager": "a"}),
        ),
        one('prometheus_notifications_errors_total{alertmanager="a"}', steady(1), "1h"),
    ),
    "RulesFail": both(
        one(
            'prometheus_rule_evaluation_failures_total{rule_group="g"}',
            steps((0, 5), (1, 20)),
            "12m",
            Fired(summary="alert rules cannot be evaluated", labels={"rule_group": "g"}),
        ),
        one('prometheus_rule_evaluation_failures_total{rule_group="g"}', steady(1), "1h"),
    ),
    "MeasuresMissing": both(
        one(
            'up{job="postgres",instance="10.0.1.3:9187"}',
            steady(0),
            "10m",
            Fired(
                summary="postgres on 10.0.1.3:9187 gives no measures", labels={"job": "postgres", "instance": "10.0.1.3:9187"}
            ),
        ),
        one('up{job="postgres",instance="10.0.1.3:9187"}', steps((0, 8), (1, 40)), "30m"),
        one('up{job="node",server="app-1"}', steady(0), "30m"),
    ),
    # Promises. The shop is backed up every six hours, and may be six more late; it is tried every fourteen days.
    "BackupOld": both(
        backup("success", "14h", Fired(summary="the last backup of shop's database:shop is too old", labels=SHOP)),
        backup("success", "12h"),
    ),
    "BackupMissing": both(
        Case(
            series={},
            at="1h",
            fired=[
                Fired(
                    summary=f"{project}'s {source} was never backed up, or nobody knows",
                    labels={"project": project, "source": source},
                    project=project,
                )
                for project, source in COVERED
            ],
        ),
        Case(
            series={
                f'flotilla_backup_success_timestamp_seconds{{project="{project}",source="{source}"}}': steady(0)
                for project, source in COVERED
            },
            at="3h",
        ),
    ),
    "BackupNotTried": both(
        backup("drill", "362h", Fired(summary="no backup of shop's database:shop was restored for 14 days", labels=SHOP)),
        backup("drill", "360h"),
    ),
    "BackupShrunk": both(
        slow(
            'flotilla_backup_size_bytes{project="shop",source="database:shop"}',
            "1000+0x299 400+0x100",
            "26h",
            Fired(summary="the backup of shop's database:shop is half as large as yesterday's", labels=SHOP),
        ),
        slow(
            'flotilla_backup_size_bytes{project="shop",source="database:shop"}',
            "1000+0x299 600+0x100",
            "26h",
        ),
    ),
    "BackupNotCopied": both(
        backup("offsite", "14h", Fired(summary="the last off-site copy of shop's database:shop is too old", labels=SHOP)),
        backup("offsite", "12h"),
    ),
    "ErrorBudgetBurning": both(
        requests(2, 100, "70m", [burning("1h", "14.4"), burning("6h", "6"), burning("3d", "1")]),
        requests(0.8, 100, "70m", [burning("6h", "6"), burning("3d", "1")]),
        requests(0.2, 100, "70m", [burning("3d", "1")]),
        requests(0.05, 100, "70m"),
    ),
    "LatencyObjectiveMissed": both(
        one(
            f"probe_duration_seconds{{{SITE_LABELS}}}",
            steady(0.5),
            "15m",
            Fired(summary="shop answers slower than it promises", labels=SITE),
        ),
        one(f"probe_duration_seconds{{{SITE_LABELS}}}", steady(0.3), "1h"),
    ),
}


def promtool_tests(groups: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """
    Files for `promtool test rules`: {name: document}. `rules-<group>.yml` are the rules of a group, `test-<group>-<...>.yml`
    the cases that are evaluated equally often. Promises are those of the shop; the same functions make other projects'.
    """
    documents: dict[str, dict[str, Any]] = {}
    for group in groups:
        names = dict.fromkeys(rule["alert"] for rule in group["rules"] if rule["labels"].get("project", "shop") == "shop")
        cases = [(name, case) for name in names for case in CASES.get(name, ())]
        rules_file = f"rules-{group['name']}.yml"
        for evaluated in sorted({case.evaluated for _, case in cases}):
            tests = [_test(name, group["rules"], case) for name, case in cases if case.evaluated == evaluated]
            document = {"rule_files": [rules_file], "evaluation_interval": evaluated, "tests": tests}
            documents |= {rules_file: {"groups": [group]}, f"test-{group['name']}-{evaluated}.yml": document}
    return documents


def _test(name: str, rules: Sequence[Mapping[str, Any]], case: Case) -> dict[str, Any]:
    expected = [_expected(name, rules, fired) for fired in case.fired]
    return {
        "name": f"{name} {'fires' if expected else 'stays quiet'}",
        "interval": case.every,
        "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
        "alert_rule_test": [{"eval_time": case.at, "alertname": name, "exp_alerts": expected}],
    }


def _expected(name: str, rules: Sequence[Mapping[str, Any]], fired: Fired) -> dict[str, Any]:
    project = fired.project or fired.labels.get("project")
    [rule] = (
        rule
        for rule in rules
        if rule["alert"] == name
        and rule["labels"].get("window") == fired.window
        and rule["labels"].get("project", project) == project
    )
    return {
        "exp_labels": {**fired.labels, **rule["labels"]},
        "exp_annotations": {"summary": fired.summary, "runbook": rule["annotations"]["runbook"]},
    }
