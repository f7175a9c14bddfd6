"""
What runbooks ask of the engine is what this engine has.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECORDED = json.loads((ROOT / "tests" / "cases" / "runbooks" / "pulumi.json").read_text())
# `pulumi stack new` is called `init`, too, and so on: the usage line has one of the names only.
NAMES = {"init": "new", "ls": "list", "rm": "remove"}


@pytest.mark.parametrize("words", RECORDED)
def test_a_recorded_command_has_its_options(words: str) -> None:
    """Command and options are in the engine's own help."""
    line = f". ./env.sh >/dev/null 2>&1; pulumi {words} --help"
    shown = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    usage = re.search(r"^ +pulumi ([a-z -]+?)(?= [\[<]|$)", shown.stdout, re.MULTILINE)
    expected = " ".join(NAMES.get(word, word) for word in words.split())

    assert shown.returncode == 0, shown.stderr
    assert usage and usage[1] == expected, shown.stdout
    for option in RECORDED[words]:
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", shown.stdout), option
