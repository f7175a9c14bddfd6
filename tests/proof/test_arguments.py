"""
No secret is ever an argument of a program: the kernel's audit notes every program that is started on this computer and in its
machines while a fleet is brought up, backed up, restored, audited and converged.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox import packages
from tests.e2e.conftest import Fleet, fleet
from tests.e2e.secret_values import known_secrets, log_in_to_the_registry

__all__ = ["fleet"]

CONFIGURATION = """\
log_file = {folder}/audit.log
log_format = RAW
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 9999
max_log_file_action = IGNORE
space_left = 100
space_left_action = IGNORE
admin_space_left = 50
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
"""
# Long arguments come in pieces, `a2[0]=`, `a2[1]=`, and those with unusual letters in hexadecimal digits.
ARGUMENT = re.compile(r' a(\d+)(?:\[\d+\])?=(?:"([^"]*)"|([0-9A-F]+))(?= |$)')
# What only runs in a machine, and what only runs here.
SEEN_IN_MACHINES, SEEN_HERE = ("pg_receivewal", "pgbackrest", "restic"), ("pulumi", "ssh")
OPERATIONS = (
    "flotilla host converge -s local --approve important --reason proof",
    "flotilla backup run -s local",
    "flotilla backup verify -s local",
    "flotilla restore ledger -s local",
    "flotilla audit -s local",
)


def audited(*options: str) -> None:
    subprocess.run(["auditctl", *options], check=True, capture_output=True)


@contextmanager
def recorded(folder: Path) -> Iterator[Path]:
    """
    Every start of a program, in a file. The audit is as it was afterwards: off.
    """
    if shutil.which("auditctl") is None:
        packages.install(["auditd"], folder / "apt.log", because="the kernel's audit is read with it")
    (folder / "auditd.conf").write_text(CONFIGURATION.format(folder=folder))
    daemon = subprocess.Popen(["auditd", "-n", "-c", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        audited("-b", "65536", "--backlog_wait_time", "60000")
        audited("-a", "always,exit", "-F", "arch=b64", "-S", "execve,execveat")
        yield folder / "audit.log"
    finally:
        audited("-D")
        time.sleep(2)
        daemon.terminate()
        daemon.wait(10)
        audited("-e", "0")


def arguments(log: Path) -> list[str]:
    """
    The arguments of each start, as one text.
    """
    with log.open(errors="replace") as lines:
        return [_start(line.rstrip()) for line in lines if line.startswith("type=EXECVE ")]


def _start(line: str) -> str:
    found = (match.groups(default="") for match in ARGUMENT.finditer(line))
    return " ".join(plain or bytes.fromhex(digits).decode(errors="replace") for _, plain, digits in found)


def lost() -> int:
    shown = subprocess.run(["auditctl", "-s"], check=True, capture_output=True, text=True).stdout
    return int(next(line.split()[1] for line in shown.splitlines() if line.startswith("lost ")))


def test_no_secret_is_an_argument(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """From the first `make up` on: tens of thousands of starts, and none that was lost."""
    marker = "a marker, with a comma"
    with recorded(tmp_path) as log:
        before = lost()
        subprocess.run(["true", marker], check=True)
        made: Fleet = request.getfixturevalue("fleet")
        log_in_to_the_registry(made)
        made.up()
        for operation in OPERATIONS:
            made.run(operation, check="audit" not in operation)
        missed = lost() - before
    starts = arguments(log)
    secrets = set(known_secrets(made))

    assert len(secrets) > 15
    assert (len(starts) > 2000, missed) == (True, 0)
    assert any(marker in start for start in starts)
    for name in (*SEEN_IN_MACHINES, *SEEN_HERE):
        assert any(name in start for start in starts), name
    assert [start[:60] for start in starts if any(secret in start for secret in secrets)] == []
