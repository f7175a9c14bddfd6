"""
What the engine starts as `pulumi-resource-<name>`: joins the shared server of that engine, or becomes its parent.

    python -IS shim.py NAME SITE_PACKAGES [ENGINE_ADDRESS ...]

Starts in about 15 ms: nothing but a few standard modules. It prints the port of its plugin and stays alive; the server closes
the plugin when this process ends, and this process ends when the server does.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import sys

START_TIMEOUT_S = 30.0
PARENT_POLL_S = 2.0
# A Unix socket's path has at most 107 characters, and ours are some 60 longer than the folder.
LONGEST_BASE = 40


def runtime_folder() -> str:
    """
    A folder that only this user can enter, for sockets and locks.
    """
    base = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 -- checked below
    if len(base) > LONGEST_BASE:
        base = "/tmp"  # noqa: S108 -- checked below
    folder = f"{base}/flotilla-plugins-{os.getuid()}"
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 -- pathlib costs 6 ms
    found = os.lstat(folder)
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        fail(f"{folder}: belongs to somebody else or is open to others. No plugin was started. Remove it: rm -r {folder}.")
    return folder


def server_key(engine_pid: int) -> str:
    """
    Names the server of one engine process: its pid, its start time (pids come again), and which copy of this code serves it.
    """
    try:
        with open(f"/proc/{engine_pid}/stat") as file:  # noqa: PTH123
            started = file.read().rpartition(")")[2].split()[19]
    except OSError:
        started = "0"
    return f"{engine_pid}-{started}-{hash_of(__file__):08x}"


def hash_of(text: str) -> int:
    """
    A small stable hash (FNV-1a), without the cost of importing hashlib.
    """
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def connect(path: str) -> socket.socket | None:
    """
    A connection to a server that is there, or None.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def start_server(lock: int, path: str, engine_pid: int, site_packages: str) -> None:
    """
    Fork the server with its socket already listening, so that connecting needs no waiting.
    """
    if os.path.exists(path):  # noqa: PTH110
        os.unlink(path)  # noqa: PTH108
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    if os.fork() == 0:
        serve(listener, lock, path, engine_pid, site_packages)
    listener.close()


def serve(listener: socket.socket, lock: int, path: str, engine_pid: int, site_packages: str) -> None:
    """
    Become the server: out of the engine's process group, holding none of its pipes nor the lock; never returns.
    """
    code = 1
    try:
        os.setsid()
        os.close(lock)
        null = os.open(os.devnull, os.O_RDWR)
        log = os.open(f"{path}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for target, source in ((0, null), (1, null), (2, log)):
            os.dup2(source, target)
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
        sys.path[0:1] = [root, site_packages]
        from sandbox.plugins.server import Server

        code = Server(listener, path, engine_pid).run()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def ask_port(connection: socket.socket, name: str, engine_address: str) -> str:
    """
    Ask the server for a plugin; returns its port, or "" where the server ended instead.
    """
    connection.settimeout(START_TIMEOUT_S)
    try:
        connection.sendall(f"{name} {engine_address}\n".encode())
        return connection.recv(64).decode().strip()
    except OSError:
        return ""


def stay(connection: socket.socket, engine_pid: int) -> None:
    """
    Wait until the server or the engine is gone.
    """
    connection.settimeout(None)
    while os.getppid() == engine_pid:
        if select.select([connection], [], [], PARENT_POLL_S)[0]:
            return


def fail(text: str) -> None:
    """
    End with one line for the engine to show.
    """
    sys.stderr.write(text + "\n")
    sys.exit(1)


def main(arguments: list[str]) -> None:
    """
    Serve one plugin until it is not needed any more.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: os._exit(0))
    name, site_packages, engine_address = arguments[0], arguments[1], next(iter(arguments[2:3]), "")
    engine_pid = os.getppid()
    path = f"{runtime_folder()}/{server_key(engine_pid)}"
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    connection = connect(path)
    if connection is None:
        start_server(lock, path, engine_pid, site_packages)
        connection = connect(path)
    os.close(lock)
    port = ask_port(connection, name, engine_address) if connection else ""
    if connection is None or not port.isdigit():
        fail(f"pulumi-resource-{name}: the plugin server did not start. Its log is {path}.log. {port}")
        return
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    stay(connection, engine_pid)


if __name__ == "__main__":
    main(sys.argv[1:])
