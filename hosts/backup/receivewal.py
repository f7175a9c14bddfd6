"""
`pg_receivewal` of PostgreSQL 15, and the first words with a server that it is to fetch from.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from hosts.backup import process
from hosts.backup.config import FOLDER, KEEPER, Stanza
from hosts.backup.errors import failed

SLOT = "flotilla_backup"
USER = "flotilla_backup"


def _connection(stanza: Stanza, more: str = "") -> str:
    return (
        f"host={stanza.address} port={stanza.port} user={USER} application_name={SLOT} connect_timeout=10 "
        f"sslmode=verify-full sslrootcert={FOLDER / 'authority.crt'} passfile={FOLDER / 'pgpass'}{more}"
    )


def _binary(stanza: Stanza, name: str = "pg_receivewal") -> str:
    return f"/usr/lib/postgresql/{stanza.version}/bin/{name}"


class Identity(NamedTuple):
    """
    Which cluster it is that answers, and how far its log has come.
    """

    system_id: int
    position: str


def identity(stanza: Stanza) -> Identity:
    """
    Ask a server.

    Raises: BackupError where it does not answer.
    """
    argv = [
        _binary(stanza, "psql"),
        "-qAtX",
        "-F",
        " ",
        "-d",
        _connection(stanza, " replication=true"),
        "-c",
        "IDENTIFY_SYSTEM",
    ]
    done = process.run(argv, user=KEEPER, timeout_s=60)
    if done.code != 0:
        raise failed("unreachable", stanza.resource, f"the database server does not answer: {done.words}", "See if it runs")
    system_id, _, position, *_ = done.output.split()
    return Identity(int(system_id), position)


def have_slot(stanza: Stanza) -> None:
    """
    Have the server keep the log until it was fetched.
    """
    argv = [_binary(stanza), "-d", _connection(stanza), f"--slot={SLOT}", "--create-slot", "--if-not-exists", "--no-password"]
    done = process.run(argv, user=KEEPER, timeout_s=60)
    if done.code != 0:
        raise failed("no-slot", stanza.resource, f"there is no replication slot to be had: {done.words}", "See its log")


def start(stanza: Stanza, folder: Path) -> subprocess.Popen[str]:
    """
    Fetch the log into a folder, from where the last one there ends, until somebody ends it. Each piece is on disk before the
    server is told so.
    """
    binary = [_binary(stanza), "-d", _connection(stanza)]
    options = [f"--slot={SLOT}", "--synchronous", "--no-loop", "--no-password", f"--directory={folder}"]
    identity = process.identity(KEEPER)
    return subprocess.Popen([*binary, *options], text=True, cwd="/", env=process.environment(KEEPER), **identity)
