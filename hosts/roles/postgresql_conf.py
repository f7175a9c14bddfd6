"""
PostgreSQL's configuration files: settings, who may connect from where, and what Debian's tools read beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hosts.roles import postgresql_tuning as tuning

CLUSTER = "main"
SOCKETS = "/var/run/postgresql"
TLS = "/etc/postgresql/tls"
BACKUP, MONITORING = "flotilla_backup", "flotilla_monitoring"
# As long as a lost server may cost at most (RPO), with time to spare: a segment is handed on even when it is not full.
ARCHIVE_TIMEOUT_S = 60
_HEADER = "# Written by Flotilla; changes are lost.\n"
_BESIDE = "# What other roles add is in conf.d.\n"


def folder(version: int) -> str:
    """
    Where the cluster's configuration is.
    """
    return f"/etc/postgresql/{version}/{CLUSTER}"


def files(told: Mapping[str, Any]) -> dict[str, str]:
    """
    Everything in that folder: {name: content}.
    """
    return {
        "postgresql.conf": _HEADER + _BESIDE + _settings(settings(told)) + "include_dir = 'conf.d'\n",
        "pg_hba.conf": hba(told),
        "pg_ident.conf": _HEADER,
        "environment": _HEADER,
        "pg_ctl.conf": f"{_HEADER}pg_ctl_options = ''\n",
        "start.conf": f"{_HEADER}auto\n",
    }


def settings(told: Mapping[str, Any]) -> dict[str, str]:
    """
    All settings of the cluster.
    """
    machine = tuning.Machine(
        version=told["version"],
        memory_mb=told["memory_mb"],
        cores=told["cores"],
        connections=told["max_connections"],
        disk=told["disk"],
        disk_gb=told["disk_gb"],
    )
    return {**_places(told), **_safety(), **tuning.tuned(machine), **_archive(told), **_limits(), **_logging()}


def _places(told: Mapping[str, Any]) -> dict[str, str]:
    version = told["version"]
    return {
        "data_directory": told["data_directory"],
        "hba_file": f"{folder(version)}/pg_hba.conf",
        "ident_file": f"{folder(version)}/pg_ident.conf",
        "external_pid_file": f"{SOCKETS}/{version}-{CLUSTER}.pid",
        "cluster_name": f"{version}/{CLUSTER}",
        "unix_socket_directories": SOCKETS,
        # Tunnels lead to the loopback address.
        "listen_addresses": f"{told['address']},127.0.0.1",
        "port": str(told["port"]),
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C.UTF-8",
        "lc_monetary": "C.UTF-8",
        "lc_numeric": "C.UTF-8",
        "lc_time": "C.UTF-8",
        "datestyle": "iso, ymd",
        "default_text_search_config": "pg_catalog.simple",
    }


def _safety() -> dict[str, str]:
    """
    Nothing goes over the network in plain, and what was committed stays committed.
    """
    return {
        "ssl": "on",
        "ssl_cert_file": f"{TLS}/server.crt",
        "ssl_key_file": f"{TLS}/server.key",
        "ssl_min_protocol_version": "TLSv1.3",
        "password_encryption": "scram-sha-256",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "shared_preload_libraries": "pg_stat_statements",
        "pg_stat_statements.track": "top",
        "track_io_timing": "on",
    }


def _archive(told: Mapping[str, Any]) -> dict[str, str]:
    """
    The log is kept until it was archived, so archiving is on only where somebody fetches it: the role `backup-source` says how
    in conf.d.
    """
    return {
        "wal_level": "replica",
        "archive_mode": "on" if told["backups"] else "off",
        "archive_timeout": f"{ARCHIVE_TIMEOUT_S}s",
        "max_wal_senders": "10",
        "max_replication_slots": "10",
    }


def _limits() -> dict[str, str]:
    """
    For whoever has none of his own (hosts/roles/postgresql_roles.py): nobody holds a lock or a connection for ever.
    """
    return {
        "idle_in_transaction_session_timeout": "10min",
        "lock_timeout": "0",
        "statement_timeout": "0",
        "client_connection_check_interval": "10s",
        "tcp_keepalives_idle": "60s",
        "tcp_keepalives_interval": "10s",
        "tcp_keepalives_count": "6",
    }


def _logging() -> dict[str, str]:
    """
    What was slow, waited or failed; never the values that came with a statement, which are people's data.
    """
    return {
        "log_line_prefix": "%m [%p] %q%u@%d %h ",
        "log_connections": "on",
        "log_disconnections": "on",
        "log_checkpoints": "on",
        "log_lock_waits": "on",
        "log_statement": "ddl",
        "log_min_duration_statement": "1s",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_temp_files": "10MB",
        "log_autovacuum_min_duration": "10s",
    }


def _settings(found: Mapping[str, str]) -> str:
    return "".join(f"{name} = '{value}'\n" for name, value in found.items())


def hba(told: Mapping[str, Any]) -> str:
    """
    Who may connect, from where, to what: by TLS and password from the private network, and the system's own user on the server.
    """
    lines = ["local all postgres peer", *_lines(told)]
    return _HEADER + "".join(f"{line}\n" for line in lines)


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    own, loopback = f"{told['address']}/32", "127.0.0.1/32"
    for database in told["databases"]:
        name = database["name"]
        groups = ",".join(f"+{name}_{kind}" for kind in ("owner", "app", "read"))
        # The pooler is on this server, tunnels end here, and the project's containers are on the clients.
        yield from (_line(name, groups, address) for address in (own, loopback, *(f"{found}/32" for found in told["clients"])))
    yield from (_line("all", MONITORING, address) for address in (own, loopback))
    for backup in told["backups"]:
        yield from (_line(database, BACKUP, f"{backup}/32") for database in ("replication", "postgres"))
    yield from (
        f"host {database} all {network} reject" for database in ("all", "replication") for network in ("0.0.0.0/0", "::/0")
    )


def _line(database: str, users: str, address: str) -> str:
    return f"hostssl {database} {users} {address} scram-sha-256"
