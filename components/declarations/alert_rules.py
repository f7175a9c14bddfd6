"""
The alert rules that every environment has, as far as it has what they are about: the four golden signals, disks, certificates,
containers, databases, and the watching itself.
"""

from __future__ import annotations

from components.declarations.alert import DAY_S, critical, warning

_FILE_SYSTEMS = 'fstype=~"ext4|xfs"'
_DISK_FREE = f"node_filesystem_avail_bytes{{{_FILE_SYSTEMS}}} / node_filesystem_size_bytes{{{_FILE_SYSTEMS}}}"
_DISK_TREND = f"predict_linear(node_filesystem_avail_bytes{{{_FILE_SYSTEMS}}}[6h], 86400)"
_INODES_FREE = f"node_filesystem_files_free{{{_FILE_SYSTEMS}}} / node_filesystem_files{{{_FILE_SYSTEMS}}}"
# A disk, and not a place where somebody shows it read-only while another one can still be written to.
_READ_ONLY = (
    f"node_filesystem_readonly{{{_FILE_SYSTEMS}}} == 1 "
    f"unless on (server, device) node_filesystem_readonly{{{_FILE_SYSTEMS}}} == 0"
)
_MEMORY_FREE = "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"
_CORES_BUSY = '1 - avg by (server) (rate(node_cpu_seconds_total{mode="idle"}[10m]))'

SERVERS = (
    critical(
        name="ServerUnreachable",
        expression='up{job="node"} == 0',
        hold="3m",
        summary="{{ $labels.server }} does not answer",
        runbook="server-unreachable",
    ),
    warning(
        name="ServerRestarted",
        expression="time() - node_boot_time_seconds < 600",
        hold="0m",
        summary="{{ $labels.server }} restarted",
        runbook="server-restarted",
    ),
    critical(
        name="DiskAlmostFull",
        expression=f"{_DISK_FREE} < 0.05",
        hold="5m",
        summary="{{ $labels.mountpoint }} on {{ $labels.server }} is 95 % full",
        runbook="disk-full",
    ),
    warning(
        name="DiskFilling",
        expression=f"{_DISK_FREE} < 0.15",
        hold="15m",
        summary="{{ $labels.mountpoint }} on {{ $labels.server }} is 85 % full",
        runbook="disk-full",
    ),
    warning(
        name="DiskFullWithinADay",
        expression=f"{_DISK_TREND} < 0 and {_DISK_FREE} < 0.4",
        hold="1h",
        summary="{{ $labels.mountpoint }} on {{ $labels.server }} will be full within a day",
        runbook="disk-full",
    ),
    warning(
        name="InodesFilling",
        expression=f"{_INODES_FREE} < 0.1",
        hold="15m",
        summary="{{ $labels.mountpoint }} on {{ $labels.server }} runs out of inodes",
        runbook="disk-full",
    ),
    critical(
        name="DiskReadOnly",
        expression=_READ_ONLY,
        hold="1m",
        summary="{{ $labels.mountpoint }} on {{ $labels.server }} cannot be written to",
        runbook="disk-read-only",
    ),
    critical(
        name="MemoryExhausted",
        expression=f"{_MEMORY_FREE} < 0.05",
        hold="5m",
        summary="{{ $labels.server }} has 5 % of its memory left",
        runbook="memory-exhausted",
    ),
    warning(
        name="MemoryShort",
        expression=f"{_MEMORY_FREE} < 0.15",
        hold="15m",
        summary="{{ $labels.server }} has 15 % of its memory left",
        runbook="memory-exhausted",
    ),
    warning(
        name="ProcessorSaturated",
        expression=f"{_CORES_BUSY} > 0.9",
        hold="30m",
        summary="{{ $labels.server }} is busy with 90 % of its cores",
        runbook="processor-saturated",
    ),
    warning(
        name="KilledForMemory",
        expression="increase(node_vmstat_oom_kill[10m]) > 0",
        hold="0m",
        summary="{{ $labels.server }} killed a process for want of memory",
        runbook="out-of-memory",
    ),
    warning(
        name="ClockNotSynchronised",
        expression="node_timex_sync_status == 0",
        hold="15m",
        summary="the clock of {{ $labels.server }} is not synchronised",
        runbook="clock",
    ),
    warning(
        name="UnitFailed",
        expression='node_systemd_unit_state{state="failed"} == 1',
        hold="5m",
        summary="{{ $labels.name }} has failed on {{ $labels.server }}",
        runbook="unit-failed",
    ),
    warning(
        name="SecurityUpdatesPending",
        expression="flotilla_updates_pending > 0",
        hold="3d",
        summary="{{ $labels.server }} lacks security updates",
        runbook="updates",
    ),
    warning(
        name="RestartRequired",
        expression="flotilla_reboot_required == 1",
        hold="7d",
        summary="{{ $labels.server }} waits for a restart after updates",
        runbook="updates",
    ),
)

