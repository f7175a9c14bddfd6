"""
What Caddy and HAProxy do with their configuration: the sandbox's own images, run as the ingress runs them.
"""

from __future__ import annotations

import http.client
import itertools
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from components import caddyfile, haproxy, readiness
from components.caddyfile import Front
from components.scripts import switch
from tests.integration.docker_engine import ran
from tests.integration.ingress_stand import (
    ADDRESS,
    LIMITED,
    PROCESS,
    RATE_LIMIT,
    Caddy,
    Haproxy,
    Stand,
    backend,
    echoed,
    eventually,
    headers,
    own,
)

SHOP, FEW = "shop.example.test", "few.example.test"
SERVING, CLOSED = {"a": 256, "b": 0}, {"a": 0, "b": 0}


@pytest.fixture(scope="module")
def proxy(stand: Stand) -> Haproxy:
    """HAProxy with an application in slot a."""
    stand.application()
    made = stand.haproxy(SERVING)
    eventually(lambda: "L7OK" in made.ask("show stat"), 20, "the application was not up behind HAProxy")
    return made


@pytest.fixture(scope="module")
def caddy(stand: Stand, proxy: Haproxy) -> Caddy:
    """Caddy as the first server's visitors find it, a balancer's word counting from this network."""
    site = caddyfile.site(PROCESS, [SHOP], ["www.example.test"])
    sites = {"shop": site, "limited": caddyfile.site(LIMITED, [FEW], [])}
    made = stand.caddy("caddy", own(Front(balancer=stand.subnet)), sites)
    eventually(lambda: "200" in made.curl(SHOP)[:20], 30, "Caddy did not answer")
    return made


@pytest.mark.parametrize("peers", [[], ["10.0.1.2"], ["10.0.1.2", "10.0.1.3", "10.0.1.4"]], ids=len)
@pytest.mark.parametrize("balancer", [None, "10.0.0.0/16"])
@pytest.mark.parametrize("is_proxied", [False, True])
def test_caddy_takes_every_variant(caddy: Caddy, peers: list[str], balancer: str | None, is_proxied: bool) -> None:
    """`caddy validate` of what any number of servers, with or without something in front, would get."""
    front = Front(peers=peers, balancer=balancer, is_proxied=is_proxied)
    text = caddyfile.acme("ops@example.com", "https://ca.example.com/directory", front)
    (caddy.folder / "variant").write_text(f"{text}\n")
    (caddy.folder / "variant").chmod(0o644)

    code, said = ran(caddy.container, "caddy", "validate", "--config", "/etc/caddy/variant", "--adapter", "caddyfile")

    assert code == 0, said
    assert "Valid configuration" in said


def test_haproxy_takes_its_files_without_a_warning(proxy: Haproxy) -> None:
    """`haproxy -c` with all that it is started with."""
    code, said = ran(proxy.container, "haproxy", "-c", "-dW", "-f", haproxy.CONFIGURATION)

    assert code == 0, said


def test_an_answer_has_the_headers_that_no_browser_should_be_without(caddy: Caddy) -> None:
    """Each once, and none that says what serves it."""
    found = headers(caddy.curl(SHOP))

    assert found["strict-transport-security"] == "max-age=31536000"
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "strict-origin-when-cross-origin"
    assert found["x-frame-options"] == "SAMEORIGIN"
    assert found["permissions-policy"] == "camera=(), geolocation=(), microphone=()"
    assert not found.keys() & {"server", "via", "x-powered-by"}


def test_an_application_has_the_last_word_where_it_may(caddy: Caddy) -> None:
    """Framing, referrers and permissions are its own choice; TLS for all, and silence about what serves it, are not."""
    found = headers(caddy.curl(SHOP, "/strict"))

    assert (found["x-frame-options"], found["referrer-policy"], found["permissions-policy"]) == (
        "DENY",
        "no-referrer",
        "camera=(self)",
    )
    assert found["strict-transport-security"] == "max-age=31536000"
    assert not found.keys() & {"server", "via", "x-powered-by"}


