"""
What a server tells when something is wrong.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import hosts.diagnosis
from hosts.diagnosis import logs
from hosts.diagnosis.program import _tried
from hosts.diagnosis.script import MODULES, Asked, script
from hosts.probe.reading import UnreadableError


def frame(text: str, stream: int = 1) -> bytes:
    data = text.encode()
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4) + data


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        (frame("a\n") + frame("b\n", 2), "a\nb\n"),
        (b"", ""),
        (b"plain text of a terminal\n", "plain text of a terminal\n"),
        (frame("cut off")[:-3], "cut "),
        (frame("\udcff".encode(errors="surrogateescape").decode(errors="replace")), "\ufffd"),
    ],
)
def test_dockers_frames(frames: bytes, text: str) -> None:
    """Output and errors in their order; of a terminal as it is; of half a frame what is there."""
    assert logs.text_of(frames) == text


def test_the_program_needs_nothing_but_python() -> None:
    """Every module of the package travels, and imports the standard library and its own only."""
    folder = Path(hosts.diagnosis.__path__[0])
    assert set(MODULES) == {path.stem for path in folder.glob("*.py")} - {"__init__", "script"}
    for name in MODULES:
        tree = ast.parse((folder / f"{name}.py").read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert {module.partition(".")[0] for module in imported if module} <= set(sys.stdlib_module_names) | {"hosts"}


def test_it_runs_as_one_program_and_tells_each_part_for_itself() -> None:
    """On this machine, without anything that it asks for: what is not there is an error of its section."""
    peer = {"name": "nobody", "address": "127.0.0.1", "port": 9}
    text = script(Asked(project=None, since=0, lines=5, exporters={"node": "http://127.0.0.1:9/metrics"}, peers=[peer]))
    done = subprocess.run([sys.executable, "-"], input=text, capture_output=True, text=True, timeout=120, check=True)
    sections = json.loads(done.stdout)["sections"]

    assert sections["connections"]["data"][0]["is_open"] is False
    assert "error" in sections["exporters"]["data"]["node"]
    assert {"system", "disks", "journal", "processes"} <= sections.keys() and "prometheus" not in sections


def test_a_part_that_fails_is_told() -> None:
    """Never an empty one."""

    def fail() -> None:
        raise UnreadableError("journalctl is not installed")

    assert _tried(fail) == {"error": "journalctl is not installed"}