CONTAINERS = (
    critical(
        name="ContainerRestarting",
        expression="increase(flotilla_container_restarts_total[15m]) > 3",
        hold="0m",
        summary="{{ $labels.service }} keeps restarting on {{ $labels.server }}",
        runbook="container-restarting",
    ),
    warning(
        name="ContainerRestarted",
        expression="increase(flotilla_container_restarts_total[1h]) > 0",
        hold="0m",
        summary="{{ $labels.service }} was restarted on {{ $labels.server }}",
        runbook="container-restarting",
    ),
    critical(
        name="ContainerOutOfMemory",
        expression="increase(flotilla_container_oom_kills_total[15m]) > 0",
        hold="0m",
        summary="{{ $labels.service }} was killed on {{ $labels.server }} for want of memory: raise limits.memory_mb",
        runbook="out-of-memory",
    ),
    warning(
        name="ContainerMemoryNearLimit",
        expression="flotilla_container_memory_bytes / flotilla_container_memory_limit_bytes > 0.9",
        hold="15m",
        summary="{{ $labels.service }} uses 90 % of its memory on {{ $labels.server }}",
        runbook="out-of-memory",
    ),
)

_ERRORS = 'sum by (proxy) (rate(haproxy_backend_http_responses_total{code="5xx",proxy!="unknown"}[5m]))'
_REQUESTS = 'sum by (proxy) (rate(haproxy_backend_http_requests_total{proxy!="unknown"}[5m]))'

REQUESTS = (
    critical(
        name="SiteDown",
        expression='probe_success{job=~"probe-.+",job!="probe-dns"} == 0',
        hold="2m",
        summary="{{ $labels.instance }} does not answer as it should",
        runbook="site-down",
    ),
    critical(
        name="CertificateExpiresSoon",
        expression=f"probe_ssl_earliest_cert_expiry - time() < {7 * DAY_S}",
        hold="1h",
        summary="the certificate of {{ $labels.instance }} expires within 7 days",
        runbook="certificate",
    ),
    warning(
        name="CertificateNotRenewed",
        expression=f"probe_ssl_earliest_cert_expiry - time() < {21 * DAY_S}",
        hold="6h",
        summary="the certificate of {{ $labels.instance }} expires within 21 days and was not renewed",
        runbook="certificate",
    ),
    critical(
        name="ErrorsHigh",
        expression=f"{_ERRORS} / {_REQUESTS} > 0.05 and {_REQUESTS} > 0.1",
        hold="5m",
        summary="5 % of {{ $labels.proxy }}'s answers are errors",
        runbook="errors",
    ),
    warning(
        name="LatencyHigh",
        expression='max by (proxy) (haproxy_backend_response_time_average_seconds{proxy!="unknown"}) > 1',
        hold="10m",
        summary="{{ $labels.proxy }} takes more than a second to answer",
        runbook="latency",
    ),
    warning(
        name="RequestsQueued",
        expression='sum by (proxy) (haproxy_backend_current_queue{proxy!="unknown"}) > 0',
        hold="5m",
        summary="requests for {{ $labels.proxy }} wait for a free server",
        runbook="saturation",
    ),
    warning(
        name="IngressNearItsLimit",
        expression="haproxy_process_current_connections / haproxy_process_max_connections > 0.8",
        hold="5m",
        summary="{{ $labels.server }} has 80 % of the connections that its ingress takes",
        runbook="saturation",
    ),
    warning(
        name="TrafficStopped",
        expression=f"{_REQUESTS} == 0 and {_REQUESTS.replace('[5m]', '[5m] offset 1d')} > 0.1",
        hold="15m",
        summary="{{ $labels.proxy }} gets no requests, and had some a day ago",
        runbook="traffic-stopped",
    ),
)

DATABASES = (
    critical(
        name="DatabaseServerDown",
        expression="pg_up == 0",
        hold="1m",
        summary="PostgreSQL on {{ $labels.server }} does not answer",
        runbook="database-down",
    ),
    warning(
        name="DatabaseConnectionsHigh",
        expression="sum by (server) (pg_stat_activity_count) / max by (server) (pg_settings_max_connections) > 0.8",
        hold="5m",
        summary="80 % of the connections to {{ $labels.server }}'s databases are taken",
        runbook="database-connections",
    ),
    warning(
        name="DatabaseTransactionOld",
        expression='max by (server, datname) (pg_stat_activity_max_tx_duration{state!="idle"}) > 1800',
        hold="5m",
        summary="a transaction in {{ $labels.datname }} has been open for half an hour",
        runbook="database-transaction",
    ),
    warning(
        name="DatabaseDeadlocks",
        expression="increase(pg_stat_database_deadlocks[15m]) > 0",
        hold="0m",
        summary="deadlocks in {{ $labels.datname }}",
        runbook="database-transaction",
    ),
)

WATCHING = (
    critical(
        name="AlertsNotSent",
        expression="increase(prometheus_notifications_errors_total[15m]) > 0",
        hold="5m",
        summary="alerts cannot be sent",
        runbook="monitoring",
    ),
    warning(
        name="RulesFail",
        expression="increase(prometheus_rule_evaluation_failures_total[15m]) > 0",
        hold="5m",
        summary="alert rules cannot be evaluated",
        runbook="monitoring",
    ),
    warning(
        name="MeasuresMissing",
        expression='up{job!="node"} == 0',
        hold="10m",
        summary="{{ $labels.job }} on {{ $labels.instance }} gives no measures",
        runbook="monitoring",
    ),
)
