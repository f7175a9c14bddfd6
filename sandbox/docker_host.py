"""
The Docker daemon that runs the sandbox: the one that answers, or one that is installed and started here.
"""

from __future__ import annotations

from typing import Any

TIMEOUT_S = 120


def connect() -> Any | None:
    """
    A client of the daemon that answers now (DOCKER_HOST is honoured), or None.
    """
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=TIMEOUT_S)
        client.ping()
    except DockerException:
        return None
    return client
