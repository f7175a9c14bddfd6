"""
The alert rules of one project: its backups are there and can be restored, and it keeps what it promises.
"""

from __future__ import annotations

from components.declarations import backup
from components.declarations.alert import DAY_S, Alert, Severity, critical, warning
from components.haproxy import backend_name
from settings import Kind, Project
from settings.gaps import longest_gap_s
from settings.project import Slo

# A backup may be this much late: it takes time, and a server may be restarted meanwhile.
BACKUP_GRACE_S = 6 * 3600
# Burn rates of a 30-day budget, each over a long and a short window: (rate, long, short, hold, severity).
# Source: Google, "The Site Reliability Workbook", chapter 5, table 5-8.
BURN_RATES: tuple[tuple[float, str, str, str, Severity], ...] = (
    (14.4, "1h", "5m", "2m", "critical"),
    (6.0, "6h", "30m", "15m", "critical"),
    (1.0, "3d", "6h", "1h", "warning"),
)


def of_backup(policy: backup.Policy) -> list[Alert]:
    """
    A project's data, or what the ingress servers have, is backed up in time, copied off-site where that is asked for, and
    restored now and then.
    """
    project = policy.project
    chosen = f'{{project="{project}"}}'
    untried_s = (policy.drill_interval_days + 1) * DAY_S
    late_s = longest_gap_s(policy.schedule) + BACKUP_GRACE_S
    rules = [
        critical(
            name="BackupOld",
            expression=f"time() - flotilla_backup_success_timestamp_seconds{chosen} > {late_s}",
            hold="10m",
            summary=f"the last backup of {project}'s {{{{ $labels.source }}}} is too old",
            runbook="backup-old",
            project=project,
        ),
        critical(
            name="BackupMissing",
            expression=" or ".join(
                f'absent(flotilla_backup_success_timestamp_seconds{{project="{project}",source="{covered}"}})'
                for covered in policy.covers
            ),
            hold="1h",
            summary=f"{project}'s {{{{ $labels.source }}}} was never backed up, or nobody knows",
            runbook="backup-old",
            project=project,
        ),
        warning(
            name="BackupNotTried",
            expression=f"time() - flotilla_backup_drill_timestamp_seconds{chosen} > {untried_s}",
            hold="1h",
            summary=f"no backup of {project}'s {{{{ $labels.source }}}} was restored for {policy.drill_interval_days} days",
            runbook="backup-not-tried",
            project=project,
        ),
        warning(
            name="BackupShrunk",
            expression=f"flotilla_backup_size_bytes{chosen} < 0.5 * flotilla_backup_size_bytes{chosen} offset 1d",
            hold="10m",
            summary=f"the backup of {project}'s {{{{ $labels.source }}}} is half as large as yesterday's",
            runbook="backup-old",
            project=project,
        ),
    ]
    if policy.offsite:
        rules.append(
            critical(
                name="BackupNotCopied",
                expression=f"time() - flotilla_backup_offsite_timestamp_seconds{chosen} > {late_s}",
                hold="10m",
                summary=f"the last off-site copy of {project}'s {{{{ $labels.source }}}} is too old",
                runbook="backup-not-copied",
                project=project,
            )
        )
    return rules


def of_objectives(project: Project, slo: Slo) -> list[Alert]:
    """
    The promise is at risk: the errors of a month are used up too fast, or answers take too long.
    """
    served = [name for name, process in project.all_processes().items() if process.kind in (Kind.WEB, Kind.STATIC)]
    if not served:
        return []
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
                project=project.name,
                window=long,
            )
        )
    slow = f'quantile_over_time(0.95, probe_duration_seconds{{project="{project.name}",job="probe-site"}}[15m])'
    rules.append(
        warning(
            name="LatencyObjectiveMissed",
            expression=f"{slow} > {slo.latency_ms / 1000}",
            hold="15m",
            summary=f"{project.name} answers slower than it promises",
            runbook="latency",
            project=project.name,
        )
    )
    return rules


def _error_share(proxies: str, window: str) -> str:
    errors = f'sum(rate(haproxy_backend_http_responses_total{{code="5xx",proxy=~"{proxies}"}}[{window}]))'
    return f'{errors} / sum(rate(haproxy_backend_http_requests_total{{proxy=~"{proxies}"}}[{window}]))'
