"""
A newcomer with one page: the database server is lost, and what the page says is done, literally, line by line.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from ops.runbooks.disasters import LOST_DATABASE
from tests.e2e.conftest import Fleet
from tests.e2e.test_data import GUESTBOOK, LOSE_THE_DATABASE_SERVER, write
from tests.rehearsal import lines_of, longest_s


def test_the_page_brings_a_lost_database_server_back(fleet: Fleet, record_property: Callable[[str, object], None]) -> None:
    """
    Machine and disk are deleted at the cloud; every command of the page is run as it stands and ends with 0. What was written
    before the last backup is back, and what was written after it.
    """
    mark = uuid.uuid4().hex[:8]
    write(fleet, f"before-the-backup-{mark}")
    fleet.run("flotilla backup run -s local")
    write(fleet, f"after-the-backup-{mark}")
    time.sleep(3)  # what is written streams to the backup server at once; it does not have to be lucky
    lines = lines_of(fleet.checkout, LOST_DATABASE)
    fleet.run(LOSE_THE_DATABASE_SERVER)
    assert f"after-the-backup-{mark}" not in fleet.curl(GUESTBOOK, check=False).stdout

    began = time.monotonic()
    took_s = {}
    for line in lines:
        started = time.monotonic()
        fleet.run(line)
        took_s[line] = round(time.monotonic() - started)
    whole_s = round(time.monotonic() - began)
    page = fleet.curl(GUESTBOOK).stdout

    record_property("runbook_s", whole_s)
    record_property("runbook_lines_s", took_s)
    assert [line for line in lines if "<" in line] == []
    assert len(lines) >= 6
    assert f"before-the-backup-{mark}" in page
    assert f"after-the-backup-{mark}" in page
    write(fleet, "after-the-loss")
    assert whole_s <= longest_s(LOST_DATABASE), took_s
