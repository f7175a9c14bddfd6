"""
What can be asked of Prometheus: every measure that alert rules and dashboards use, and who answers with it.

Servers' own roles write `flotilla_...` into node exporter's textfile collector; the rest are the exporters' own.
"""

from __future__ import annotations

# Written by the roles `exporters` (containers), `backup` and `common`: {measure: what it says}. Labels in brackets.
OWN = {
    "flotilla_container_restarts_total": "How often a service's containers on this server were started again [service].",
    "flotilla_container_oom_kills_total": "How often they were killed for want of memory [service].",
    "flotilla_container_memory_bytes": "Memory that a service's containers on this server use [service, slot].",
    "flotilla_container_memory_limit_bytes": "Memory that they may use [service, slot].",
    "flotilla_backup_success_timestamp_seconds": "When data was last backed up completely [project, source].",
    "flotilla_backup_size_bytes": "How large that backup is [project, source].",
    "flotilla_backup_offsite_timestamp_seconds": "When it was last copied off-site [project, source].",
    "flotilla_backup_drill_timestamp_seconds": "When a backup was last restored and compared [project, source].",
    "flotilla_updates_pending": "Security updates that are not installed yet.",
    "flotilla_reboot_required": "1 while an update waits for a restart.",
}

# Debian 12's exporters and HAProxy 2.6: what of theirs is used. Source: their documentation, read 2026-11-21.
EXPORTERS = {
    "up",
    "node_cpu_seconds_total",
    "node_load5",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemTotal_bytes",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "node_filesystem_files_free",
    "node_filesystem_files",
    "node_filesystem_readonly",
    "node_network_receive_bytes_total",
    "node_network_transmit_bytes_total",
    "node_timex_sync_status",
    "node_boot_time_seconds",
    "node_vmstat_oom_kill",
    "node_systemd_unit_state",
    "probe_success",
    "probe_duration_seconds",
    "probe_http_status_code",
    "probe_ssl_earliest_cert_expiry",
    "probe_dns_query_succeeded",
    "probe_dns_answer_rrs",
    "haproxy_backend_http_responses_total",
    "haproxy_backend_http_requests_total",
    "haproxy_backend_response_time_average_seconds",
    "haproxy_backend_current_queue",
    "haproxy_backend_current_sessions",
    "haproxy_backend_active_servers",
    "haproxy_process_current_connections",
    "haproxy_process_max_connections",
    "pg_up",
    "pg_stat_activity_count",
    "pg_stat_activity_max_tx_duration",
    "pg_settings_max_connections",
    "pg_settings_max_slot_wal_keep_size_bytes",
    "pg_replication_slots_active",
    "pg_replication_slots_pg_wal_lsn_diff",
    "pg_stat_database_numbackends",
    "pg_stat_database_xact_commit",
    "pg_stat_database_xact_rollback",
    "pg_stat_database_blks_hit",
    "pg_stat_database_blks_read",
    "pg_stat_database_deadlocks",
    "pg_database_size_bytes",
    "prometheus_notifications_errors_total",
    "prometheus_rule_evaluation_failures_total",
}
