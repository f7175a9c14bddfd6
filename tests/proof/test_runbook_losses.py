"""
Pages about what breaks or is lost beyond one database, each followed to the letter by somebody at a terminal, on one fleet:
certificates, then a whole location.

The tests build on one another, in the order in which they stand.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from tests.e2e.conftest import Fleet
from tests.e2e.test_audit import audit, found
from tests.e2e.test_data import GUESTBOOK, LOSE, write
from tests.e2e.test_growth import JOURNAL
from tests.e2e.test_report import SITE, expired, on
from tests.proof.visits import JOURNAL_API, LEDGER, is_served, require_served, subscribe, subscribers, until
from tests.rehearsal import at_a_terminal, took

EVERY_PROJECT = (GUESTBOOK, JOURNAL, JOURNAL_API, LEDGER)
KEPT = "/var/lib/flotilla/caddy"
CERTIFICATES = f"{KEPT}/data/caddy/certificates/local"
RESTART_CADDY = "docker kill $(docker ps -q --filter label=com.docker.swarm.service.name=caddy)"
WHAT_CADDY_SAYS = "docker service logs --tail 100 caddy 2>&1"
# What the page has for another case than the one at hand: the first and the second way in which certificates fail.
DAMAGED, FORBIDDEN = "-exec", "chown"


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

    with at_a_terminal(fleet.checkout) as person:
        done = person.follow("certificate", without=(DAMAGED,))

    assert "permission denied" in "".join(done.shown.values())
    require_served(fleet, *EVERY_PROJECT)
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
    assert not is_served(fleet, GUESTBOOK)

    with at_a_terminal(fleet.checkout, **{"<name>": name}) as person:
        done = person.follow("certificate", without=(FORBIDDEN,))

    assert f"{name}: caching certificate" in "".join(done.shown.values())
    require_served(fleet, *EVERY_PROJECT)
    assert not [key for key in found(audit(fleet, "tls")) if key[0].startswith("tls.")]
    assert on(fleet, "app-1", f"ls {KEPT}/{name}.aside").split() == [f"{name}.{kind}" for kind in ("crt", "json", "key")]


def test_a_lost_location_comes_back_in_another(fleet: Fleet, record_property: Callable[[str, object], None]) -> None:
    """
    Every server and disk there is deleted at the cloud. The person writes another location into the settings, and types the
    stack's name where it is asked for. Everything of before is there, what came after the last backup of databases too.
    """
    before, address = f"before-{uuid.uuid4().hex[:8]}", subscribe(fleet)
    write(fleet, before)
    fleet.run("flotilla backup run -s local")
    after = f"after-{uuid.uuid4().hex[:8]}"
    write(fleet, after)
    time.sleep(3)  # what is written streams to the backup server at once; it does not have to be lucky
    fleet.run(LOSE.format(which="'app' in server.name or 'data' in server.name", with_disks=True))
    assert not is_served(fleet, GUESTBOOK)
    settings = fleet.checkout / "Pulumi.local.yaml"
    assert settings.read_text().count("location: fsn1") == 1
    settings.write_text(settings.read_text().replace("location: fsn1", "location: hel1"))

    with at_a_terminal(fleet.checkout) as person:
        done = person.follow("location-lost")

    require_served(fleet, *EVERY_PROJECT)
    page = fleet.curl("-f", GUESTBOOK).stdout
    assert before in page and after in page
    assert address in subscribers(fleet)
    write(fleet, "visitors-can-write")
    assert {name: server["location"] for name, server in fleet.outputs()["servers"].items()} == {
        "app-1": "hel1",
        "data-1": "hel1",
        "ops-1": "nbg1",
    }
    assert fleet.preview() == []
    took("location-lost", done, record_property)
