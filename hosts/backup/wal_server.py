"""
Handing a cluster's log to its throw-away copy while that recovers: from the archive, or else from what has only been received.
"""

from __future__ import annotations

import math
import shutil
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from hosts.backup import pgbackrest, segments, wal
from hosts.backup.config import GUEST, KEEPER, Stanza
from hosts.backup.errors import BackupError

CHUNK = 1 << 20


class WalServer:
    """
    Answers on `folder/wal.sock` while it is open. `received` is where the log of this cluster arrives. What was asked for and
    could not be had is in `missing`, what was damaged in `damaged`. Whoever asks for a segment after `last` waits until that is
    moved on.
    """

    def __init__(self, stanza: Stanza, folder: Path, received: Path) -> None:
        self.stanza, self.received = stanza, received
        self._last: float = math.inf
        self._moved = threading.Condition()
        self.control, self.fetched = folder / "control", folder / "fetched"
        self.path = folder / "wal.sock"
        self.served: list[str] = []
        self.missing: list[str] = []
        self.damaged: list[BackupError] = []
        self._socket = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> Self:
        self.fetched.mkdir(mode=0o700)
        shutil.chown(self.fetched, KEEPER, KEEPER)
        self._socket.bind(str(self.path))
        shutil.chown(self.path, GUEST, GUEST)
        self._socket.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # Closing alone would leave `accept` waiting.
        self._socket.shutdown(socket.SHUT_RDWR)
        self.hand_out_to(math.inf)
        self._socket.close()

    def hand_out_to(self, last: float) -> None:
        """
        The number of the last segment that is given for now; infinity for all there are.
        """
        with self._moved:
            self._last = last
            self._moved.notify_all()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self._answer(connection)
                except OSError:
                    continue

    def _answer(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as question:
            name = question.readline(64).decode(errors="replace").strip()
        is_segment = bool(segments.NAME.fullmatch(name))
        if is_segment:
            with self._moved:
                self._moved.wait_for(lambda: segments.number(name) <= self._last)
        file = self._find(name) if is_segment or segments.HISTORY.fullmatch(name) else None
        if file is None:
            self.missing.append(name)
            connection.sendall(b"-1\n")
            return
        connection.sendall(f"{file.stat().st_size}\n".encode())
        with file.open("rb") as stream:
            connection.sendfile(stream)
        self.served.append(name)
        if file.parent == self.fetched:
            file.unlink()

    def _find(self, name: str) -> Path | None:
        target = self.fetched / name
        try:
            if pgbackrest.fetch(self.stanza, self.control, name, target):
                return target
        except BackupError as error:
            self.damaged.append(error)
            return None
        if (self.received / name).is_file():
            return self.received / name
        partial = wal.partial(self.received)
        return partial if partial and partial.name == f"{name}{wal.PARTIAL}" else None
