"""
How a throw-away cluster is started: its settings, which are from here and not from what was restored, and its unit.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hosts.backup import process
from hosts.backup.config import FOLDER, GUEST, Stanza
from hosts.backup.errors import failed

if TYPE_CHECKING:
    from hosts.backup.throwaway import Cluster

CLIENT = Path(__file__).with_name("wal_client.py")
# Who takes data from a cluster that is reachable.
DUMPER = "flotilla_restore"
HIDDEN = ("pgbackrest", "restic", "manifests", "records", "staging", "wal")
LONGEST_S = 86_400
# For pg_control to be consistent with what the settings ask; PostgreSQL 15, "Hot Standby", section "Administrator's Overview".
_NEEDED = ("max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_xacts", "max_locks_per_xact")
_SETTING = {"max_prepared_xacts": "max_prepared_transactions", "max_locks_per_xact": "max_locks_per_transaction"}
# The first version that looks ahead. Source: PostgreSQL 15, release notes.
HAS_PREFETCH = 15


def start(cluster: Cluster, recovery: Mapping[str, str]) -> None:
    """
    Have it run, with these settings for the recovery beside those that all have.

    Raises: BackupError where its unit does not start.
    """
    _write_settings(cluster, recovery)
    network = "no" if cluster.reader else "yes"
    families = "AF_UNIX AF_INET AF_INET6" if cluster.reader else "AF_UNIX"
    properties = [
        f"User={GUEST}",
        "UMask=0077",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        f"ReadWritePaths={cluster.folder}",
        f"InaccessiblePaths={FOLDER}",
        *(f"InaccessiblePaths=-{cluster.config.repository / name}" for name in HIDDEN),
        f"PrivateNetwork={network}",
        f"RestrictAddressFamilies={families}",
        "CapabilityBoundingSet=",
        # Nobody needs its files any more.
        "KillSignal=SIGQUIT",
        "TimeoutStopSec=30",
        f"RuntimeMaxSec={LONGEST_S}",
        f"StandardOutput=append:{cluster.folder}/log",
        f"StandardError=append:{cluster.folder}/log",
    ]
    argv = ["systemd-run", "--quiet", f"--unit={cluster.unit}", *(f"--property={line}" for line in properties)]
    argv += [_binary(cluster.stanza, "postgres"), f"--config-file={cluster.folder / 'conf' / 'postgresql.conf'}"]
    done = process.run(argv)
    if done.code != 0:
        raise failed("restore-failed", cluster.stanza.resource, f"the throw-away cluster: {done.words}", "See its journal")


def _write_settings(cluster: Cluster, recovery: Mapping[str, str]) -> None:
    conf = cluster.folder / "conf"
    conf.mkdir(mode=0o755)
    client = f"/usr/bin/python3 -I -S {CLIENT} {cluster.served.path} %f %p"
    settings = {
        "data_directory": str(cluster.data),
        "hba_file": str(conf / "pg_hba.conf"),
        "ident_file": str(conf / "pg_ident.conf"),
        "unix_socket_directories": str(cluster.folder / "run"),
        "listen_addresses": cluster.config.address if cluster.reader else "",
        "port": str(cluster.config.serve_port),
        "ssl": "on" if cluster.reader else "off",
        "ssl_cert_file": str(conf / "server.crt"),
        "ssl_key_file": str(conf / "server.key"),
        "password_encryption": "scram-sha-256",
        "restore_command": client,
        "recovery_target_timeline": "latest",
        "hot_standby": "on",
        "archive_mode": "off",
        # Nothing of it outlives a restart of the machine.
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "autovacuum": "off",
        "shared_buffers": "128MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "1h",
        # Whoever may read everything may read large objects, too.
        "lo_compat_privileges": "on",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "logging_collector": "off",
        # Looking ahead, it would wait for a segment before it has replayed what it has.
        **({"recovery_prefetch": "off"} if cluster.stanza.version >= HAS_PREFETCH else {}),
        **_needed(cluster),
        **recovery,
    }
    lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items())
    (conf / "postgresql.conf").write_text("".join(lines))
    reachable = f"hostssl all {DUMPER} {cluster.reader}/32 scram-sha-256\n" if cluster.reader else ""
    for name in ("server.crt", "server.key"):
        shutil.copyfile(FOLDER / name, conf / name)
        (conf / name).chmod(0o600)
        shutil.chown(conf / name, GUEST, GUEST)
    (conf / "pg_hba.conf").write_text(f"local all all trust\n{reachable}")
    (conf / "pg_ident.conf").write_text("")
    (cluster.data / "recovery.signal").touch()
    shutil.chown(cluster.data / "recovery.signal", GUEST, GUEST)


def _needed(cluster: Cluster) -> dict[str, str]:
    done = process.run([_binary(cluster.stanza, "pg_controldata"), "-D", str(cluster.data)], user=GUEST)
    shown = dict(line.split(" setting:", 1) for line in done.output.splitlines() if " setting:" in line)
    return {_SETTING.get(name, name): shown[name].strip() for name in _NEEDED if name in shown}


def _binary(stanza: Stanza, name: str) -> str:
    return f"/usr/lib/postgresql/{stanza.version}/bin/{name}"
