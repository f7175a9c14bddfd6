"""
The Docker daemon that integration tests run machines in: on a new machine, whichever test comes first brings it there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox import docker_host
from sandbox.execute import execute
from sandbox.images import build


def client_with(folder: Path, *images: str) -> Any:
    """
    A client of this machine's Docker, installed, started and with these images where they are missing; the folder gets the log.
    """
    log = folder / "docker.log"
    client = docker_host.ensure(log)
    build.ensure(client, *images, log=log)
    return client


def ran(container: Any, *argv: str) -> tuple[int, str]:
    """
    The code that a command in a running container ended with, and all that it printed.
    """
    ended = execute(container.client, container.id, argv)
    return ended.code, ended.stdout + ended.stderr
