"""
The sample fleet as its users meet it, through the ingress: several processes, secrets, a worker, a job, images, domains.
"""

from __future__ import annotations

import json
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.conftest import Fleet

LEDGER = "https://ledger.test"
LEDGER_API = "https://api.ledger.test"
JOURNAL = "https://journal.flotilla.test"
JOURNAL_API = "https://journal-api.flotilla.test"
JOB = "flotilla-job-ledger-close-day"


def yesterday() -> str:
    return (datetime.now(UTC) - timedelta(days=1)).date().isoformat()


DAY = yesterday()  # it is over, also when midnight comes during the tests
OPENING = {
    "day": DAY,
    "description": "Opening balance",
    "lines": [{"account": "1000", "debit_cents": 500_000}, {"account": "3000", "credit_cents": 500_000}],
}
INVOICE = {"day": DAY, "number": "R-1", "customer": "Ada", "net_cents": 10_000, "vat_percent": 19}
WAIT_S = 30


def secret(fleet: Fleet, name: str) -> str:
    return fleet.run(f"pulumi config get -s local --path 'flotilla:secrets.projects.{name}'").stdout.strip()


def ask(fleet: Fleet, path: str, document: object = None, *headers: str) -> tuple[int, Any]:
    """
    A request to the ledger's API with its token; status and answer.
    """
    body = ["--json", json.dumps(document)] if document is not None else []
    given = [f"Authorization: Bearer {secret(fleet, 'ledger.API_TOKEN')}", *headers]
    options = [part for header in given for part in ("-H", header)]
    answer = fleet.curl("-w", "%{http_code}", *options, *body, f"{LEDGER_API}{path}").stdout
    return int(answer[-3:]), json.loads(answer[:-3])


def status_and_target(fleet: Fleet, url: str, *options: str) -> str:
    return fleet.curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", *options, url).stdout.strip()


