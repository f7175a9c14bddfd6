"""
Starting and stopping the cloud daemon: one process per instance, told apart by its own command line, never by a number alone.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from ops.errors import FlotillaError
from ops.progress import step
from sandbox import ports, private_files
from sandbox.addresses import CLOUDFLARE_PORT, DNS_PORT, HETZNER_PORT, REGISTRY_PORT, ZONE
from sandbox.instance import Instance

MODULE = "sandbox.cloud"
CODE = Path(__file__).resolve().parents[1]
PORTS_TIMEOUT_S = 3.0
READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15
PROBE_TIMEOUT_S = 2
LAST_LINES = 5
DNS_QUESTION_ID = 0x0F10


def start(instance: Instance) -> None:
    """
    Have the cloud daemon run and answer on all of its ports. One that runs already is left alone.

    Raises: FlotillaError when a port is taken, or when the daemon ends or does not answer within a minute.
    """
    pid = find(instance)
    if pid is not None and not not_ready(instance):
        _remember(instance, pid)
        return
    if pid is None:
        _require_ports(instance)
        pid = _spawn(instance)
    with step("start the sandbox cloud"):
        _wait_until_ready(instance, pid)


def stop(instance: Instance) -> bool:
    """
    End the daemon in good order, by force after 15 s. Returns whether one ran; its machines go on.
    """
    pid = find(instance)
    if pid is not None:
        _end(instance, pid)
    instance.pid_file.unlink(missing_ok=True)
    return pid is not None


def is_running(instance: Instance) -> bool:
    """
    True when the daemon runs and answers.
    """
    return find(instance) is not None and not not_ready(instance)


def find(instance: Instance) -> int | None:
    """
    The daemon's process id, also when its pid file is lost, stale, or names a process that is something else by now.
    """
    with contextlib.suppress(OSError, ValueError):
        pid = int(instance.pid_file.read_text())
        if _is_daemon_of(instance, pid):
            return pid
    return next((pid for pid in _processes() if _is_daemon_of(instance, pid)), None)


def not_ready(instance: Instance) -> list[str]:
    """
    Which of the daemon's services do not answer; empty when all do.
    """
    services = {
        f"Hetzner Cloud API on {instance.services_ip}:{HETZNER_PORT}": _is_healthy(instance, HETZNER_PORT),
        f"Cloudflare API on {instance.services_ip}:{CLOUDFLARE_PORT}": _is_healthy(instance, CLOUDFLARE_PORT),
        f"DNS on {instance.services_ip}:{DNS_PORT}": _resolves(instance),
    }
    return [name for name, is_answering in services.items() if not is_answering]


def last_lines(log: Path, count: int = LAST_LINES) -> list[str]:
    """
    The end of a log, without empty lines.
    """
    try:
        with log.open("rb") as handle:
            handle.seek(max(0, log.stat().st_size - 16384))
            text = handle.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def _spawn(instance: Instance) -> int:
    """
    Start the daemon in a session of its own, so that it outlives this command, the shell and its Ctrl-C.
    """
    private_files.folder(instance.logs)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    with instance.cloud_log.open("ab") as log:
        process = subprocess.Popen(
            _command(instance),
            cwd=CODE,
            env=environment | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _remember(instance, process.pid)
    return process.pid


def _command(instance: Instance) -> list[str]:
    return [sys.executable, "-m", MODULE, "--checkout", str(instance.checkout)]


def _is_daemon_of(instance: Instance, pid: int) -> bool:
    """
    True when this process is alive, and is the daemon of this checkout.
    """
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return arguments[1:5] == [os.fsencode(word) for word in _command(instance)[1:]]


def _processes() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _remember(instance: Instance, pid: int) -> None:
    private_files.write(instance.pid_file, f"{pid}\n".encode())


def _require_ports(instance: Instance) -> None:
    deadline = time.monotonic() + PORTS_TIMEOUT_S
    busy = _busy_ports(instance)
    # A daemon that was killed just now is gone before the kernel has closed its sockets: they are held by nobody.
    while busy and not any(taken.holder for taken in busy) and time.monotonic() < deadline:
        time.sleep(0.05)
        busy = _busy_ports(instance)
    if busy:
        raise FlotillaError(
            f"{', '.join(map(str, busy))}: taken, so the sandbox cloud cannot listen there. It was not started. "
            f"Stop what holds it, then run `flotilla sandbox start`."
        )


def _busy_ports(instance: Instance) -> list[ports.Taken]:
    return [taken for taken in ports.taken(instance.services_ip) if taken.port != REGISTRY_PORT]


def _wait_until_ready(instance: Instance, pid: int) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    silent = not_ready(instance)
    while silent:
        _reap(pid)
        if not _is_daemon_of(instance, pid):
            instance.pid_file.unlink(missing_ok=True)
            raise FlotillaError(_with_log(instance, "the sandbox cloud ended while it was starting"))
        if time.monotonic() > deadline:
            _end(instance, pid)
            raise FlotillaError(_with_log(instance, f"no answer after {READY_TIMEOUT_S} s: {', '.join(silent)}"))
        time.sleep(0.1)
        silent = not_ready(instance)


def _with_log(instance: Instance, fact: str) -> str:
    lines = "".join(f"\n    {line}" for line in last_lines(instance.cloud_log))
    return (
        f"{instance.cloud_log}: {fact}. The sandbox is not running; what was made is kept. "
        f"Mend what its last lines say, then run `flotilla sandbox start`.{lines}"
    )


def _end(instance: Instance, pid: int) -> None:
    """
    Signal exactly this process: a descriptor keeps its meaning when the number is given to another one.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not _is_daemon_of(instance, pid):
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
            if select.select([descriptor], [], [], STOP_TIMEOUT_S)[0]:
                break
    finally:
        os.close(descriptor)
        _reap(pid)


def _reap(pid: int) -> None:
    """
    Let an ended child of this command go, or it would still look alive.
    """
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _is_healthy(instance: Instance, port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{instance.services_ip}:{port}/healthz", timeout=PROBE_TIMEOUT_S) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _resolves(instance: Instance) -> bool:
    """
    True when the name server answers a question about the sandbox's zone.
    """
    name = b"".join(bytes([len(label)]) + label for label in ZONE.encode().split(b"."))
    question = DNS_QUESTION_ID.to_bytes(2, "big") + bytes.fromhex("00000001000000000000") + name + bytes.fromhex("0000060001")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PROBE_TIMEOUT_S)
        try:
            client.connect((instance.services_ip, DNS_PORT))
            client.send(question)
            return client.recv(512)[:2] == question[:2]
        except OSError:
            return False
