"""
When somebody is told: the four golden signals, disks, certificates, backups, containers, databases, and the watching itself.

Severity `critical` wakes somebody up, `warning` waits for the morning. `runbook` names what to do about it: docs have a page of
this name each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from components.declarations import backup, db
from components.haproxy import backend_name
from components.naming import all_servers
from settings import Kind, Project, Settings
from settings.gaps import longest_gap_s
from settings.project import Slo

DAY_S = 86_400
# A backup may be this much late: it takes time, and a server may be restarted meanwhile.
BACKUP_GRACE_S = 6 * 3600
# Burn rates of a 30-day budget, each over a long and a short window: (rate, long, short, for, severity).
# Source: Google, "The Site Reliability Workbook", chapter 5, table 5-8.
BURN_RATES: tuple[tuple[float, str, str, str, Literal["critical", "warning"]], ...] = (
    (14.4, "1h", "5m", "2m", "critical"),
    (6.0, "6h", "30m", "15m", "critical"),
    (1.0, "3d", "6h", "1h", "warning"),
)


@dataclass(frozen=True, kw_only=True)
class Alert:
    """
    One rule. `hold` is how long it must be so before somebody is told; `summary` may use the measure's labels.
    """

    name: str
    expression: str
    hold: str
    severity: Literal["critical", "warning"]
    summary: str
    runbook: str

    def rule(self) -> dict[str, Any]:
        """
        As Prometheus has it.
        """
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.hold,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary, "runbook": self.runbook},
        }


def _critical(name: str, expression: str, hold: str, summary: str, runbook: str) -> Alert:
    return Alert(name=name, expression=expression, hold=hold, severity="critical", summary=summary, runbook=runbook)


def _warning(name: str, expression: str, hold: str, summary: str, runbook: str) -> Alert:
    return Alert(name=name, expression=expression, hold=hold, severity="warning", summary=summary, runbook=runbook)


_FILE_SYSTEMS = 'fstype=~"ext4|xfs"'
_DISK_FREE = f"node_filesystem_avail_bytes{{{_FILE_SYSTEMS}}} / node_filesystem_size_bytes{{{_FILE_SYSTEMS}}}"
_DISK_TREND = f"predict_linear(node_filesystem_avail_bytes{{{_FILE_SYSTEMS}}}[6h], 86400)"
_INODES_FREE = f"node_filesystem_files_free{{{_FILE_SYSTEMS}}} / node_filesystem_files{{{_FILE_SYSTEMS}}}"
_MEMORY_FREE = "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"
_CORES_BUSY = '1 - avg by (server) (rate(node_cpu_seconds_total{mode="idle"}[10m]))'

SERVERS = (
    _critical("ServerUnreachable", 'up{job="node"} == 0', "3m", "{{ $labels.server }} does not answer", "server-unreachable"),
    _warning(
        "ServerRestarted", "time() - node_boot_time_seconds < 600", "0m", "{{ $labels.server }} restarted", "server-restarted"
    ),
    _critical(
        "DiskAlmostFull",
        f"{_DISK_FREE} < 0.05",
        "5m",
        "{{ $labels.mountpoint }} on {{ $labels.server }} is 95 % full",
        "disk-full",
    ),
    _warning(
        "DiskFilling",
        f"{_DISK_FREE} < 0.15",
        "15m",
        "{{ $labels.mountpoint }} on {{ $labels.server }} is 85 % full",
        "disk-full",
    ),
    _warning(
        "DiskFullWithinADay",
        f"{_DISK_TREND} < 0 and {_DISK_FREE} < 0.4",
        "1h",
        "{{ $labels.mountpoint }} on {{ $labels.server }} will be full within a day",
        "disk-full",
    ),
    _warning(
        "InodesFilling",
        f"{_INODES_FREE} < 0.1",
        "15m",
        "{{ $labels.mountpoint }} on {{ $labels.server }} runs out of inodes",
        "disk-full",
    ),
    _critical(
        "DiskReadOnly",
        f"node_filesystem_readonly{{{_FILE_SYSTEMS}}} == 1",
        "1m",
        "{{ $labels.mountpoint }} on {{ $labels.server }} cannot be written to",
        "disk-read-only",
    ),
    _critical(
        "MemoryExhausted", f"{_MEMORY_FREE} < 0.05", "5m", "{{ $labels.server }} has 5 % of its memory left", "memory-exhausted"
    ),
    _warning(
        "MemoryShort", f"{_MEMORY_FREE} < 0.15", "15m", "{{ $labels.server }} has 15 % of its memory left", "memory-exhausted"
    ),
    _warning(
        "ProcessorSaturated",
        f"{_CORES_BUSY} > 0.9",
        "30m",
        "{{ $labels.server }} is busy with 90 % of its cores",
        "processor-saturated",
    ),
    _warning(
        "KilledForMemory",
        "increase(node_vmstat_oom_kill[10m]) > 0",
        "0m",
        "{{ $labels.server }} killed a process for want of memory",
        "out-of-memory",
    ),
    _warning(
        "ClockNotSynchronised",
        "node_timex_sync_status == 0",
        "15m",
        "the clock of {{ $labels.server }} is not synchronised",
        "clock",
    ),
    _warning(
        "UnitFailed",
        'node_systemd_unit_state{state="failed"} == 1',
        "5m",
        "{{ $labels.name }} has failed on {{ $labels.server }}",
        "unit-failed",
    ),
    _warning(
        "SecurityUpdatesPending", "flotilla_updates_pending > 0", "3d", "{{ $labels.server }} lacks security updates", "updates"
    ),
    _warning(
        "RestartRequired",
        "flotilla_reboot_required == 1",
        "7d",
        "{{ $labels.server }} waits for a restart after updates",
        "updates",
    ),
)

CONTAINERS = (
    _critical(
        "ContainerRestarting",
        "increase(flotilla_container_restarts_total[15m]) > 3",
        "0m",
        "{{ $labels.service }} keeps restarting on {{ $labels.server }}",
        "container-restarting",
    ),
    _warning(
        "ContainerRestarted",
        "increase(flotilla_container_restarts_total[1h]) > 0",
        "0m",
        "{{ $labels.service }} was restarted on {{ $labels.server }}",
        "container-restarting",
    ),
    _critical(
        "ContainerOutOfMemory",
        "increase(flotilla_container_oom_kills_total[15m]) > 0",
        "0m",
        "{{ $labels.service }} was killed on {{ $labels.server }} for want of memory: raise limits.memory_mb",
        "out-of-memory",
    ),
    _warning(
        "ContainerMemoryNearLimit",
        "flotilla_container_memory_bytes / flotilla_container_memory_limit_bytes > 0.9",
        "15m",
        "{{ $labels.service }} uses 90 % of its memory on {{ $labels.server }}",
        "out-of-memory",
    ),
)

_ERRORS = 'sum by (proxy) (rate(haproxy_backend_http_responses_total{code="5xx",proxy!="unknown"}[5m]))'
_REQUESTS = 'sum by (proxy) (rate(haproxy_backend_http_requests_total{proxy!="unknown"}[5m]))'

REQUESTS = (
    _critical(
        "SiteDown",
        'probe_success{job=~"probe-.+"} == 0',
        "2m",
        "{{ $labels.instance }} does not answer as it should",
        "site-down",
    ),
    _critical(
        "CertificateExpiresSoon",
        f"probe_ssl_earliest_cert_expiry - time() < {7 * DAY_S}",
        "1h",
        "the certificate of {{ $labels.instance }} expires within 7 days",
        "certificate",
    ),
    _warning(
        "CertificateNotRenewed",
        f"probe_ssl_earliest_cert_expiry - time() < {21 * DAY_S}",
        "6h",
        "the certificate of {{ $labels.instance }} expires within 21 days and was not renewed",
        "certificate",
    ),
    _critical(
        "ErrorsHigh",
        f"{_ERRORS} / {_REQUESTS} > 0.05 and {_REQUESTS} > 0.1",
        "5m",
        "5 % of {{ $labels.proxy }}'s answers are errors",
        "errors",
    ),
    _warning(
        "LatencyHigh",
        'max by (proxy) (haproxy_backend_response_time_average_seconds{proxy!="unknown"}) > 1',
        "10m",
        "{{ $labels.proxy }} takes more than a second to answer",
        "latency",
    ),
    _warning(
        "RequestsQueued",
        'sum by (proxy) (haproxy_backend_current_queue{proxy!="unknown"}) > 0',
        "5m",
        "requests for {{ $labels.proxy }} wait for a free server",
        "saturation",
    ),
    _warning(
        "IngressNearItsLimit",
        "haproxy_process_current_connections / haproxy_process_max_connections > 0.8",
        "5m",
        "{{ $labels.server }} has 80 % of the connections that its ingress takes",
        "saturation",
    ),
    _warning(
        "TrafficStopped",
        f"{_REQUESTS} == 0 and {_REQUESTS.replace('[5m]', '[5m] offset 1d')} > 0.1",
        "15m",
        "{{ $labels.proxy }} gets no requests, and had some a day ago",
        "traffic-stopped",
    ),
)

DATABASES = (
    _critical("DatabaseServerDown", "pg_up == 0", "1m", "PostgreSQL on {{ $labels.server }} does not answer", "database-down"),
    _warning(
        "DatabaseConnectionsHigh",
        "sum by (server) (pg_stat_activity_count) / max by (server) (pg_settings_max_connections) > 0.8",
        "5m",
        "80 % of the connections to {{ $labels.server }}'s databases are taken",
        "database-connections",
    ),
    _warning(
        "DatabaseTransactionOld",
        'max by (server, datname) (pg_stat_activity_max_tx_duration{state!="idle"}) > 1800',
        "5m",
        "a transaction in {{ $labels.datname }} has been open for half an hour",
        "database-transaction",
    ),
    _warning(
        "DatabaseDeadlocks",
        "increase(pg_stat_database_deadlocks[15m]) > 0",
        "0m",
        "deadlocks in {{ $labels.datname }}",
        "database-transaction",
    ),
)

WATCHING = (
    _critical(
        "AlertsNotSent", "increase(prometheus_notifications_errors_total[15m]) > 0", "5m", "alerts cannot be sent", "monitoring"
    ),
    _warning(
        "RulesFail",
        "increase(prometheus_rule_evaluation_failures_total[15m]) > 0",
        "5m",
        "alert rules cannot be evaluated",
        "monitoring",
    ),
    _warning(
        "MeasuresMissing",
        'up{job!="node"} == 0',
        "10m",
        "{{ $labels.job }} on {{ $labels.instance }} gives no measures",
        "monitoring",
    ),
)


def groups(settings: Settings) -> dict[str, tuple[Alert, ...]]:
    """
    Every rule of the environment, by group; only for what it has.
    """
    found = {"servers": SERVERS, "watching": WATCHING}
    if settings.served:
        found |= {"containers": CONTAINERS, "requests": REQUESTS}
    if any(db.databases(settings, name) for name in all_servers(settings)):
        found["databases"] = DATABASES
    if policies := backup.policies(settings):
        found["backups"] = tuple(rule for policy in policies for rule in _backup(policy))
    for project, _ in settings.served:
        if project.slo:
            found[f"objectives-{project.name}"] = tuple(_objectives(project, project.slo))
    return found


def names(settings: Settings) -> list[str]:
    """
    The name of every rule.
    """
    return sorted({alert.name for rules in groups(settings).values() for alert in rules})


def rule_groups(settings: Settings) -> list[dict[str, Any]]:
    """
    Prometheus' `groups`.
    """
    return [{"name": name, "rules": [alert.rule() for alert in rules]} for name, rules in sorted(groups(settings).items())]


def _backup(policy: backup.Policy) -> list[Alert]:
    project = policy.project
    chosen = f'{{project="{project}"}}'
    late_s = longest_gap_s(policy.schedule) + BACKUP_GRACE_S
    rules = [
        _critical(
            "BackupOld",
            f"time() - flotilla_backup_success_timestamp_seconds{chosen} > {late_s}",
            "10m",
            f"the last backup of {project}'s {{{{ $labels.source }}}} is too old",
            "backup-old",
        ),
        _critical(
            "BackupMissing",
            " or ".join(
                f'absent(flotilla_backup_success_timestamp_seconds{{project="{project}",source="{covered}"}})'
                for covered in policy.covers
            ),
            "1h",
            f"{project}'s {{{{ $labels.source }}}} was never backed up, or nobody knows",
            "backup-old",
        ),
        _warning(
            "BackupNotTried",
            f"time() - flotilla_backup_drill_timestamp_seconds{chosen} > {policy.drill_interval_days * DAY_S + DAY_S}",
            "1h",
            f"no backup of {project}'s {{{{ $labels.source }}}} was restored for {policy.drill_interval_days} days",
            "backup-not-tried",
        ),
        _warning(
            "BackupShrunk",
            f"flotilla_backup_size_bytes{chosen} < 0.5 * flotilla_backup_size_bytes{chosen} offset 1d",
            "10m",
            f"the backup of {project}'s {{{{ $labels.source }}}} is half as large as yesterday's",
            "backup-old",
        ),
    ]
    if policy.offsite:
        rules.append(
            _critical(
                "BackupNotCopied",
                f"time() - flotilla_backup_offsite_timestamp_seconds{chosen} > {late_s}",
                "10m",
                f"the last off-site copy of {project}'s {{{{ $labels.source }}}} is too old",
                "backup-not-copied",
            )
        )
    return rules


def _objectives(project: Project, slo: Slo) -> list[Alert]:
    """
    The promise is at risk: the errors of a month are used up too fast, or answers take too long.
    """
    served = [name for name, process in project.all_processes().items() if process.kind in (Kind.WEB, Kind.STATIC)]
    proxies = "|".join(backend_name(project.name, name) for name in served)
    budget = round(1 - slo.availability_percent / 100, 6)
    rules = []
    for rate, long, short, hold, severity in BURN_RATES:
        limit = round(rate * budget, 6)
        rules.append(
            Alert(
                name="ErrorBudgetBurning",
                expression=f"{_error_share(proxies, long)} > {limit} and {_error_share(proxies, short)} > {limit}",
                hold=hold,
                severity=severity,
                summary=f"{project.name} uses its error budget {rate:g} times too fast (seen over {long})",
                runbook="error-budget",
            )
        )
    slow = f'quantile_over_time(0.95, probe_duration_seconds{{project="{project.name}",job="probe-site"}}[15m])'
    rules.append(
        _warning(
            "LatencyObjectiveMissed",
            f"{slow} > {slo.latency_ms / 1000}",
            "15m",
            f"{project.name} answers slower than it promises",
            "latency",
        )
    )
    return rules


def _error_share(proxies: str, window: str) -> str:
    errors = f'sum(rate(haproxy_backend_http_responses_total{{code="5xx",proxy=~"{proxies}"}}[{window}]))'
    return f'{errors} / sum(rate(haproxy_backend_http_requests_total{{proxy=~"{proxies}"}}[{window}]))'