def on_app_server(fleet: Fleet, command: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """
    A command on the server that the projects run on, by SSH; `given` is its standard input.
    """
    address = fleet.outputs()["servers"]["app-1"]["ipv4"]
    options = ["-i", ".flotilla/ssh/id_ed25519", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    line = ["ssh", *options, "-o", "LogLevel=ERROR", f"root@{address}", command]
    return subprocess.run(line, cwd=fleet.checkout, input=given, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{LEDGER}/up", "200"),
        (f"{LEDGER_API}/up", "200"),
        (f"{JOURNAL}/up", "200"),
        (f"{JOURNAL_API}/up", "200"),
        ("https://www.ledger.test/entries?q=1", f"308 {LEDGER}/entries?q=1"),
        ("http://ledger.test/", f"308 {LEDGER}/"),
        ("https://blog.flotilla.test/feed.xml", f"308 {JOURNAL}/feed.xml"),
    ],
)
def test_every_name_answers_or_leads_to_the_main_one(fleet: Fleet, url: str, expected: str) -> None:
    """Apex, subdomains and redirects of two zones, all over TLS of the sandbox's authority."""
    assert status_and_target(fleet, url) == expected


def test_an_entry_is_posted_once(fleet: Fleet) -> None:
    """The API takes an entry with the token, and the same request again answers with the same entry."""
    first = ask(fleet, "/v1/entries", OPENING, "Idempotency-Key: e2e-opening")
    again = ask(fleet, "/v1/entries", OPENING, "Idempotency-Key: e2e-opening")

    assert (first[0], again[0]) == (201, 200)
    assert first[1] == again[1]
    assert fleet.curl("-o", "/dev/null", "-w", "%{http_code}", f"{LEDGER_API}/v1/accounts").stdout == "401"


def test_the_worker_posts_an_import(fleet: Fleet) -> None:
    """What the API queues, the worker in its own container posts, and it is on the pages."""
    status, queued = ask(fleet, "/v1/imports", {"kind": "invoice", "payload": INVOICE})
    assert status == 202

    state, deadline = "", time.monotonic() + WAIT_S
    while state != "done" and time.monotonic() < deadline:
        state = ask(fleet, f"/v1/imports/{queued['id']}")[1]["state"]
    assert state == "done"

    jar = "cookies.txt"
    fleet.curl(
        "-f",
        "-o",
        "/dev/null",
        "-c",
        jar,
        "--data-urlencode",
        f"code={secret(fleet, 'ledger.ACCESS_CODE')}",
        f"{LEDGER}/sign-in",
    )
    page = fleet.curl("-f", "-b", jar, f"{LEDGER}/accounts/1200").stdout
    assert "Invoice R-1 to Ada" in page


def test_the_job_closes_the_day(fleet: Fleet) -> None:
    """Started by hand, the nightly job finds balanced books and closes yesterday: no more entries for it."""
    days = {yesterday()}
    ran = on_app_server(fleet, f"systemctl start {JOB} && journalctl -u {JOB} --no-pager -o cat")
    days.add(yesterday())
    assert ran.returncode == 0, ran.stdout + ran.stderr

    closing = next(json.loads(line) for line in reversed(ran.stdout.splitlines()) if '"day closed"' in line)
    assert closing["day"] in days
    assert closing["mistakes"] == []
    assert closing["debits_cents"] == closing["credits_cents"] == 511_900

    status, refused = ask(fleet, "/v1/entries", OPENING | {"description": "late"}, "Idempotency-Key: e2e-too-late")
    assert status == 422
    assert "closed" in refused["errors"][0]
    assert JOB in on_app_server(fleet, "systemctl list-timers --all --no-pager").stdout


def test_a_job_that_finds_a_mistake_fails(fleet: Fleet) -> None:
    """A line changed behind the books' back fails the job's unit, for monitoring to see; put right, it passes again."""
    change = "flotilla host ssh -s local data-1 -- runuser -u postgres -- psql -XAtq -d ledger -c"
    statement = "UPDATE lines SET cents = cents {} 1"

    fleet.run(f"{change} '{statement.format('+')}'")
    broken = on_app_server(fleet, f"systemctl start {JOB}")
    fleet.run(f"{change} '{statement.format('-')}'")
    mended = on_app_server(fleet, f"systemctl start {JOB}")

    assert broken.returncode != 0
    assert mended.returncode == 0, mended.stderr


def test_the_journal_is_a_site_and_an_api(fleet: Fleet) -> None:
    """Two images of one project: pages with the addresses of this environment, search, and a subscription that leads back."""
    page = fleet.curl("-f", f"{JOURNAL}/").stdout
    assert f"{JOURNAL_API}/v1/search" in page

    found = json.loads(fleet.curl("-f", f"{JOURNAL_API}/v1/search?q=backups").stdout)["results"]
    assert found[0]["url"] == f"{JOURNAL}/articles/backups-that-count/"
    assert status_and_target(fleet, found[0]["url"]) == "200"

    subscribed = status_and_target(fleet, f"{JOURNAL_API}/v1/subscriptions", "--data", "email=ada@example.com")
    assert subscribed == f"303 {JOURNAL}/subscribed/"


def test_a_page_that_is_known_is_not_sent_again(fleet: Fleet) -> None:
    """The ETag works through the ingress, which compresses."""
    url = f"{JOURNAL}/articles/secrets-are-files/"
    headers = fleet.curl("-f", "--compressed", "-o", "/dev/null", "-D", "-", url).stdout
    etag = next(line.partition(": ")[2].strip() for line in headers.splitlines() if line.lower().startswith("etag:"))

    assert status_and_target(fleet, url, "--compressed", "-H", f"If-None-Match: {etag}") == "304"


def test_who_asks_too_often_waits_whatever_they_claim(fleet: Fleet) -> None:
    """The limit counts the address that the ingress saw, not one that the client wrote."""
    asked = [
        fleet.curl(
            *("-o", "/dev/null", "-w", "%{http_code}", "-H", f"X-Forwarded-For: 203.0.113.{number}"),
            *("--data", "email=nobody", f"{JOURNAL_API}/v1/subscriptions"),
        ).stdout
        for number in range(8)
    ]

    assert asked[-1] == "429", asked


def test_secrets_are_nowhere_in_plain_text(fleet: Fleet) -> None:
    """Not in outputs, state or logs here, nor in descriptions, environments or logs there: only in the container."""
    names = ("ledger.SESSION_KEY", "ledger.ACCESS_CODE", "ledger.API_TOKEN", "journal.UNSUBSCRIBE_KEY")
    values = [secret(fleet, name) for name in names]
    assert all(len(value) >= 16 for value in values)

    shown = fleet.run("pulumi stack output -s local --json").stdout + fleet.run("pulumi stack export -s local").stdout
    assert not [name for name, value in zip(names, values, strict=True) if value in shown]

    patterns = "\n".join(values)
    searched = subprocess.run(
        ["grep", "-rlaF", "-f", "-", ".flotilla", "make-up.log"],
        cwd=fleet.checkout,
        input=patterns,
        capture_output=True,
        text=True,
    )
    assert searched.stdout == ""

    look = (
        "umask 077; cat > /run/patterns; services=$(docker service ls -q); "
        "{ docker service inspect $services; docker inspect $(docker ps -q); ps axwwe; journalctl --no-pager; "
        "for service in $services; do docker service logs --raw $service 2>&1; done; cat /etc/flotilla/*; } "
        "| grep -acF -f /run/patterns; rm /run/patterns"
    )
    there = on_app_server(fleet, look, patterns)
    assert there.stdout.strip() == "0", there.stdout + there.stderr

    inside = on_app_server(fleet, "docker exec $(docker ps -q -f name=ledger-api) cat /run/secrets/API_TOKEN").stdout
    assert inside == values[2]


def test_containers_are_hardened(fleet: Fleet) -> None:
    """Every container of a project runs without root, without capabilities and with a read-only root."""
    listed = on_app_server(fleet, "docker inspect $(docker ps -q -f label=flotilla.project)").stdout
    containers = json.loads(listed)

    assert {container["Config"]["Labels"]["flotilla.project"] for container in containers} == {"guestbook", "journal", "ledger"}
    for container in containers:
        host = container["HostConfig"]
        facts = (container["Config"]["User"], host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"])
        assert facts == ("10001:10001", True, ["ALL"], False), container["Name"]
