"""
The files that jobs and migrations have on a server: the program that runs them is the same for all projects.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from components.remote import SCRIPTS

WRITE_OFTEN = """
import runpy, sys
from pathlib import Path
put = runpy.run_path(sys.argv[1])["put"]
for _ in range(500):
    put(Path(sys.argv[2]), "text", 0o755)
"""


@pytest.mark.parametrize("script", ["job.py", "migrate.py"])
def test_steps_of_several_projects_write_the_same_file(script: str, tmp_path: Path) -> None:
    """None of them takes away what another one is about to put in place, and nothing else is left."""
    file = tmp_path / "run_job.py"
    argv = [sys.executable, "-c", WRITE_OFTEN, str(SCRIPTS / script), str(file)]

    steps = [subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [step.communicate(timeout=60)[1] for step in steps]

    assert said == ["", "", ""]
    assert [step.returncode for step in steps] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == [file]
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("text", 0o755)
