"""
pgbouncer before PostgreSQL: many clients share few connections, each for the time of a transaction. And its exporter.

It has the verifiers of the projects' passwords in a file, the same that PostgreSQL has: whoever proves to it that he knows a
password is thereby logged in further on (SCRAM pass-through). No password is on the server, and no function in the databases.
Source: pgbouncer.org/config.html, `auth_type` and `auth_file`, read 2026-11-26.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hosts.host import Host
from hosts.items import File, Item, Packages, Unit
from hosts.logins import APP, READ, generations, login
from hosts.roles import postgresql_roles as who
from hosts.roles.postgresql import AUTHORITY, LIBRARY, OWNER, script
from hosts.roles.postgresql_conf import SOCKETS, TLS

FOLDER = "/etc/pgbouncer"
UNIT, EXPORTER = "pgbouncer.service", "flotilla-pgbouncer-exporter.service"
# Migrations need a session of their own: owners go to PostgreSQL itself.
KINDS = (APP, READ)
CLIENTS = 1000
# A client's connection, and its server's; and what pgbouncer itself opens.
FILES = 4096
_COMMENT = "# Written by Flotilla; changes are lost.\n"
_HEADER = "; Written by Flotilla; changes are lost.\n"


def wanted(host: Host) -> Sequence[Item]:
    """
    Everything about the pooler.
    """
    told = host.roles["db"]
    # A client's connection outlives a reload.
    reload = (("systemctl", "reload-or-restart", UNIT),)
    return [
        Packages(names=("pgbouncer",)),
        File(
            path=f"{FOLDER}/userlist.txt",
            content=users(host, told),
            mode=0o600,
            owner=OWNER,
            group=OWNER,
            is_secret=True,
            notify=reload,
        ),
        File(path=f"{FOLDER}/hba.conf", content=hba(told), mode=0o640, notify=reload, owner=OWNER, group=OWNER),
        File(path=f"{FOLDER}/pgbouncer.ini", content=settings(told), mode=0o640, notify=reload, owner=OWNER, group=OWNER),
        File(path=f"/etc/systemd/system/{UNIT}.d/flotilla.conf", content=_unit(told)),
        Unit(unit=UNIT),
        *_exporter(told),
    ]


def settings(told: Mapping[str, Any]) -> str:
    """
    pgbouncer.ini. A project's pool is as large as its settings say; the pool of the passwords of before counts with it.
    """
    databases = "".join(
        f"{name} = host={told['address']} port={told['port']} dbname={name} pool_size={size} max_db_connections={size}\n"
        for name, size in ((database["name"], database["pool_size"]) for database in told["databases"])
    )
    options = {**_doors(told), **_pooling(), **_patience()}
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    return f"{_HEADER}[databases]\n{databases}\n[pgbouncer]\n{lines}"


def _doors(told: Mapping[str, Any]) -> dict[str, str | int]:
    return {
        "listen_addr": f"{told['address']},127.0.0.1",
        "listen_port": told["pooler_port"],
        "unix_socket_dir": SOCKETS,
        "auth_type": "hba",
        "auth_hba_file": f"{FOLDER}/hba.conf",
        "auth_file": f"{FOLDER}/userlist.txt",
        "client_tls_sslmode": "require",
        "client_tls_protocols": "tlsv1.3",
        "client_tls_cert_file": f"{TLS}/server.crt",
        "client_tls_key_file": f"{TLS}/server.key",
        "server_tls_sslmode": "verify-full",
        "server_tls_protocols": "tlsv1.3",
        "server_tls_ca_file": AUTHORITY,
    }


def _pooling() -> dict[str, str | int]:
    return {
        "pool_mode": "transaction",
        "max_client_conn": CLIENTS,
        "server_idle_timeout": 300,
        "server_lifetime": 3600,
        # What drivers send at the start, and what cannot be had when connections are shared.
        "ignore_startup_parameters": "extra_float_digits,options",
        "application_name_add_host": 1,
    }


def _patience() -> dict[str, str | int]:
    """
    In seconds: PostgreSQL may be restarted without a client's noticing, but nobody waits for ever.
    """
    return {
        "query_wait_timeout": 30,
        "server_connect_timeout": 5,
        "server_login_retry": 1,
        "client_login_timeout": 30,
        "tcp_keepalive": 1,
        "tcp_keepidle": 60,
        "tcp_keepintvl": 10,
        "tcp_keepcnt": 6,
        "log_connections": 0,
        "log_disconnections": 0,
        "log_pooler_errors": 1,
    }


def users(host: Host, told: Mapping[str, Any]) -> str:
    """
    userlist.txt: the verifiers of those who may use the pool.
    """
    found: dict[str, str] = {}
    for database in told["databases"]:
        found |= who.verifiers(host, database, KINDS)
    return "".join(f'"{user}" "{verifier}"\n' for user, verifier in found.items())


def hba(told: Mapping[str, Any]) -> str:
    """
    Who may connect, from where, to what. pgbouncer knows no groups: every login is named.
    """
    return _COMMENT + "".join(f"{line}\n" for line in _lines(told))


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    for database in told["databases"]:
        name = database["name"]
        logins = ",".join(login(name, kind, number) for kind in KINDS for number in generations(database["generation"]))
        for address in (told["address"], "127.0.0.1", *told["clients"]):
            yield f"hostssl {name} {logins} {address}/32 scram-sha-256"
    yield from (f"host all all {network} reject" for network in ("0.0.0.0/0", "::/0"))


def _unit(told: Mapping[str, Any]) -> str:
    return f"""\
# Written by Flotilla; changes are lost.
[Unit]
Wants=network-online.target
After=network-online.target postgresql.service

[Service]
ExecStartPre={LIBRARY}/await-address {told["address"]}
LimitNOFILE={FILES}
Restart=on-failure
RestartSec=1s
OOMScoreAdjust=-500
"""


def _exporter(told: Mapping[str, Any]) -> list[Item]:
    program = f"{LIBRARY}/pgbouncer_exporter.py"
    unit = f"""\
{_COMMENT}[Unit]
Description=pgbouncer's figures for Prometheus
Wants=network-online.target
After=network-online.target

[Service]
User={OWNER}
ExecStartPre={LIBRARY}/await-address {told["address"]}
ExecStart=/usr/bin/python3 -I {program} {told["address"]} {told["exporter_port"]} {told["pooler_port"]}
Restart=on-failure
RestartSec=5s
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes

[Install]
WantedBy=multi-user.target
"""
    restart = (("systemctl", "restart", EXPORTER),)
    return [
        File(path=program, content=script("pgbouncer_exporter.py"), notify=restart),
        File(path=f"/etc/systemd/system/{EXPORTER}", content=unit, notify=restart),
        Unit(unit=EXPORTER),
    ]
