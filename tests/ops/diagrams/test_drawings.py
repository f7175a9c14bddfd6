"""
What the pictures of an environment say.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from components import firewall
from ops.diagrams.comparison import compare, comparison
from ops.diagrams.drawings import drawings
from ops.diagrams.graph import Cluster, Drawing, Edge, Flow, Graph, Kind, Node
from ops.diagrams.mermaid import mermaid
from ops.diagrams.speech import Speech
from ops.diagrams.svg import svg
from settings import Role, Settings
from tests.conftest import STACKS
from tests.diagram_fleets import changed, committed, fleet

ENGLISH = Speech("en")


def drawing(settings: Settings, name: str, outputs: dict[str, Any] | None = None) -> Drawing:
    (found,) = [found for found in drawings(settings, outputs) if found.name == name]
    return found


def words(found: Drawing) -> str:
    """Everything that is written on it."""
    nodes = [line for member in found.graph.all_members() if isinstance(member, Node) for line in member.label]
    clusters = [member.label for member in found.graph.all_members() if isinstance(member, Cluster)]
    return "\n".join([*nodes, *clusters, *(edge.label for edge in edges(found.graph))])


def edges(group: Graph | Cluster) -> Iterator[Edge]:
    """All arrows."""
    yield from group.edges
    for member in group.members:
        if isinstance(member, Cluster):
            yield from edges(member)


def with_environment(settings: Settings, **changes: Any) -> Settings:
    return changed(settings, environment=settings.environment.model_copy(update=changes))


@pytest.mark.parametrize("stack", STACKS)
def test_every_picture_has_a_name_and_the_same_in_words(stack: str) -> None:
    """Names are unique, and there is one for each project and each server."""
    settings = committed(stack)
    found = drawings(settings, None)
    names = [drawing.name for drawing in found]
    assert (
        len(set(names))
        == len(names)
        == 6 + len(settings.projects) + sum(pool.count for pool in settings.environment.servers.values())
    )
    assert all(drawing.title and len(drawing.alt) > 30 for drawing in found)


def test_every_picture_is_there_in_french() -> None:
    """Titles, words on it, and the same in words: nothing of the English ones is left."""
    english = committed("production")
    french = changed(english, language="fr")
    for one, other in zip(drawings(english, None), drawings(french, None), strict=True):
        assert one.name == other.name
        assert one.title != other.title and one.alt != other.alt
        left = [word for word in (" and ", " of ", " is ", " the ", " on ", "Servers") if word in f"{words(other)} {other.alt}"]
        assert left == [], other.name


def test_the_firewall_lets_in_what_the_program_declares() -> None:
    """Every port of components/firewall.py is on an arrow, from whom it is open to."""
    found = drawing(committed("production"), "network")
    arrows = {(edge.source, edge.target): edge.label for edge in found.graph.edges}
    web = {(protocol, port) for protocol, port, _ in firewall.WEB}
    assert web == {("tcp", "80"), ("tcp", "443"), ("udp", "443")}
    assert arrows["world", "ingress"] == "80, 443/tcp; 443/udp"
    assert arrows["admins", "ingress"] == arrows["admins", "others"] == "SSH 22/tcp"
    assert ("world", "others") not in arrows
    assert "203.0.113.0/28" in words(found) and "2001:db8:42::/48" in words(found)


def test_servers_ask_each_other_what_their_roles_need() -> None:
    """Databases for those that run containers, data for the backup server, measures for the watch."""
    arrows = {(edge.source, edge.target): edge.label for edge in drawing(committed("production"), "network-inside").graph.edges}
    assert arrows == {
        ("app ingress", "db"): "databases 6432, 5432/tcp",
        ("db", "backup monitoring"): "data given back 6543/tcp",
        ("backup monitoring", "app ingress"): "backups 22/tcp; measures 8405, 9100, 9323/tcp",
        ("backup monitoring", "db"): "backups 22, 5432/tcp; measures 9100, 9127, 9187/tcp",
    }


def test_a_request_takes_the_way_that_the_settings_say() -> None:
    """Through the load balancer, Caddy and HAProxy to what answers; the worker is asked by nobody."""
    found = drawing(committed("production"), "requests-ledger")
    assert [(edge.source, edge.target) for edge in found.graph.edges] == [
        ("visitors", "entry"),
        ("entry", "ingress"),
        ("ingress", "web"),
        ("web", "database"),
        ("alone", "database"),
    ]
    for word in (
        "ledger-books.example",
        "sends on: www.ledger-books.example",
        "web \u00d7 2",
        "daily at 00:15 UTC",
        "PostgreSQL 17",
    ):
        assert word in words(found), word


def test_a_request_to_staging_meets_no_load_balancer() -> None:
    """Names lead to the server itself."""
    graph = drawing(committed("staging"), "requests-guestbook").graph
    assert [(edge.source, edge.target) for edge in graph.edges][:2] == [("visitors", "ingress"), ("ingress", "web")]


def test_a_request_may_pass_cloudflare() -> None:
    """Where it answers in place of the servers."""
    settings = committed("staging")
    dns = settings.environment.dns.model_copy(update={"proxied": True})
    graph = drawing(with_environment(settings, dns=dns), "requests-guestbook").graph
    assert [edge.target for edge in graph.edges][:2] == ["cloudflare", "ingress"]


def test_what_is_not_served_is_said() -> None:
    """Nothing on it looks as if it ran."""
    found = drawing(committed("local"), "requests-guestbook")
    assert "No release serves here yet." in found.alt
    (arrow,) = [edge for edge in found.graph.edges if edge.target == "web"]
    assert (arrow.label, arrow.flow) == ("no release yet", Flow.FAILURE)


def test_what_is_closed_is_said() -> None:
    """Visitors get the page."""
    settings = committed("production")
    closed = settings.projects["guestbook"].model_copy(update={"maintenance": True})
    found = drawing(changed(settings, projects={**settings.projects, "guestbook": closed}), "requests-guestbook")
    assert "closed: 503" in words(found) and "503" in found.alt


def test_a_release_with_downtime_is_said() -> None:
    """And which projects migrate."""
    found = drawing(fleet(6), "deployment")
    assert "site-000/web" in found.alt.partition("With downtime: ")[2]
    assert "site-002" in words(found)


def test_backups_are_where_the_program_puts_them() -> None:
    """Each database and volume, by its server; a project's own schedule is said."""
    found = drawing(committed("production"), "backups")
    labels = [member.label for member in found.graph.all_members() if isinstance(member, Cluster)]
    assert labels == ["Databases on data-1", "Volumes on app-1", "Backup server: ops-1 in nbg1"]
    assert "backup.example.net" in words(found) and "every 7 days" in found.alt.lower()


