"""
A PostgreSQL for the sample fleet's applications: the one of a server's image, without the rest of the server.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sandbox.images import MACHINE, machine_image
from tests.integration.docker_engine import client_with

START_S = 60
START = """
set -e
install -d -o postgres /run/postgresql
as_postgres() { runuser -u postgres -- "$@"; }
as_postgres /usr/lib/postgresql/15/bin/initdb -D /tmp/data -A trust -E UTF8 --locale=C.UTF-8 --no-sync > /dev/null
echo 'host all all all trust' >> /tmp/data/pg_hba.conf
exec runuser -u postgres -- /usr/lib/postgresql/15/bin/postgres -D /tmp/data -c listen_addresses='*' -c fsync=off
"""


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a superuser makes databases."""
    client = client_with(tmp_path_factory.mktemp("postgresql"), MACHINE)
    container = client.containers.run(
        machine_image(), ["sh", "-c", START], init=True, detach=True, labels={"flotilla.test": ""}
    )
    try:
        container.reload()
        (network,) = container.attrs["NetworkSettings"]["Networks"].values()
        url = make_conninfo(host=network["IPAddress"], user="postgres", dbname="postgres", connect_timeout=2)
        _await(url)
        yield url
    finally:
        container.remove(force=True, v=True)
        client.close()


def _await(url: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.2)
        else:
            return


@pytest.fixture
def database(postgresql: str) -> Iterator[str]:
    """The address of a database of the test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')  # type: ignore[arg-type] # a name that was made here
    url = make_conninfo(postgresql, dbname=name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    yield url
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]


@pytest.fixture
def database_url_file(database: str, tmp_path: Path) -> str:
    """The file in which an application finds it."""
    path = tmp_path / "database_url"
    path.write_text(f"{database}\n")
    return str(path)


def last_event(output: str) -> dict[str, object]:
    """
    The last line of an application's log.
    """
    return dict(json.loads(output.splitlines()[-1]))
