"""
Give HAProxy a process' releases and their shares of the traffic, without losing a request.

Runs on the server that HAProxy runs on; reads one JSON object from standard input (`Request`). What the runtime API is told is
also in the backend's file, so that a restart comes back the same. HAProxy is reloaded only when the file differs in more than
weights (a new process, a new port, another health check) or what all backends share is new. A release never reloads it.

Needs nothing but Python 3.9's standard library: it is sent to the server as it is.
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONFIGURATION = Path("/etc/flotilla/haproxy")
RUN = Path("/run/flotilla/haproxy")
LOCK = Path("/run/flotilla/haproxy.lock")
START_TIMEOUT_S = 120.0
RELOAD_TIMEOUT_S = 20.0
POLL_S = 0.1


class SwitchError(Exception):
    """
    The traffic stays where it was; the text says why.
    """


@dataclass(frozen=True)
class Request:
    """
    What to serve. `weights` is {slot: weight of each of its servers}; `replicas` is {slot: servers that must be up first},
    for the slots that serve. `version` is that of the configuration all backends share. `images` and `server_id` only make
    another release, and another server, another request.
    """

    backend: str
    version: str
    configuration: str
    weights: dict[str, int]
    replicas: dict[str, int]
    images: list[str]
    server_id: str
    up_timeout_s: float
    drain_timeout_s: float


@dataclass(frozen=True)
class Server:
    """
    One of HAProxy's places for a container, as `show stat` has it.
    """

    name: str
    is_up: bool
    weight: int
    requests_in_flight: int

    @property
    def slot(self) -> str:
        """
        The slot it belongs to: `a` for `a1`.
        """
        return self.name.rstrip("0123456789")


def parse_stat(text: str, backend: str) -> list[Server]:
    """
    The servers of a backend in HAProxy's answer to `show stat`. Up means resolved, and its last check was answered well.
    """
    rows = csv.DictReader(text.lstrip("# ").splitlines())
    return [
        Server(
            name=row["svname"],
            is_up=row["status"].startswith("UP") and row["check_status"].endswith("L7OK"),
            weight=int(row["weight"] or 0),
            requests_in_flight=int(row["scur"] or 0) + int(row["qcur"] or 0),
        )
        for row in rows
        if row["pxname"] == backend and row["svname"] not in ("FRONTEND", "BACKEND")
    ]


def without_weights(configuration: str) -> str:
    """
    The part of a backend's configuration that only a reload can change.
    """
    return re.sub(r" weight \d+", "", configuration)


def with_weights(configuration: str, weights: dict[str, int]) -> str:
    """
    The configuration with other weights; slots that are not named keep theirs.
    """

    def line(found: re.Match[str]) -> str:
        return f"{found[1]}{weights.get(found[2], int(found[3]))}"

    return re.sub(r"^( *server-template ([a-z]+) .* weight )(\d+)", line, configuration, flags=re.MULTILINE)


def missing(servers: list[Server], replicas: dict[str, int]) -> dict[str, int]:
    """
    How many servers each serving slot still lacks: {slot: number}, empty when all are up.
    """
    lacking = {slot: wanted - sum(s.is_up for s in servers if s.slot == slot) for slot, wanted in replicas.items()}
    return {slot: number for slot, number in lacking.items() if number > 0}


def weight_commands(servers: list[Server], weights: dict[str, int], backend: str) -> list[str]:
    """
    The runtime commands that bring the servers to their weights: whoever gets more first, so that somebody always serves.
    """
    changes = [(weights[s.slot] - s.weight, s) for s in servers if s.slot in weights and weights[s.slot] != s.weight]
    ordered = sorted(changes, key=lambda change: change[0] < 0)
    return [f"set server {backend}/{server.name} weight {weights[server.slot]}" for _, server in ordered]


def in_flight(servers: list[Server], weights: dict[str, int]) -> int:
    """
    Requests that are still answered by slots which serve no more.
    """
    return sum(server.requests_in_flight for server in servers if weights.get(server.slot) == 0)


def ask(command: str, name: str = "runtime.sock") -> str:
    """
    HAProxy's answer to one command on its runtime socket, or on its master's.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect(str(RUN / name))
        connection.sendall(command.encode() + b"\n")
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts).decode()


def servers_of(backend: str) -> list[Server]:
    return parse_stat(ask("show stat"), backend)


