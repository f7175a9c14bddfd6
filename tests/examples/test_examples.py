"""
What all of the sample fleet's applications have in common.
"""

from __future__ import annotations

import re

import pytest

from tests.examples.programs import EXAMPLES, run

NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/Dockerfile"))


WITHOUT_DATABASE = [name for name in NAMES if not (EXAMPLES / name / "tests" / "temporary_database.py").exists()]


@pytest.mark.parametrize("example", WITHOUT_DATABASE)
def test_own_tests_pass(example: str) -> None:
    """The application's own tests, which its image's build runs, pass here too; with a database: tests/integration/examples."""
    ended = run(example, "unittest", "discover", "-s", "tests")
    assert ended.returncode == 0, ended.stderr
    assert "\nOK" in ended.stderr


def test_images_share_their_first_layers() -> None:
    """Every Dockerfile begins with the same words, so that Python is installed, kept and pulled once for the whole fleet."""
    stages = {
        re.search(r"^FROM \$\{BASE\} AS python\n.*?\n\n", (EXAMPLES / name / "Dockerfile").read_text(), re.M | re.S)[0]
        for name in NAMES
    }
    assert len(NAMES) == 3
    assert len(stages) == 1


@pytest.mark.parametrize("example", NAMES)
def test_only_what_is_needed_gets_into_a_build(example: str) -> None:
    """The build context is a list of what may come, so that no secret and no leftover of a developer gets into an image."""
    lines = (EXAMPLES / example / ".dockerignore").read_text().splitlines()
    assert lines[0] == "**"
    assert all(line.startswith("!") for line in lines[1:])


@pytest.mark.parametrize("example", NAMES)
def test_images_run_without_root(example: str) -> None:
    """Every image that is deployed has a numeric user other than root, and the signal that its programs know."""
    text = (EXAMPLES / example / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", text, re.M)
    assert re.search(r"^STOPSIGNAL SIGTERM$", text, re.M)
