"""
Serves the language host: prints its port, and ends quietly on a signal or when the engine that started it is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc  # type: ignore[import-untyped]

from toolchain.language_host.service import LanguageHost, language_pb2_grpc

CALLS_AT_ONCE = 64  # a policy pack occupies one call for as long as it runs
MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit
PARENT_CHECK_S = 0.5


def main(arguments: list[str]) -> int:
    """
    `<exec shim> [flags of the engine] <engine address>`, as the launcher and the engine put them.
    """
    exec_shim, *rest = arguments
    parent = os.getppid()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    host = LanguageHost(engine_address=rest[-1] if rest else "", exec_shim=Path(exec_shim))
    server, port = serve(host)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while not stop.wait(PARENT_CHECK_S) and os.getppid() == parent:
        pass
    host.end()
    server.stop(grace=None)
    os._exit(0)  # a reader of a pipe that somebody else holds must not keep the engine waiting


def serve(host: LanguageHost) -> tuple[grpc.Server, int]:
    """
    The running server and its port on loopback.
    """
    limits = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(CALLS_AT_ONCE), options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
