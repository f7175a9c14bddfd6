"""
Watching Docker's events begins in the background, so its end may come first.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sandbox.cloud.machines.watcher import Watcher
from sandbox.instance import Instance


class Docker:
    """
    A client whose events end at once, and that notes that it was asked.
    """

    def __init__(self) -> None:
        self.was_asked = threading.Event()

    def events(self, **_: object) -> list[dict[str, object]]:
        """
        None.
        """
        self.was_asked.set()
        return []


class Nobody:
    """
    Who need not be told.
    """

    def resync(self) -> None:
        """
        Nothing to compare.
        """


@pytest.fixture
def docker() -> Docker:
    return Docker()


@pytest.fixture
def watcher(docker: Docker, tmp_path: Path) -> Watcher:
    return Watcher(Instance("0a1b2c3d", tmp_path, 7), docker, Nobody())


def test_a_watcher_that_runs_is_ended(watcher: Watcher, docker: Docker) -> None:
    """
    One that has begun asks Docker, and no longer runs once it was stopped.
    """
    before = set(threading.enumerate())
    watcher.start()
    assert docker.was_asked.wait(5)
    watcher.stop()
    assert set(threading.enumerate()) <= before


def test_a_watcher_that_was_stopped_first_never_looks(watcher: Watcher, docker: Docker) -> None:
    """
    A stop before the start is no error, and what is started after it ends without having asked Docker.
    """
    watcher.stop()
    watcher.start()
    watcher.stop()
    assert not docker.was_asked.is_set()
