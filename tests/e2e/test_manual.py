"""
The manual, followed to the letter: the README's commands, and docs/first-project.md from the first line to the last.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.conftest import Fleet

ROOT = Path(__file__).resolve().parents[2]
SITE = "https://hello.flotilla.test/"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"^## \d\. (.+)$", re.MULTILINE)
# What takes the fleet away or asks at a terminal, with the test that runs it.
ELSEWHERE = {
    "make up": "conftest.py",
    "make test": "this is it",
    "make down": "test_slice.py",
    "make clean": "conftest.py",
    ". ./env.sh": "every command here",
    "pulumi up -s local": "conftest.py",
    "pulumi destroy -s local": "test_slice.py",
    "flotilla apply -s production": "test_upkeep.py",
    "flotilla deploy guestbook --image :v2": "test_releases.py",
    "make preview-production AGAINST=origin/main": "test_preview_offline.py",
}

# What the site answers after each section of the page.
SECTIONS = {
    "A fleet to put it on": None,
    "An application": None,
    "The project's file": None,
    "Serve it": "Hello\n",
    "Change it, and go back": "Hello\n",
    "Take it away": None,
}


def readme_commands() -> list[str]:
    blocks = _BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))


def steps() -> dict[str, str]:
    """The page's sections, {title: its shell lines}."""
    _, *parts = _STEP.split((ROOT / "docs/first-project.md").read_text(encoding="utf-8"))
    return {title: "\n".join(_BLOCK.findall(text)) for title, text in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.parametrize("command", [line for line in readme_commands() if line not in ELSEWHERE])
def test_a_command_of_the_readme_runs(fleet: Fleet, command: str) -> None:
    """On this fleet, which is not production; a report may say that something is not well, and then says it by its code."""
    found = fleet.run(command.replace("-s production", "-s local"), check=False)

    may_end_with = (0, 6) if "--fail-on" in command else (0,)
    assert found.returncode in may_end_with, found.stdout + found.stderr
    assert "Traceback" not in found.stdout + found.stderr


def test_what_is_left_out_is_still_in_the_readme() -> None:
    """So that nothing is left out for long."""
    assert set(ELSEWHERE) <= set(readme_commands())


@pytest.mark.parametrize(("title", "page"), SECTIONS.items())
def test_the_first_project_is_made_as_the_page_says(fleet: Fleet, title: str, page: str | None) -> None:
    """Section by section, in one shell each."""
    fleet.run(f"set -e; {steps()[title]}")

    if page is not None:
        assert fleet.curl("--fail", SITE).stdout == page


def test_no_section_of_the_page_is_left_out() -> None:
    """All of them are followed above."""
    assert list(steps()) == list(SECTIONS)


def test_then_nothing_of_it_is_left(fleet: Fleet) -> None:
    """No name, no release, nothing to change."""
    assert fleet.curl("--fail", "--max-time", "10", SITE, check=False).returncode != 0
    assert "hello" not in (fleet.checkout / "releases/local.yaml").read_text()
    assert fleet.preview() == []


def test_the_dossier_of_what_runs_is_fresh_once_it_is_written(fleet: Fleet) -> None:
    """From the outputs: it has the addresses of the servers, and a second run would write the same."""
    fleet.run("flotilla docs -s local")

    fleet.run("flotilla docs -s local --check")
    inventory = (fleet.checkout / "docs/generated/local/inventory.md").read_text()
    assert [row["ipv4"] for row in fleet.outputs()["servers"].values() if row["ipv4"] not in inventory] == []
