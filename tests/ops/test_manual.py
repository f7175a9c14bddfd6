"""
What the manual quotes is what the program says.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("ops", "settings", "components", "hosts", "sandbox", "toolchain", "policies")
_ROW = re.compile(r"^\| `(.+?)` \|", re.MULTILINE)
MESSAGES = _ROW.findall((ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def source() -> str:
    """
    All programs, with the ends of strings that are written on two lines taken out.
    """
    files = [ROOT / "env.sh", *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r'"\s*\n\s*f?"', "", text)


@pytest.mark.parametrize("words", MESSAGES)
def test_a_message_that_the_manual_explains_is_one_that_the_program_has(source: str, words: str) -> None:
    """Word by word."""
    assert words in source


def test_what_production_costs_is_what_the_manual_says() -> None:
    """To the cent."""
    command = [sys.executable, "-m", "ops.cli", "costs", "-s", "production", "--json"]
    answer = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    (production,) = answer["environments"]
    assert f"{production['total_eur']} EUR" in (ROOT / "docs/production.md").read_text(encoding="utf-8")
