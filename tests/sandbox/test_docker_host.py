"""
Finding and starting a Docker daemon, as far as it can be told without one.
"""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from ops.errors import FlotillaError, MissingToolError
from sandbox import docker_host, packages


def test_docker_host_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_HOST is the user's own choice: nothing is installed or started in its place."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    with pytest.raises(
        MissingToolError, match=r"^DOCKER_HOST=unix:///nonexistent/docker.sock: no Docker daemon answers"
    ) as caught:
        docker_host.ensure(tmp_path / "docker.log")
    assert caught.value.exit_code == 7
    assert not (tmp_path / "docker.log").exists()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "unix:///dev/null"])
def test_unusable_address_is_no_daemon(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Whatever DOCKER_HOST holds, the answer is that nobody answers."""
    monkeypatch.setenv("DOCKER_HOST", address)
    assert docker_host.connect() is None


def test_something_else_on_the_socket_is_no_daemon(tmp_path: Path) -> None:
    """A program that accepts and says nonsense is not taken for Docker."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            for _ in range(2):
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1024)
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        assert docker_host.connect(f"unix://{path}") is None


def test_full_disk_is_told_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the path, how much is free and how much is needed."""
    monkeypatch.setattr(docker_host, "NEEDED_GB", 10**9)
    with pytest.raises(
        FlotillaError, match=rf"^{tmp_path}: [0-9.]+ GB of disk are free, 1000000000 are needed\. Nothing was made"
    ):
        docker_host.require_space(tmp_path / "not" / "there" / "yet")


def test_enough_space_is_no_error(tmp_path: Path) -> None:
    """This machine has 5 GB."""
    docker_host.require_space(tmp_path)


def test_system_without_apt_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no apt-get, nothing is tried and the packages are named."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        MissingToolError, match=r"^docker\.io iptables: it is not there, and this system has no apt-get"
    ) as caught:
        packages.install(["docker.io", "iptables"], tmp_path / "log", because="it is not there")
    assert caught.value.exit_code == 7


def test_user_who_is_not_root_is_told_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root nothing is tried: no half-made installation, and a command to copy."""
    _program(tmp_path / "apt-get", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MissingToolError, match=r"Run `sudo apt-get install docker\.io`"):
        packages.install(["docker.io"], tmp_path / "log", because="it is not there")
    assert not (tmp_path / "log").exists()


def test_package_lists_are_fetched_when_a_package_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first try fails for want of lists; they are fetched, the second try succeeds, and the log has all of it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    _program(folder / "apt-get", f'echo "$@"; [ "$2" = update ] && > {tmp_path}/lists; [ -e {tmp_path}/lists ]')
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    packages.install(["docker.io"], tmp_path / "log", because="it is not there")
    assert (tmp_path / "log").read_text().splitlines() == [
        "-q install -y --no-install-recommends docker.io",
        "-q update",
        "-q install -y --no-install-recommends docker.io",
    ]


def test_failing_apt_is_an_error_that_names_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When apt cannot install it, the error says where apt's own words are."""
    folder = tmp_path / "bin"
    folder.mkdir()
    _program(folder / "apt-get", "echo E: no; exit 100")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(FlotillaError, match=rf"Read {tmp_path}/log"):
        packages.install(["docker.io"], tmp_path / "log", because="it is not there")


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
