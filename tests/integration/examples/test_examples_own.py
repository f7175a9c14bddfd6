"""
The applications' own tests, which their images' builds run, for those that need a database.
"""

from __future__ import annotations

import pytest

from tests.examples.programs import run


@pytest.mark.parametrize("example", ["guestbook", "ledger"])
def test_own_tests_pass(example: str, postgresql: str) -> None:
    """They pass here too, in databases that they make themselves."""
    ended = run(example, "unittest", "discover", "-s", "tests", TEST_DATABASE_URL=postgresql)
    assert ended.returncode == 0, ended.stderr
    assert "\nOK" in ended.stderr
