"""
What visitors leave in a fleet's projects and see of them, what PostgreSQL says of it, and how its servers are lost.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from tests.e2e.conftest import Fleet
from tests.e2e.test_data import GUESTBOOK, write
from tests.e2e.test_report import on

LEDGER = "https://ledger.test/up"
JOURNAL_API = "https://journal-api.flotilla.test/up"
SUBSCRIPTIONS = "https://journal-api.flotilla.test/v1/subscriptions"
END_THE_CLOUD = "kill $(cat .flotilla/cloud.pid); while [ -d /proc/$(cat .flotilla/cloud.pid) ]; do sleep 0.2; done"
# What pages have for a moment that people fill in.
MOMENT = "<2026-11-26T01:30:00Z>"
# How long what was caused may take to be seen: a container that was started anew is healthy within half a minute.
SEEN_S = 90


def until(what: str, is_so: Callable[[], bool]) -> None:
    """Wait for what was caused; what does not come is no rehearsal."""
    deadline = time.monotonic() + SEEN_S
    while not is_so():
        assert time.monotonic() < deadline, f"after {SEEN_S} s not yet so: {what}"
        time.sleep(1)


def is_served(fleet: Fleet, url: str) -> bool:
    """Whether a visitor gets what he came for, by a certificate that is to be trusted."""
    return fleet.curl("-f", "-o", "/dev/null", "-m", "5", url, check=False).returncode == 0


def require_served(fleet: Fleet, *urls: str) -> None:
    """Each answers in a while. curl alone would wait for as long as the answer of nobody being there says."""
    for url in urls:
        until(f"{url} is served", partial(is_served, fleet, url))


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
    require_served(fleet, GUESTBOOK)
    return fleet.curl("-f", GUESTBOOK).stdout


def subscribe(fleet: Fleet) -> str:
    """An address that nobody else has, kept in the journal's volume."""
    address = f"{uuid.uuid4().hex[:8]}@example.com"
    said = fleet.curl("-o", "/dev/null", "-w", "%{http_code}", "--data", f"email={address}", SUBSCRIPTIONS).stdout
    assert said == "303"
    return address


def subscribers(fleet: Fleet) -> str:
    """Whom the journal would mail to, as its own program reads the volume once it is well."""
    require_served(fleet, JOURNAL_API)
    api = "docker ps -q --filter label=flotilla.project=journal --filter label=flotilla.process=api --filter health=healthy"
    return on(fleet, "app-1", f"docker exec $({api} | head -1) python3 -m journal mailing")
