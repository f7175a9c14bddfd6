"""
Run a project's job once: `run_job.py <name>`, as its systemd unit does, or a person.

A swarm service that runs to completion, made now and removed afterwards. What the job prints is printed here, for the journal.
Needs nothing but Python 3.9's standard library: it is copied to the server as it is.

Exit codes: 0 done; 1 failed; 75 it still runs from before, and nothing was started; 124 it took too long, and was stopped.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import http.client
import json
import signal
import socket
import struct
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

DOCKER = "/run/docker.sock"
JOBS = Path("/etc/flotilla/jobs")
LOCKS = Path("/run/flotilla/jobs")
# A Docker client's configuration (hosts/roles/docker), if images are pulled by somebody who logs in.
LOGINS = Path("/etc/flotilla/docker/config.json")
FAILED = ("failed", "rejected", "orphaned", "shutdown", "remove")
POLL_S = 0.5
LOG_SILENCE_S = 1.0
LOG_REST_S = 60.0


class DockerError(Exception):
    """
    Docker refused something; the text is its own.
    """


class DockerConnection(http.client.HTTPConnection):
    """
    HTTP over Docker's socket.
    """

    def __init__(self, timeout_s: float | None) -> None:
        super().__init__("docker", timeout=timeout_s)

    def connect(self) -> None:
        """
        Called by the base class.
        """
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(DOCKER)


def ask(method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
    """
    Docker's answer, decoded. Raises: DockerError
    """
    connection = DockerConnection(60)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status >= 400:
        raise DockerError(json.loads(text)["message"] if text.startswith("{") else text)
    return json.loads(text) if text else None


def login(image: str) -> dict[str, str]:
    """
    The header with which Docker pulls an image, if its registry asks who does. The swarm keeps it with the service.
    """
    address = image.partition("/")[0]
    known = json.loads(LOGINS.read_text())["auths"].get(address) if LOGINS.is_file() else None
    if known is None:
        return {}
    user, _, password = base64.b64decode(known["auth"]).decode().partition(":")
    told = {"username": user, "password": password, "serveraddress": address}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(told).encode()).decode()}


class Log(threading.Thread):
    """
    Prints what a service's containers print. Docker does not say when they have said it all.
    """

    def __init__(self, service: str) -> None:
        super().__init__(daemon=True)
        self.service, self.last = service, time.monotonic()

    def run(self) -> None:
        """
        Called by the base class.
        """
        connection = DockerConnection(None)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", f"/services/{self.service}/logs?stdout=1&stderr=1&follow=1")
            answer = connection.getresponse()
            while len(header := answer.read(8)) == 8:
                # One byte for the stream, three of nothing, and the length in network order.
                kind, length = struct.unpack(">BxxxL", header)
                target = sys.stderr if kind == 2 else sys.stdout
                target.write(answer.read(length).decode(errors="replace"))
                target.flush()
                self.last = time.monotonic()

    def rest(self) -> None:
        """
        Wait until nothing more comes.
        """
        ended = self.last = max(self.last, time.monotonic())
        while self.is_alive() and time.monotonic() - self.last < LOG_SILENCE_S and time.monotonic() - ended < LOG_REST_S:
            time.sleep(POLL_S / 10)


def outcome(task: dict[str, Any]) -> str | None:
    """
    How a task ended: empty for well, None while it has not.
    """
    status = task["Status"]
    if status["State"] == "complete":
        return ""
    if status["State"] in FAILED:
        return str(status.get("Err") or status.get("Message") or status["State"])
    return None


def wait(service: str, timeout_s: float) -> str | None:
    """
    How the service's one task ended, or None if the time is up.
    """
    until = time.monotonic() + timeout_s
    query = urllib.parse.quote(json.dumps({"service": [service]}))
    while time.monotonic() < until:
        for task in ask("GET", f"/tasks?filters={query}"):
            ended = outcome(task)
            if ended is not None:
                return ended
        time.sleep(POLL_S)
    return None


@contextlib.contextmanager
def only_one(name: str) -> Iterator[bool]:
    """
    Whether this is the only run of the job now.
    """
    LOCKS.mkdir(parents=True, exist_ok=True)
    with (LOCKS / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


def remove(service: str) -> None:
    with contextlib.suppress(DockerError):
        ask("DELETE", f"/services/{service}")


def run(spec: dict[str, Any], timeout_s: int) -> int:
    """
    The exit code of one run. The service is gone when this returns, however it does.
    """
    name = spec["Name"]
    remove(name)  # left behind by a run that was killed
    started = time.monotonic()
    image = spec["TaskTemplate"]["ContainerSpec"]["Image"]
    service = ask("POST", "/services/create", spec, login(image))["ID"]
    log = Log(service)
    log.start()
    try:
        ended = wait(service, timeout_s)
        if ended is not None:
            log.rest()
    finally:
        remove(service)
    took = f"{time.monotonic() - started:.0f} s"
    if ended is None:
        return say(124, f"{name}: it was stopped, because it took longer than {timeout_s} s.")
    return say(1, f"{name}: failed after {took}: {ended}") if ended else say(0, f"{name}: done in {took}.")


def say(code: int, text: str) -> int:
    print(text, file=sys.stderr if code else sys.stdout, flush=True)
    return code


def stop(_signal: int, _frame: object) -> NoReturn:
    """
    On the way out, the service is removed.
    """
    raise SystemExit(1)


def main(name: str) -> int:
    signal.signal(signal.SIGTERM, stop)
    job = json.loads((JOBS / f"{name}.json").read_text())
    with only_one(name) as is_only:
        if not is_only:
            return say(75, f"{name}: it still runs from before. Nothing was started.")
        try:
            return run(job["service"], job["timeout_s"])
        except (DockerError, OSError) as error:
            return say(1, f"{name}: Docker says: {error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
