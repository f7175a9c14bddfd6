"""
The one process behind all stand-in plugins of one engine: a gRPC service on a port of its own for each shim that asks.

Ends when its last shim is gone, or when the engine is (kill -9 included), and leaves neither socket nor lock behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any, Final

from sandbox.plugins.registry import PROVIDERS
from sandbox.plugins.servicer import Servicer
from sandbox.plugins.wire import grpc, provider_pb2_grpc

WORKERS: Final = 64
FIRST_SHIM_TIMEOUT_S: Final = 30.0
MESSAGE_LIMIT: Final = 400 * 1024 * 1024
"""As the engine's own limit. Source: sdk/go/common/util/rpcutil/serve.go, v3.259.0."""


class Server:
    """
    Accepts shims on a listening unix socket until there are none left.
    """

    def __init__(self, listener: socket.socket, path: str, engine_pid: int) -> None:
        self._listener = listener
        self._path = Path(path)
        self._selector = selectors.DefaultSelector()
        self._services: dict[socket.socket, tuple[Any, Servicer]] = {}
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._engine = _watch_process(engine_pid)
        if self._engine is not None:
            self._selector.register(self._engine, selectors.EVENT_READ, self._engine_ended)
        self._ended = False

    def run(self) -> int:
        """
        Serve until the last shim is gone; returns the exit code.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"  # a proxy would carry loopback requests off this machine
        timeout_s: float | None = FIRST_SHIM_TIMEOUT_S
        while not self._ended:
            events = self._selector.select(timeout_s)
            if not events:
                break
            timeout_s = None
            for key, _ in events:
                key.data(key.fileobj)
        self._clean()
        return 0

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        self._services[connection] = (None, None)  # type: ignore[assignment]  # filled by its first message
        self._selector.register(connection, selectors.EVENT_READ, self._answer)

    def _answer(self, connection: socket.socket) -> None:
        """
        A shim names its plugin once; later it only ever closes its end.
        """
        try:
            message = connection.recv(4096).decode()
        except OSError:
            message = ""
        name, _, engine_address = message.strip().partition(" ")
        if not message:
            self._close(connection)
        elif name not in PROVIDERS:
            connection.sendall(f"There is no stand-in plugin {name}.\n".encode())
        else:
            port, service = _start_service(name, engine_address)
            self._services[connection] = service
            connection.sendall(f"{port}\n".encode())

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()
        service, servicer = self._services.pop(connection)
        if service is not None:
            servicer.close()
            service.stop(None)
        if not self._services:
            self._end_unless_wanted()

    def _end_unless_wanted(self) -> None:
        """
        End, unless a shim is just joining: shims connect while they hold the lock.
        """
        with self._path.with_name(f"{self._path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            waiting = selectors.DefaultSelector()
            waiting.register(self._listener, selectors.EVENT_READ)
            if waiting.select(0):
                return
            self._clean()
            self._ended = True

    def _engine_ended(self, _: object) -> None:
        self._ended = True

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._clean()
        sys.stderr.flush()
        os._exit(0)

    def _clean(self) -> None:
        for name in (self._path.name, f"{self._path.name}.lock", f"{self._path.name}.log"):
            with contextlib.suppress(FileNotFoundError):
                self._path.with_name(name).unlink()


def _start_service(name: str, engine_address: str) -> tuple[int, tuple[Any, Servicer]]:
    options = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    service = grpc.server(ThreadPoolExecutor(WORKERS), options=options)
    servicer = Servicer(name, engine_address)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, service)
    port = service.add_insecure_port("127.0.0.1:0")
    service.start()
    return port, (service, servicer)


def _watch_process(pid: int) -> int | None:
    """
    A file descriptor that becomes readable when the process ends, where the system has such; the shims watch as well.
    """
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