def test_a_visitor_cannot_say_who_it_is_or_where_it_goes(caddy: Caddy) -> None:
    """Forwarding headers from outside are thrown away, and so is the one that chooses a process."""
    lies = [f"-H{name}: 198.51.100.1" for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host")]
    seen = echoed(caddy.curl(SHOP, "/", *lies, f"-H{haproxy.PROCESS_HEADER}: other-web"))

    assert "198.51.100.1" not in (seen["x-forwarded-for"], seen["x-real-ip"], seen["x-forwarded-host"])
    assert seen["x-forwarded-proto"] == "https"
    assert haproxy.PROCESS_HEADER.lower() not in seen


def test_a_balancer_says_who_the_visitor_is(caddy: Caddy) -> None:
    """Its PROXY header is believed, because it comes from the private network."""
    seen = echoed(caddy.through_balancer(SHOP, "203.0.113.9"))

    assert seen["x-real-ip"] == seen["x-forwarded-for"] == "203.0.113.9"


def test_nobody_else_says_who_the_visitor_is(stand: Stand, proxy: Haproxy) -> None:
    """The same header from outside of the private network changes nothing."""
    site = caddyfile.site(PROCESS, [SHOP], [])
    other = stand.caddy("elsewhere", own(Front(balancer="192.0.2.0/24")), {"shop": site})
    eventually(lambda: "200" in other.curl(SHOP)[:20], 30, "Caddy did not answer")

    seen = echoed(other.through_balancer(SHOP, "203.0.113.9"))

    assert "203.0.113.9" not in (seen["x-real-ip"], seen["x-forwarded-for"])


def test_who_asks_too_often_is_turned_away_and_nobody_else(caddy: Caddy) -> None:
    """As many as in ten seconds are answered, the others are told when to come back; another client is answered meanwhile."""
    allowed, started = RATE_LIMIT * haproxy.RATE_WINDOW_S, time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: caddy.through_balancer(FEW, "203.0.113.20"), range(6 * allowed)))
    other = caddy.through_balancer(FEW, "203.0.113.21")
    took_s = time.monotonic() - started
    statuses = Counter(int(answer.split()[1]) for answer in answers)
    refused = next(answer for answer in answers if answer.split()[1] == "429")

    assert set(statuses) == {200, 429}
    # HAProxy counts whole and half windows: a slow computer is given a further window's worth for each that it took.
    assert allowed <= statuses[200] <= allowed * (1 + took_s / haproxy.RATE_WINDOW_S) + 1, (statuses, took_s)
    assert headers(refused)["retry-after"] == str(haproxy.RATE_WINDOW_S)
    assert int(other.split()[1]) == 200


def test_a_process_without_a_limit_turns_nobody_away(caddy: Caddy) -> None:
    """However often the same client asks."""
    statuses = [
        int(caddy.through_balancer(SHOP, "203.0.113.22").split()[1]) for _ in range(3 * RATE_LIMIT * haproxy.RATE_WINDOW_S)
    ]

    assert set(statuses) == {200}


def test_other_names_lead_to_the_main_one(caddy: Caddy) -> None:
    """For good, with path and query, and not over plain HTTP."""
    answer = caddy.curl("www.example.test", "/a?b=c")

    assert answer.startswith("HTTP/2 308")
    assert headers(answer)["location"] == f"https://{SHOP}/a?b=c"
    assert headers(answer)["strict-transport-security"] == "max-age=31536000"


def test_plain_http_leads_to_https_and_strange_names_nowhere(caddy: Caddy) -> None:
    """A name that nobody has here gets no redirect to itself."""
    plain, strange = caddy.curl(SHOP, "/a", scheme="http"), caddy.curl("strange.example.test", "/a", scheme="http")

    assert (plain.split()[1], headers(plain)["location"]) == ("308", f"https://{SHOP}/a")
    assert strange.split()[1] == "404"
    assert "server" not in headers(plain).keys() | headers(strange).keys()


