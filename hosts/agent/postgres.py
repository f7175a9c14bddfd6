"""
PostgreSQL on this server, for programs: as its own user `postgres`, with statements on standard input.
"""

from __future__ import annotations

import json
from typing import Any

from hosts.agent.shared import run

# Statements hold verifiers of passwords, and what is only looked at should not fill the log.
QUIET = "SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_min_duration_statement = -1;\n"


class PostgresError(Exception):
    """
    PostgreSQL refused something, or does not answer; the text is its own.
    """


def psql(sql: str, database: str = "postgres") -> str:
    """
    What it answers: one line a row, without anything around it.
    """
    done = run(["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database], QUIET + sql)
    if done.returncode != 0:
        raise PostgresError(f"psql: {done.stderr.strip()[-800:] or 'no word of why'}")
    return done.stdout


def document(sql: str, database: str = "postgres") -> Any:
    """
    The one JSON document that a statement yields.
    """
    return json.loads(psql(sql, database))


def name(value: str) -> str:
    """
    A quoted name.
    """
    return '"' + value.replace('"', '""') + '"'


def text(value: str | None) -> str:
    """
    A quoted text.
    """
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"
