"""
What visitors leave in a fleet's projects and see of them, and what PostgreSQL says of it.
"""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime

from tests.e2e.conftest import Fleet
from tests.e2e.operations.test_report import on
from tests.e2e.test_data import GUESTBOOK, write

JOURNAL_API = "https://journal-api.flotilla.test/up"
SUBSCRIPTIONS = "https://journal-api.flotilla.test/v1/subscriptions"


def mark(fleet: Fleet, what: str) -> str:
    """Leave an entry that nobody else has left."""
    message = f"{what}-{uuid.uuid4().hex[:8]}"
    write(fleet, message)
    return message


def moment() -> str:
    """Now, in whole seconds, with a second before and after in which nothing is done."""
    time.sleep(2)
    found = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    time.sleep(2)
    return found


def psql(fleet: Fleet, statement: str, database: str = "guestbook") -> str:
    """What PostgreSQL says on the database server."""
    argv = f"runuser -u postgres -- psql -X -A -t -d {database} -c '{statement}'"
    return fleet.run(f"flotilla host ssh -s local data-1 -- {argv}").stdout.strip()


def page_of(fleet: Fleet) -> str:
    """The guestbook, as visitors see it."""
    return fleet.curl("-f", "--retry", "10", "--retry-all-errors", GUESTBOOK).stdout


def subscribe(fleet: Fleet) -> str:
    """An address that nobody else has, kept in the journal's volume."""
    address = f"{uuid.uuid4().hex[:8]}@example.com"
    said = fleet.curl("-o", "/dev/null", "-w", "%{http_code}", "--data", f"email={address}", SUBSCRIPTIONS).stdout
    assert said == "303"
    return address


def subscribers(fleet: Fleet) -> str:
    """Whom the journal would mail to, as its own program reads the volume once it is well."""
    fleet.curl("-f", "--retry", "20", "--retry-all-errors", JOURNAL_API)
    api = "docker ps -q --filter label=flotilla.project=journal --filter label=flotilla.process=api --filter health=healthy"
    return on(fleet, "app-1", f"docker exec $({api} | head -1) python3 -m journal mailing")
