"""
A project's own commands around a release.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ops import hooks
from ops.errors import FlotillaError

IMAGE = "registry.example.com/guestbook@sha256:" + "1" * 64


def run(folder: Path, *command: str, timeout_s: float = 20) -> str:
    return hooks.run(folder, "staging", "guestbook", IMAGE, command, timeout_s)


def test_a_hook_is_told_what_is_released_and_runs_in_the_checkout(tmp_path: Path) -> None:
    """By its environment."""
    (tmp_path / "say.sh").write_text('echo "$FLOTILLA_PROJECT $FLOTILLA_STACK $FLOTILLA_IMAGE $PWD"\n')
    assert run(tmp_path, "sh", "say.sh") == f"guestbook staging {IMAGE} {tmp_path}"


def test_no_shell_reads_a_hook(tmp_path: Path) -> None:
    """What looks like one is an argument."""
    assert run(tmp_path, "echo", "$(id);x") == "$(id);x"


def test_a_hook_that_fails_says_its_last_words(tmp_path: Path) -> None:
    """With its exit code."""
    (tmp_path / "fail.sh").write_text("echo the tests are red\nexit 3\n")
    with pytest.raises(FlotillaError, match=r"fail\.sh: exit code 3, after saying: the tests are red"):
        run(tmp_path, "sh", "fail.sh")


def test_a_program_that_there_is_not_is_one_error(tmp_path: Path) -> None:
    """No traceback."""
    with pytest.raises(FlotillaError, match="No such file"):
        run(tmp_path, "no-such-program")


def test_a_hook_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    """Its children, too: the file that one would write stays away."""
    (tmp_path / "slow.sh").write_text("(sleep 2; touch late) & sleep 60\n")
    started = time.monotonic()
    with pytest.raises(FlotillaError, match=r"stopped after 0\.5 s"):
        run(tmp_path, "sh", "slow.sh", timeout_s=0.5)

    assert time.monotonic() - started < 10
    time.sleep(2.2)
    assert not (tmp_path / "late").exists()
