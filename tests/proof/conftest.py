"""
The stand with a backup in it, and a fleet for each file that follows pages, for the tests of this folder.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Fleet, brought_up
from tests.integration.backup_stand import stand

__all__ = ["stand"]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """
    One for all tests of a file.
    """
    with brought_up() as made:
        yield made
