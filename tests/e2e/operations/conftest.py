"""
Each file of operations has a fleet of its own: what one leaves behind is not what another one begins with.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Fleet, brought_up


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """
    For the tests of one file.
    """
    with brought_up() as made:
        yield made
