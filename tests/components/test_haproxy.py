"""
Shares of traffic as HAProxy's weights, and a project's backend.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components import haproxy
from settings import Project
from settings.release import Release, Slot

ROOT = Path(__file__).parents[2]


def release(slot: Slot, weight: int) -> Release:
    return Release(image=f"registry.example.com/shop@sha256:{'0' * 64}", slot=slot, weight=weight)


def guestbook(**changes: object) -> Project:
    document = yaml.safe_load((ROOT / "projects" / "guestbook.yaml").read_text())
    return Project.model_validate(document | changes)


@given(st.integers(min_value=0, max_value=100))
def test_shares_are_within_half_a_point(share: int) -> None:
    """Whatever the split, each release's part of the weights is its share to within half a percent point."""
    weights = haproxy.server_weights([release(Slot.A, share), release(Slot.B, 100 - share)])

    assert all(0 <= weight <= haproxy.WEIGHT_MAXIMUM for weight in weights.values())
    assert abs(100 * weights["a"] / sum(weights.values()) - share) <= 0.5


def test_a_single_release_gets_everything() -> None:
    """The slot that nothing is in has weight 0."""
    assert haproxy.server_weights([release(Slot.B, 100)]) == {"a": 0, "b": 256}


def test_each_slot_has_places_for_all_replicas() -> None:
    """Four places, so that scaling takes no reload; more when there are more replicas."""
    few = haproxy.backend("guestbook-web", guestbook(), "g.example.com", {"a": 256, "b": 0})
    many = haproxy.backend("guestbook-web", guestbook(replicas=6), "g.example.com", {"a": 256, "b": 0})

    assert "server-template a 4 guestbook-web-a:8000 weight 256" in few
    assert "server-template b 6 guestbook-web-b:8000 weight 0" in many


def test_requests_are_counted_only_where_there_is_a_limit() -> None:
    """By the address that Caddy says, over ten seconds; an IPv6 network is one client."""
    free = haproxy.backend("guestbook-web", guestbook(), "g.example.com", {"a": 256, "b": 0})
    limited = haproxy.backend("guestbook-web", guestbook(rate_limit=20), "g.example.com", {"a": 256, "b": 0})

    assert "stick-table" not in free
    assert "store http_req_rate(10s)" in limited
    assert "track-sc0 req.hdr_ip(X-Real-IP),ipmask(32,64)" in limited
    assert "status 429" in limited
    assert "{ sc_http_req_rate(0) gt 200 }" in limited


def test_health_checks_ask_for_the_projects_path_and_name() -> None:
    """An application that answers only to its own name is asked by it."""
    text = haproxy.backend("guestbook-web", guestbook(), "g.example.com", {"a": 256, "b": 0})

    assert "http-check send meth GET uri /up ver HTTP/1.1 hdr Host g.example.com" in text


def test_a_busy_application_is_given_as_many_chances_as_it_says() -> None:
    """A single container that is taken out for one slow answer is an outage."""
    health = {"path": "/up", "retries": 7}

    assert " fall 7 " in haproxy.backend("guestbook-web", guestbook(health=health), "g.example.com", {"a": 256, "b": 0})


def test_a_request_never_waits_for_a_connection_that_is_about_to_close() -> None:
    """HAProxy keeps idle connections longer than Caddy does, so that Caddy is the one that closes them."""
    from components import caddyfile

    assert "timeout http-keep-alive 75s" in haproxy.base()
    assert "keepalive 30s" in caddyfile.own_authority(caddyfile.Front())


def test_a_closed_process_gets_no_request_in_any_slot() -> None:
    """In maintenance every weight is zero, and HAProxy answers with the page."""
    assert haproxy.server_weights([release(Slot.A, 100)], is_closed=True) == {"a": 0, "b": 0}


def test_another_page_is_another_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """HAProxy reads the page when it starts: a new one has to reach it like a new configuration."""
    before = haproxy.version()
    page = tmp_path / "page.html"
    page.write_text("<h1>Closed</h1>")
    monkeypatch.setattr(haproxy, "PAGE", page)

    assert haproxy.version() != before
    assert f"description {haproxy.version()}\n" in haproxy.base()


def test_the_page_needs_nothing_from_anywhere() -> None:
    """No link, script, image or font: it is shown when nothing else can be reached."""
    assert not re.search(r"(src|href)=|@import|url\(|<script", haproxy.page())


def test_nothing_but_this_servers_caddy_can_speak_to_haproxy() -> None:
    """It listens on sockets in folders of this server, and on no port."""
    binds = re.findall(r"^ *bind (\S+)", haproxy.base(), re.MULTILINE)

    assert binds
    assert all(bind.startswith("unix@/run/flotilla/") for bind in binds)
