"""
Databases for tests, in a PostgreSQL that is there (`TEST_DATABASE_URL`, its superuser's) or else in one of the tests' own.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

PROGRAMS = "/usr/lib/postgresql"  # Debian's


def create() -> str:
    """
    The address of a new, empty database.
    """
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    return make_conninfo(server(), dbname=name)


def drop(url: str) -> None:
    """
    Remove a database, whoever is still connected.
    """
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@functools.cache
def server() -> str:
    """
    Where to make databases.
    """
    return os.environ.get("TEST_DATABASE_URL") or _own()


def _own() -> str:
    programs = next(iter(sorted(Path(PROGRAMS).glob("*/bin"), reverse=True)), None)
    if programs is None:
        raise SystemExit(
            f"The tests need a PostgreSQL, and there is none in {PROGRAMS}. None was run. "
            "Install it (`apt-get install postgresql`), or name one in TEST_DATABASE_URL."
        )
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data, log = str(folder / "data"), str(folder / "log")
    run = functools.partial(subprocess.run, user=user, cwd="/", check=True, stdout=subprocess.DEVNULL)
    run([programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    run([programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start"])
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(run, [programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])
    return make_conninfo(host=str(folder), user="postgres", dbname="postgres")
