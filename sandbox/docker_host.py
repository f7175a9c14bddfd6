"""
The Docker daemon that runs the sandbox: the one that answers, or one that is installed and started here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.errors import FlotillaError, MissingToolError
from ops.progress import step
from sandbox import packages

TIMEOUT_S = 120
START_TIMEOUT_S = 60
NEEDED_GB = 5
DAEMON_LOG = Path("/var/log/flotilla-dockerd.log")
PACKAGES = ("docker.io", "iptables")


def connect(base_url: str | None = None) -> Any | None:
    """
    A client of the daemon that answers now (DOCKER_HOST is honoured), or None.
    """
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=TIMEOUT_S) if base_url is None else docker.DockerClient(base_url, timeout=TIMEOUT_S)
        client.ping()
    except DockerException:
        return None
    return client


def ensure(log: Path) -> Any:
    """
    A client of a daemon that answers; where none does, Docker is installed and started. Output of both goes to the log.

    Raises: MissingToolError where this user cannot do that.
    """
    client = connect()
    if client is not None:
        return client
    _refuse_where_not_ours_to_start()
    if shutil.which("dockerd") is None:
        packages.install(PACKAGES, log, because="no Docker daemon answers and Docker is not installed")
    client = connect()  # the package may have started it
    if client is None:
        _start_service() if _is_systemd() else start_daemon(["dockerd"], DAEMON_LOG)
        client = _wait(DAEMON_LOG)
    return client


@contextmanager
def explained(action: str) -> Iterator[None]:
    """
    Turn what goes wrong between us and Docker into one error that names what was being done.

    Raises: FlotillaError.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except (DockerException, RequestException) as error:
        text = str(getattr(error, "explanation", None) or error).strip().rstrip(".")
        raise FlotillaError(
            f"docker: {text}. It was not possible to {action}; what was made so far is kept. "
            f"Run `docker info` to see whether Docker is well, then run the command again."
        ) from error


def require_space(path: Path) -> None:
    """
    Stop before anything is made where the file system of this path is nearly full.

    Raises: FlotillaError under 5 GB free.
    """
    while not path.exists():
        path = path.parent
    free_gb = shutil.disk_usage(path).free / 1e9
    if free_gb < NEEDED_GB:
        raise FlotillaError(
            f"{path}: {free_gb:.1f} GB of disk are free, {NEEDED_GB} are needed. Nothing was made. "
            f"Free some space (`docker system df` shows what Docker holds), then run the command again."
        )


def require_docker_space(client: Any) -> None:
    """
    The same for where the daemon keeps images and disks, if that is on this machine.
    """
    root = Path(client.info().get("DockerRootDir") or "/var/lib/docker")
    if root.exists():
        require_space(root)


def start_daemon(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """
    Start a daemon that outlives this command and its terminal, with its output in the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/"
        )


def _refuse_where_not_ours_to_start() -> None:
    address = os.environ.get("DOCKER_HOST")
    if address:
        raise MissingToolError(
            f"DOCKER_HOST={address}: no Docker daemon answers there. The sandbox was not started. "
            f"Start that daemon, or unset DOCKER_HOST to use the one of this machine."
        )
    if os.geteuid() == 0:
        return
    if Path("/var/run/docker.sock").exists():
        raise MissingToolError(
            "/var/run/docker.sock: Docker does not answer this user. The sandbox was not started. Run "
            "`sudo usermod -aG docker $USER` and log in again, or `sudo systemctl start docker` where it is stopped."
        )
    raise MissingToolError(
        f"docker: no daemon answers, and only root can install and start one. The sandbox was not started. "
        f"Run `sudo apt-get install {' '.join(PACKAGES)}` and `sudo usermod -aG docker $USER`, log in again, then repeat."
    )


def _is_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def _start_service() -> None:
    with step("start Docker"):
        subprocess.run(["systemctl", "enable", "--now", "docker"], check=False, stdin=subprocess.DEVNULL, capture_output=True)


def _wait(log: Path) -> Any:
    deadline = time.monotonic() + START_TIMEOUT_S
    with step("wait for Docker"):
        while time.monotonic() < deadline:
            client = connect()
            if client is not None:
                return client
            time.sleep(0.2)
    where = "journalctl -u docker" if _is_systemd() else f"tail {log}"
    raise MissingToolError(
        f"docker: the daemon was started and does not answer after {START_TIMEOUT_S} s. The sandbox was not started. "
        f"Read `{where}`, mend what it says, then run the command again."
    )