@pytest.mark.parametrize(("option", "is_taken"), [("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)])
def test_tls_begins_at_1_2(caddy: Caddy, option: str, is_taken: bool) -> None:
    """Older versions are refused by the server, not only by this client."""
    command = ["openssl", "s_client", "-connect", f"{ADDRESS}:{caddy.port(443)}", "-servername", SHOP, option]
    said = subprocess.run([*command, "-cipher", "DEFAULT@SECLEVEL=0"], input="", capture_output=True, text=True, check=False)

    assert ("alert protocol version" in said.stderr) is not is_taken
    assert ("BEGIN CERTIFICATE" in said.stdout) is is_taken


def test_endless_headers_and_bodies_are_cut_off(caddy: Caddy) -> None:
    """64 MB and some 16 KB are the limits."""
    long = caddy.curl(SHOP, "/", "--http1.1", f"-HX-Long: {'x' * 40_000}")
    body = subprocess.run(["head", "-c", "68000000", "/dev/zero"], capture_output=True, check=True).stdout
    (caddy.folder / "body").write_bytes(body)
    large = caddy.curl(SHOP, "/", "--data-binary", f"@{caddy.folder}/body", "-HExpect:")

    assert long.split()[1] == "431"
    assert large.split()[1] == "413", large[:200]


def test_logs_tell_who_asked_for_what_and_no_secret(caddy: Caddy) -> None:
    """One JSON line per request: name, path, status, agent; no query string, cookie or other header."""
    caddy.curl(SHOP, "/logged?token=planted-in-the-query", "-HCookie: planted-cookie", "-HX-Api-Key: planted-key", "-Atests/1")
    line = eventually(lambda: [line for line in caddy.logs().splitlines() if "/logged" in line], 5, "nothing was logged")[0]

    for expected in ('"host":"shop.example.test', '"status":200', '"user_agent":"tests/1"', '"method":"GET"'):
        assert expected in line
    assert "planted" not in caddy.logs()


def test_a_server_is_ready_once_it_is_told_so_and_haproxy_lives(caddy: Caddy) -> None:
    """What a load balancer asks for, whatever name it uses."""
    asked = (readiness.NAME, readiness.PATH)
    before = caddy.curl(*asked, scheme="http").split()[1]
    (caddy.folder / "ready").touch()
    after = caddy.curl(*asked, scheme="http").split()[1]
    (caddy.folder / "ready").unlink()

    assert (before, after) == ("503", "200")


def test_an_unknown_challenge_is_an_answer_and_no_loop(stand: Stand, proxy: Haproxy) -> None:
    """Two servers that ask each other: each is asked once, and says at once that it does not know."""
    site = caddyfile.site(PROCESS, [SHOP], [])
    pair = [stand.caddy(f"pair-{n}", own(Front(peers=[f"pair-{3 - n}"])), {"shop": site}) for n in (1, 2)]
    eventually(lambda: all("200" in caddy.curl(SHOP)[:20] for caddy in pair), 30, "the pair did not answer")

    started = time.monotonic()
    answer = pair[0].curl(SHOP, "/.well-known/acme-challenge/unknown", scheme="http")

    assert answer.split()[1] == "404"
    assert time.monotonic() - started < 3


def test_reloads_of_haproxy_lose_no_request(
    stand: Stand, caddy: Caddy, proxy: Haproxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steady requests on kept connections, while the switch has HAProxy read its files again five times."""
    monkeypatch.setattr(switch, "RUN", stand.folder / "run")
    monkeypatch.setattr(switch, "container", lambda: proxy.container.id)
    seen: Counter[str] = Counter()
    enough = threading.Event()
    threads = [threading.Thread(target=_visit, args=(caddy.port(443), seen, enough)) for _ in range(4)]
    for thread in threads:
        thread.start()
    workers = {switch.worker_id()}
    for _ in range(5):
        switch.reload()
        workers.add(switch.worker_id())
        time.sleep(0.5)
    enough.set()
    for thread in threads:
        thread.join()

    assert len(workers) == 6
    assert seen.keys() == {"200"}, seen
    assert seen["200"] > 100


def _visit(port: int, seen: Counter[str], enough: threading.Event) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = _Named(ADDRESS, port, context=context, timeout=15)
    while not enough.is_set():
        try:
            connection.request("GET", "/", headers={"Host": SHOP})
            answer = connection.getresponse()
            answer.read()
            seen[str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            seen[repr(error)] += 1
            connection.close()


class _Named(http.client.HTTPSConnection):
    """
    HTTPS to an address, asking for the shop's certificate.
    """

    def connect(self) -> None:
        """
        Called by the base class.
        """
        http.client.HTTPConnection.connect(self)
        self.sock = self._context.wrap_socket(self.sock, server_hostname=SHOP)  # type: ignore[attr-defined]


@pytest.fixture
def weights(proxy: Haproxy) -> Iterator[None]:
    """The process serves again after the test."""
    yield
    for number in range(1, 5):
        proxy.ask(f"set server {PROCESS}/a{number} weight 256")


def test_in_maintenance_there_is_a_page_that_says_when_to_come_back(caddy: Caddy, proxy: Haproxy, weights: None) -> None:
    """With every weight zero nobody serves: 503, a time, and text for people; then all is as before."""
    for number in range(1, 5):
        proxy.ask(f"set server {PROCESS}/a{number} weight 0")

    answer = caddy.curl(SHOP)

    assert answer.split()[1] == "503"
    assert headers(answer)["retry-after"] == "120"
    assert "<h1>Back in a moment</h1>" in answer
    assert headers(answer)["strict-transport-security"] == "max-age=31536000"


def test_a_backend_that_starts_closed_has_the_same_page() -> None:
    """After a restart in maintenance, HAProxy has the weights from its file."""
    lines = backend(CLOSED).splitlines()

    assert [line.rpartition(" ")[2] for line in lines if "server-template" in line] == ["0", "0"]


def test_without_haproxy_visitors_wait_a_moment_and_then_get_the_page(caddy: Caddy, proxy: Haproxy) -> None:
    """A restart of HAProxy delays requests; one that lasts shows the page, and afterwards all is as before."""
    proxy.container.kill("KILL")
    gone = caddy.curl(SHOP)
    threading.Timer(2, proxy.container.start).start()
    back = next(answer for answer in itertools.starmap(caddy.curl, itertools.repeat((SHOP,))) if answer)

    assert gone.split()[1] == "503"
    assert headers(gone)["retry-after"] == "120"
    assert "<h1>Back in a moment</h1>" in gone
    assert back.split()[1] in ("200", "503")
    eventually(lambda: caddy.curl(SHOP).split()[1:2] == ["200"], 20, "it did not serve again")
