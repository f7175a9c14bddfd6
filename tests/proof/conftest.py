"""
A stand with a backup in it, that the tests of a module share.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration import backup_stand
from tests.integration.backup_stand import Stand


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """
    Both machines converged, data in the database and the volume, and the first backup of both.
    """
    with backup_stand.started(tmp_path_factory.mktemp("stand")) as found:
        found.converge()
        found.await_fetching()
        found.fill()
        found.backup("run")
        yield found
