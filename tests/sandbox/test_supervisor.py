"""
Finding, starting and ending the cloud daemon without taking anything else for it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ops.errors import FlotillaError
from sandbox import supervisor
from sandbox.addresses import HETZNER_PORT
from sandbox.instance import Instance


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with any sandbox."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_recycled_pid_is_never_signalled(instance: Instance, bystander: subprocess.Popen[bytes]) -> None:
    """A pid file that names somebody else's process is stale: it is removed, and the process goes on."""
    supervisor._remember(instance, bystander.pid)
    assert supervisor.find(instance) is None
    assert supervisor.stop(instance) is False
    assert bystander.poll() is None
    assert not instance.pid_file.exists()


@pytest.mark.parametrize("text", ["", "nonsense", "-1", "0", "999999999", "1"])
def test_damaged_pid_file_names_nobody(instance: Instance, text: str) -> None:
    """Whatever the file holds, no process is taken for the daemon."""
    instance.home.mkdir()
    instance.pid_file.write_text(text)
    assert supervisor.find(instance) is None
    assert supervisor.is_running(instance) is False


def test_daemon_of_another_checkout_is_not_ours(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line says whose daemon it is; the same module for another folder is left alone."""
    monkeypatch.setattr(supervisor, "MODULE", "stand_in_daemon")
    other = Instance("0a1b2c3d", instance.checkout / "other", 252)
    with _stand_in(other) as process:
        assert supervisor.find(other) == process.pid
        assert supervisor.find(instance) is None
        assert supervisor.stop(instance) is False
        assert process.poll() is None


def test_daemon_is_found_when_its_pid_file_is_lost(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost pid file does not lead to a second daemon, nor to one that cannot be stopped."""
    monkeypatch.setattr(supervisor, "MODULE", "stand_in_daemon")
    with _stand_in(instance) as process:
        assert not instance.pid_file.exists()
        assert supervisor.find(instance) == process.pid
        assert supervisor.stop(instance) is True
        assert supervisor.find(instance) is None


def test_taken_port_is_named_with_its_holder(instance: Instance) -> None:
    """Nothing is started when a port is taken, and the error says by whom."""
    with socket.socket() as other:
        other.bind((instance.services_ip, HETZNER_PORT))
        other.listen()
        with pytest.raises(FlotillaError, match=rf"{instance.services_ip}:{HETZNER_PORT}/tcp \(held by .*pid {os.getpid()}\)"):
            supervisor.start(instance)
    assert not instance.pid_file.exists()


def test_daemon_that_dies_is_reported_with_its_last_words(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error ends with the log's last lines, so that nobody has to look for them."""
    monkeypatch.setattr(supervisor, "MODULE", "sandbox.no_such_module")
    with pytest.raises(FlotillaError, match=r"ended while it was starting") as caught:
        supervisor.start(instance)
    assert "No module named sandbox.no_such_module" in str(caught.value).splitlines()[-1]
    assert not instance.pid_file.exists()


def test_last_lines_of_a_log(instance: Instance) -> None:
    """Empty lines say nothing; a log that is not there has none."""
    assert supervisor.last_lines(instance.cloud_log) == []
    instance.cloud_log.parent.mkdir(parents=True)
    instance.cloud_log.write_bytes(b"x" * 20000 + b"\none\n\n\xff two\n  \n")
    assert supervisor.last_lines(instance.cloud_log, 2) == ["one", "\ufffd two"]


@contextmanager
def _stand_in(instance: Instance) -> Iterator[subprocess.Popen[bytes]]:
    """
    A process with the daemon's command line: all that tells a daemon apart.
    """
    folder = instance.checkout
    folder.mkdir(exist_ok=True)
    (folder / f"{supervisor.MODULE}.py").write_text("import time; time.sleep(60)")
    process = subprocess.Popen(supervisor._command(instance), cwd=folder)
    try:
        deadline = time.monotonic() + 5
        while supervisor.find(instance) is None and time.monotonic() < deadline:
            time.sleep(0.01)  # until it has become the interpreter
        yield process
    finally:
        process.kill()
        process.wait()
