"""
Reading logs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ops import logs
from ops.errors import MissingToolError
from sandbox.instance import Instance, identity, save


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The cloud's log of an instance that exists."""
    instance = Instance(identity(tmp_path), tmp_path, 253)
    save(instance)
    instance.logs.mkdir()
    instance.cloud_log.write_text("one\ntwo\nthree\n")
    return instance.cloud_log


def test_last_lines(log: Path) -> None:
    """As many as were asked for, from the end."""
    assert "".join(logs.read(log.parents[2], "cloud", 2, follow=False)) == "two\nthree\n"


def test_following_yields_what_is_added(log: Path) -> None:
    """A line that is written later is shown when it is there."""
    pieces = logs.read(log.parents[2], "cloud", 1, follow=True)
    assert next(pieces) == "three\n"
    with log.open("a") as handle:
        handle.write("four\n")
    assert next(pieces) == "four\n"


def test_log_that_was_never_written_is_empty(log: Path) -> None:
    """A service that has not printed anything has an empty log, and that is no error."""
    assert "".join(logs.read(log.parents[2], "docker", 5, follow=False)) == ""


def test_no_sandbox_no_logs(tmp_path: Path) -> None:
    """The way to a sandbox is named."""
    with pytest.raises(MissingToolError, match="flotilla sandbox start"):
        logs.read(tmp_path, "cloud", 5, follow=False)


def test_journal_needs_docker(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a daemon a machine's journal cannot be had, and the error says why."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    with pytest.raises(MissingToolError, match="no daemon answers"):
        logs.read(log.parents[2], "web-1", 5, follow=False)
