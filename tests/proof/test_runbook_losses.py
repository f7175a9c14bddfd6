"""
Pages about what breaks or is lost beyond one database, each followed to the letter by somebody at a terminal, on one fleet.

The tests build on one another, in the order in which they stand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ops.runbooks.durations import REHEARSALS
from tests.e2e.conftest import Fleet, brought_up
from tests.e2e.operations.test_report import SITE, expired, on
from tests.e2e.test_audit import audit, found
from tests.e2e.test_data import GUESTBOOK
from tests.e2e.test_growth import JOURNAL
from tests.rehearsal import Followed, Person, at_a_terminal

LEDGER = "https://ledger.test/up"
SLOWER = 10
"""Another machine may take so many times as long as the page says before the page counts as wrong."""
NOTICED_S = 90
KEPT = "/var/lib/flotilla/caddy"
CERTIFICATES = f"{KEPT}/data/caddy/certificates/local"
RESTART_CADDY = "docker kill $(docker ps -q --filter label=com.docker.swarm.service.name=caddy)"
WHAT_CADDY_SAYS = "docker service logs --tail 100 caddy 2>&1"
# What the page has for another case than the one at hand: the first and the second way in which certificates fail.
DAMAGED, FORBIDDEN = "-exec", "chown"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """
    One for all pages.
    """
    with brought_up() as made:
        yield made


@contextmanager
def somebody(fleet: Fleet, **words: str) -> Iterator[Person]:
    """
    A newcomer, in a shell that was opened just now.
    """
    with at_a_terminal(fleet.checkout) as person:
        person.words.update(words)
        yield person


def took(slug: str, done: Followed, record_property: Callable[[str, object], None]) -> None:
    """
    Note how long a page took, and compare it with what the page says.
    """
    record_property(f"{slug}_s", done.whole_s)
    record_property(f"{slug}_lines_s", {line: round(seconds, 1) for line, seconds in done.took_s.items()})
    assert done.whole_s <= SLOWER * REHEARSALS[slug].seconds, done.took_s


def until(what: str, is_so: Callable[[], bool]) -> None:
    """Wait for what was caused; what does not come is no rehearsal."""
    deadline = time.monotonic() + NOTICED_S
    while not is_so():
        assert time.monotonic() < deadline, f"after {NOTICED_S} s not yet so: {what}"
        time.sleep(1)


def require_served(fleet: Fleet) -> None:
    """Every project answers, by a certificate that is to be trusted."""
    for url in (GUESTBOOK, JOURNAL, LEDGER):
        assert fleet.curl("-f", "-o", "/dev/null", "--retry", "10", "--retry-all-errors", url).returncode == 0


def reason(fleet: Fleet, url: str) -> tuple[int, str]:
    """What a visitor's program says of a site: curl's exit code, and its words."""
    answer = fleet.curl("-f", "-o", "/dev/null", "-m", "5", url, check=False)
    return answer.returncode, answer.stderr


def test_a_certificate_that_has_ended_and_cannot_be_renewed(
    fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    """
    Somebody put an old copy of Caddy's data back as root: it shows a certificate that ended yesterday, and may not write
    another one. Followed, visitors get one that is good.
    """
    certificate, key = expired(fleet)
    on(
        fleet,
        "app-1",
        f"""cat >{CERTIFICATES}/{SITE}/{SITE}.crt <<'E'
{certificate}E
cat >{CERTIFICATES}/{SITE}/{SITE}.key <<'E'
{key}E
chown -R root:root {KEPT}/data
chmod -R a+rX {KEPT}/data
{RESTART_CADDY}""",
    )
    until("visitors are shown a certificate that has ended", lambda: "expired" in reason(fleet, GUESTBOOK)[1])
    assert ("tls.expired", SITE) in found(audit(fleet, "tls"))

    with somebody(fleet) as person:
        done = person.follow("certificate", without=(DAMAGED,))

    assert "permission denied" in "".join(done.shown.values())
    require_served(fleet)
    assert not [key for key in found(audit(fleet, "tls")) if key[0].startswith("tls.")]
    assert fleet.preview() == []
    took("certificate", done, record_property)


def test_a_certificate_that_is_damaged_on_disk(fleet: Fleet) -> None:
    """
    A full disk left a file empty; Caddy restarts, does not start with it, and no site at all answers. The person fills in the
    name that Caddy says.
    """
    name = "journal.flotilla.test"
    on(fleet, "app-1", f": >{CERTIFICATES}/{name}/{name}.crt; {RESTART_CADDY}")
    until("Caddy does not start", lambda: "caching certificate" in on(fleet, "app-1", WHAT_CADDY_SAYS))
    assert reason(fleet, GUESTBOOK)[0] != 0

    with somebody(fleet, **{"<name>": name}) as person:
        done = person.follow("certificate", without=(FORBIDDEN,))

    assert f"{name}: caching certificate" in "".join(done.shown.values())
    require_served(fleet)
    assert not [key for key in found(audit(fleet, "tls")) if key[0].startswith("tls.")]
    assert on(fleet, "app-1", f"ls {KEPT}/{name}.aside").split() == [f"{name}.{kind}" for kind in ("crt", "json", "key")]
