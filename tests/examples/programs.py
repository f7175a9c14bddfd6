"""
A process of one of the sample fleet's applications, on a port that the kernel chose.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "examples"
WAIT_S = 10


def environment(**variables: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | variables


class Program:
    """
    `python3 -m <example> <arguments>`; it has logged that it started.
    """

    def __init__(self, example: str, arguments: Sequence[str] = (), **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", example, *arguments],
            cwd=EXAMPLES / example,
            env=environment(PORT="0", **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.port = 0
        assert self.process.stdout
        for line in self.process.stdout:
            facts = json.loads(line)
            if facts["event"] in {"listening", "started"}:
                self.port = int(facts.get("port", 0))
                break

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)

    def ask(
        self, method: str, target: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, str]:
        connection = self.connect()
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response, text

    def send(self, text: bytes) -> bytes:
        """Send bytes as they are, and return everything until the program closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_S) as raw:
            raw.sendall(text)
            return b"".join(iter(lambda: raw.recv(65536), b""))

    def stop(self) -> tuple[int, list[dict[str, Any]]]:
        """Ask it to stop; return its exit code and its log from then on."""
        self.process.send_signal(signal.SIGTERM)
        output, errors = self.process.communicate(timeout=WAIT_S)
        assert errors == ""
        return self.process.returncode, [json.loads(line) for line in output.splitlines()]

    def end(self) -> None:
        """Take it away, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate(timeout=WAIT_S)


def run(example: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command of an example that ends by itself."""
    command = [sys.executable, "-W", "error", "-m", *arguments]
    return subprocess.run(
        command, cwd=EXAMPLES / example, env=environment(**variables), capture_output=True, text=True, timeout=300
    )