@pytest.mark.parametrize("changes", [{"backup": None}, {"servers": "without"}])
def test_where_nothing_is_backed_up_that_is_the_picture(changes: dict[str, Any]) -> None:
    """No policy, or nobody to follow it."""
    settings = committed("production")
    if changes.get("servers"):
        changes = {
            "servers": {name: pool for name, pool in settings.environment.servers.items() if Role.BACKUP not in pool.roles}
        }
    found = drawing(with_environment(settings, **changes), "backups")
    assert found.alt == "Nothing is backed up."
    assert [node.kind for node in found.graph.members if isinstance(node, Node)] == [Kind.LOST]


def test_addresses_are_those_of_the_outputs() -> None:
    """A server that they do not have is said, and one that only they have."""
    outputs = {
        "servers": {"app-1": {"ipv4": "192.0.2.1", "private_ip": "10.20.1.2"}, "old-1": {"ipv4": "192.0.2.9"}},
        "entry": {"ipv4": "192.0.2.7"},
    }
    found = drawing(committed("production"), "resources", outputs)
    nodes = {member.label[0]: member.label for member in found.graph.all_members() if isinstance(member, Node)}
    assert {"192.0.2.1", "10.20.1.2"} <= set(nodes["app-1"]) and "192.0.2.7" in nodes["Load balancer"]
    assert "address unknown" in nodes["app-2"]
    assert "Only in the outputs: to be removed" in words(found) and "old-1" in nodes


@pytest.mark.parametrize("outputs", [{}, {"servers": None, "entry": None}, {"servers": {"app-1": None}}])
def test_outputs_that_came_halfway_are_no_mistake(outputs: dict[str, Any]) -> None:
    """What is not there is unknown."""
    assert "address unknown" in words(drawing(committed("production"), "resources", outputs))


def test_two_environments_differ_where_they_do() -> None:
    """An environment does not differ from itself; each difference is marked in both columns."""
    production, staging = committed("production"), committed("staging")
    assert all(row.is_same for row in compare(production, production, ENGLISH))
    rows = {row.what: row for row in compare(staging, production, ENGLISH)}
    assert (rows["PostgreSQL"].first, rows["PostgreSQL"].second) == ("15", "17")
    assert (rows["Way in"].first, rows["Way in"].second) == ("server", "load-balancer")
    assert "What differs: nothing" in comparison(production, production, ENGLISH).alt
    found = comparison(staging, production, ENGLISH)
    assert "≠ 15" in words(found) and "≠ 17" in words(found)


def test_a_project_that_is_in_one_environment_only_is_said() -> None:
    """As not being in the other one."""
    settings = committed("production")
    fewer = changed(settings, projects={name: found for name, found in settings.projects.items() if name != "ledger"})
    (row,) = [row for row in compare(fewer, settings, ENGLISH) if not row.is_same]
    assert (row.what, row.first) == ("ledger", None)
    assert "≠ not there" in words(comparison(fewer, settings, ENGLISH))


def test_no_box_is_lost_when_lists_are_folded() -> None:
    """What is not shown is counted."""
    found = drawing(fleet(30, app=4, data=2, ops=2, jobs=2, edge=2), "overview")
    assert "and 19 more" in words(found)
    assert "30 projects" in found.alt


def test_the_same_settings_give_the_same_bytes() -> None:
    """Whatever order they are written in."""
    settings = fleet(12, app=3)
    turned = changed(settings, projects=dict(reversed(settings.projects.items())))
    for one, other in zip(drawings(settings, None), drawings(turned, None), strict=True):
        assert svg(one) == svg(other)


def test_two_hundred_projects_are_drawn_in_little_time_and_space() -> None:
    """Every picture stays one that a person can read: under 60 kB, and all of them under 3 MB."""
    settings = fleet(200, app=40, data=2, ops=2)
    began = time.process_time()
    found = drawings(settings, None)
    sizes = [len(svg(drawing)) + len(mermaid(drawing.graph)) for drawing in found]
    assert time.process_time() - began < 10
    assert len(found) == 6 + 200 + 44
    assert max(sizes) < 60_000 and sum(sizes) < 3_000_000


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [
        ("30 2 * * *", "daily at 02:30 UTC"),
        ("5 * * * *", "hourly at minute 5"),
        ("15 3 * * 1", "15 3 * * 1 UTC"),
        ("*/5 * * * *", "*/5 * * * * UTC"),
        ("0 0 1 * *", "0 0 1 * * UTC"),
        ("0 4 * 6 *", "0 4 * 6 * UTC"),
        ("", " UTC"),
    ],
)
def test_usual_schedules_are_said_in_words(schedule: str, wanted: str) -> None:
    """Others as they are written."""
    assert ENGLISH.when(schedule) == wanted
