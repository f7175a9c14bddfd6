"""
A run that is killed, again and again on the way from a bare machine: the next one goes on, and the last finds nothing to do.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hosts.request import Request
from tests.integration.hosts.databases.conftest import started

CHECKOUT = Path(__file__).parents[4]
# Killed after so many seconds, each longer than the one before: further on the way every time.
AFTER_S = (2, 4, 6, 8, 10)


def test_a_bare_server_gets_there_however_often_it_is_interrupted(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The process is killed without a chance to tidy up; what it had begun on the server may go on beside the next one."""
    with started(tmp_path_factory.mktemp("machine")) as server:
        request = Request(targets=(server.target(),)).text()
        killed = sum(_run(request, limit_s) for limit_s in AFTER_S)
        server.converged()
        again = server.converge()
        server.trust()
        assert (again.error, again.changes, again.unknown) == ("", (), ())
        assert killed > 0, "no run was still under way when it was to be killed"
        assert server.ask("SELECT 1", port=6432).stdout == "1\n"
        assert json.loads(
            server.admin("SELECT json_agg(datname ORDER BY datname) FROM pg_database WHERE NOT datistemplate")
        ) == [
            "ledger",
            "postgres",
            "shop",
        ]


def _run(request: str, limit_s: float) -> bool:
    """
    Whether the run was killed; False if it had ended by itself.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "hosts.converge"],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        process.communicate(request, timeout=limit_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False