def wait(timeout_s: float, is_done: Callable[[], bool]) -> bool:
    """
    Ask until it is done, or the time is up. A socket that does not answer (yet) is not done.
    """
    until = time.monotonic() + timeout_s
    while True:
        with contextlib.suppress(OSError):
            if is_done():
                return True
        if time.monotonic() > until:
            return False
        time.sleep(POLL_S)


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """
    One change of HAProxy's files at a time.
    """
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(file: Path, text: str) -> None:
    """
    Replace a file at once.
    """
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def put_back(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink()
    else:
        write(file, text)


def container() -> str:
    """
    The id of HAProxy's container.
    """
    label = "label=com.docker.swarm.service.name=haproxy"
    found = subprocess.run(["docker", "ps", "--quiet", "--filter", label], capture_output=True, text=True, check=True)
    if not found.stdout.strip():
        raise SwitchError("HAProxy is not running here. 'docker service ps haproxy --no-trunc' says why.")
    return found.stdout.split()[0]


def reload() -> None:
    """
    Make HAProxy read its files again, once it says that they are good. Servers keep the state that they were seen in.
    """
    check = ["docker", "exec", container(), "haproxy", "-c", "-q", "-f", str(CONFIGURATION)]
    checked = subprocess.run(check, capture_output=True, text=True)
    if checked.returncode:
        raise SwitchError(f"HAProxy refuses the configuration:\n{checked.stdout}{checked.stderr}")
    worker = worker_id()
    write(RUN / "servers.state", ask("show servers state"))
    ask("reload", "master.sock")
    if not wait(RELOAD_TIMEOUT_S, lambda: worker_id() != worker):
        raise SwitchError(f"HAProxy did not reload within {RELOAD_TIMEOUT_S:.0f} s. 'docker service logs haproxy' says why.")


def worker_id() -> str:
    """
    The process that answers requests now.
    """
    return info("Pid")


def loaded_version() -> str:
    """
    Which version of the shared configuration that process has read.
    """
    return info("description")


def info(key: str) -> str:
    """
    One line of what HAProxy says of itself; empty if it has none such.
    """
    lines = (line.partition(": ") for line in ask("show info").splitlines())
    return next((value for name, _, value in lines if name == key), "")


def install(request: Request, file: Path, old: str | None) -> bool:
    """
    Reload HAProxy with the backend's new file if that is what it takes, still with the weights of now. True if it was reloaded.
    """
    is_known = request.backend in ask("show backend").split()
    is_same = old is not None and without_weights(old) == without_weights(request.configuration)
    if is_known and is_same and loaded_version() == request.version:
        return False
    now = {server.slot: server.weight for server in servers_of(request.backend)} if is_known else request.weights
    write(file, with_weights(request.configuration, now))
    try:
        reload()
    except SwitchError:
        put_back(file, old)
        raise
    return True


def await_up(request: Request) -> None:
    """
    Wait until every slot that is to serve has all its servers up.
    """
    if not wait(request.up_timeout_s, lambda: not missing(servers_of(request.backend), request.replicas)):
        lacking = missing(servers_of(request.backend), request.replicas)
        raise SwitchError(
            f"{request.backend}: servers that are not up after {request.up_timeout_s:.0f} s, by slot: {lacking}.\n"
            f"{ask(f'show servers state {request.backend}')}"
        )


def switch(request: Request) -> str:
    """
    Bring HAProxy to what is requested; how it went, in one line.

    Raises: SwitchError, with the files put back and the traffic where it was.
    """
    if not wait(START_TIMEOUT_S, lambda: bool(worker_id())):
        raise SwitchError("HAProxy's runtime socket does not answer. 'docker service ps haproxy --no-trunc' says why.")
    file = CONFIGURATION / f"{request.backend}.cfg"
    with only_one():
        old = file.read_text() if file.exists() else None
        was_reloaded = install(request, file, old)
    try:
        await_up(request)
    except SwitchError:
        if was_reloaded:
            with only_one():
                put_back(file, old)
                reload()
        raise
    commands = weight_commands(servers_of(request.backend), request.weights, request.backend)
    answers = [ask(command).strip() for command in commands]
    if any(answers):
        raise SwitchError(f"HAProxy refused weights: {' '.join(filter(None, answers))}")
    write(file, request.configuration)
    started = time.monotonic()
    drained = wait(request.drain_timeout_s, lambda: not in_flight(servers_of(request.backend), request.weights))
    took = f"{time.monotonic() - started:.1f} s"
    drain = f"drained in {took}" if drained else f"old requests still in flight after {took}"
    return f"{request.backend}: weights {request.weights}, {'reloaded' if was_reloaded else 'not reloaded'}, {drain}"


def main(document: dict[str, Any]) -> int:
    try:
        print(switch(Request(**document)), file=sys.stderr)  # noqa: T201
    except SwitchError as error:
        print(f"The traffic was not switched. {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(json.load(sys.stdin)))
