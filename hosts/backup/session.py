"""
A conversation with PostgreSQL through `psql`: several statements in one session, one after the other.
"""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from hosts.backup import process
from hosts.backup.fingerprint import SETTINGS


class SessionError(Exception):
    """
    PostgreSQL refused, or is not there; the text has its words.
    """


class Session:
    """
    `where` are psql's options for host, port and user, `user` the operating system's who runs it: see `process.identity`.
    `more` are further parts of the connection's description. psql itself is that of a version: Debian's own command is a Perl
    program before it, and takes longer than most questions.
    """

    def __init__(self, database: str, where: Sequence[str], user: str | None, version: int, more: str = "") -> None:
        program = f"/usr/lib/postgresql/{version}/bin/psql"
        argv = [program, "-qAtX", "-v", "ON_ERROR_STOP=1", *where, "-d", f"{more}dbname='{database}' connect_timeout=10"]
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env=process.environment(user),
            **process.identity(user),
        )
        self.ask(SETTINGS)

    def ask(self, statement: str) -> str:
        """
        The answer to a statement, without the end of its last line.

        Raises: SessionError with the server's words; the session is over then.
        """
        mark = secrets.token_hex(8)
        try:
            self._stdin.write(f"{statement.rstrip().rstrip(';')};\n\\echo {mark}\n")
            self._stdin.flush()
        except BrokenPipeError:
            raise SessionError(self._words()) from None
        lines: list[str] = []
        for line in self._stdout:
            if line.rstrip("\n") == mark:
                return "".join(lines).rstrip("\n")
            lines.append(line)
        raise SessionError(self._words())

    @property
    def _stdin(self) -> subprocess.IO[str]:  # type: ignore[name-defined]
        return self.process.stdin

    @property
    def _stdout(self) -> subprocess.IO[str]:  # type: ignore[name-defined]
        return self.process.stdout

    def _words(self) -> str:
        said = self.process.stderr.read() if self.process.stderr else ""
        return " / ".join(said.strip().splitlines()[-3:]) or "psql ended without a word"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill() if kind else self._close()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _close(self) -> None:
        try:
            self._stdin.close()
        except BrokenPipeError:
            return
        self.process.wait(timeout=60)
