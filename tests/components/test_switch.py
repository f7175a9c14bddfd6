"""
The switch's decisions: which servers are up, in which order weights change, and what takes a reload.
"""

from __future__ import annotations

from components.scripts import switch

STAT = """\
# pxname,svname,qcur,scur,status,weight,check_status,
projects,FRONTEND,,4,OPEN,,,
shop-web,a1,0,3,UP,256,L7OK,
shop-web,a2,1,0,MAINT (resolution),256,,
shop-web,b1,0,0,UP,0,* L7OK,
shop-web,b2,0,0,UP 1/2,0,L4CON,
shop-web,BACKEND,0,3,UP,256,,
other-web,a1,0,9,UP,256,L7OK,
"""
CONFIGURATION = """\
backend shop-web
  option httpchk
  server-template a 4 shop-web-a:8000 weight 256
  server-template b 4 shop-web-b:8000 weight 0
"""


def server(name: str, weight: int, is_up: bool = True, requests: int = 0) -> switch.Server:
    return switch.Server(name=name, is_up=is_up, weight=weight, requests_in_flight=requests)


def test_only_a_server_whose_check_was_answered_well_is_up() -> None:
    """Resolved is not enough, and neither is up by default before the first check."""
    servers = switch.parse_stat(STAT, "shop-web")

    assert [(s.name, s.slot, s.is_up, s.requests_in_flight) for s in servers] == [
        ("a1", "a", True, 3),
        ("a2", "a", False, 1),
        ("b1", "b", True, 0),
        ("b2", "b", False, 0),
    ]


def test_every_serving_slot_needs_all_its_replicas() -> None:
    """What lacks is counted per slot; slots that do not serve are not waited for."""
    servers = switch.parse_stat(STAT, "shop-web")

    assert switch.missing(servers, {"a": 1, "b": 1}) == {}
    assert switch.missing(servers, {"a": 2, "b": 3}) == {"a": 1, "b": 2}


def test_weights_go_up_before_they_go_down() -> None:
    """At no moment is every weight zero, so that somebody always serves."""
    servers = [server("a1", 256), server("a2", 256), server("b1", 0), server("b2", 0)]

    assert switch.weight_commands(servers, {"a": 0, "b": 256}, "shop-web") == [
        "set server shop-web/b1 weight 256",
        "set server shop-web/b2 weight 256",
        "set server shop-web/a1 weight 0",
        "set server shop-web/a2 weight 0",
    ]


def test_a_second_switch_has_nothing_to_say() -> None:
    """Weights that are as they should be are left alone."""
    assert switch.weight_commands([server("a1", 256), server("b1", 0)], {"a": 256, "b": 0}, "shop-web") == []


def test_draining_counts_only_slots_that_serve_no_more() -> None:
    """Requests of the new release do not keep the old one waiting."""
    servers = [server("a1", 0, requests=2), server("b1", 256, requests=50)]

    assert switch.in_flight(servers, {"a": 0, "b": 256}) == 2


def test_a_release_is_no_reason_to_reload() -> None:
    """Two configurations that differ in weights are the same; another health check is another configuration."""
    released = CONFIGURATION.replace("weight 256", "weight 0")

    assert switch.without_weights(released) == switch.without_weights(CONFIGURATION)
    assert switch.without_weights(CONFIGURATION.replace("8000", "9000")) != switch.without_weights(CONFIGURATION)


def test_a_reload_keeps_the_traffic_where_it_is() -> None:
    """The file that HAProxy is reloaded with has the weights of now, not yet those of the new release."""
    assert switch.with_weights(CONFIGURATION, {"a": 0, "b": 256}) == CONFIGURATION.replace("256", "x").replace(
        "weight 0", "weight 256"
    ).replace("weight x", "weight 0")
    assert switch.with_weights(CONFIGURATION, {}) == CONFIGURATION
