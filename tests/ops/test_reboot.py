"""
Restarting a server: what is down meanwhile is said before, and when it is over is known.
"""

from __future__ import annotations

from typing import Any

import pytest

from ops.errors import FlotillaError
from ops.reboot import reboot
from ops.reboot.stand import Stand, services, serving
from ops.steps import Context, Step, run
from tests.audit_scenes import recorded


def stand(**changes: Any) -> Stand:
    known = {"boot": "a", "running": {}, "failed": frozenset(), "moving": ("shop-web",), "staying": ("caddy",)}
    return Stand(**{"server": "app-1", "manager": "app-1", "others": ("app-2",), **known, **changes})


@pytest.mark.parametrize(
    ("changes", "is_drained", "downtime"),
    [
        ({}, True, "downtime: caddy"),
        ({"single": ("shop-web",)}, True, "downtime: caddy; for seconds, as they move: shop-web"),
        ({"single": ("shop-web",), "staying": ()}, True, "downtime: for seconds, as they move: shop-web"),
        ({"single": ("shop-web",), "others": ()}, False, "downtime: shop-web, caddy"),
        ({"others": ()}, False, "downtime: shop-web, caddy"),
        ({"manager": ""}, False, "downtime: shop-web, caddy"),
        ({"staying": ()}, True, ""),
        ({"staying": ("caddy", "haproxy"), "is_balanced": True}, True, ""),
        ({"staying": ("caddy", "haproxy", "shop-files"), "is_balanced": True}, True, "downtime: shop-files"),
        ({"moving": ()}, False, "downtime: caddy"),
        ({"moving": (), "staying": ()}, False, ""),
    ],
)
def test_what_is_down_is_told(changes: dict[str, Any], is_drained: bool, downtime: str) -> None:
    """What cannot move, and everything where nobody else can take it."""
    found = stand(**changes)
    assert (found.is_drained, found.downtime) == (is_drained, downtime)


def test_services_that_count_are_those_that_are_well() -> None:
    """Of the containers of the swarm, by service."""
    sections = next(host for host in recorded()["hosts"] if host["name"] == "app-1")["sections"]
    found = services(sections)
    assert found and all(count >= 1 for count in found.values())
    sections["docker"]["data"]["containers"][0]["health"] = "unhealthy"
    assert sum(services(sections).values()) == sum(found.values()) - 1
    assert services({"docker": {"error": "it does not answer"}}) == {}


def test_backends_that_count_are_those_that_somebody_is_up_for() -> None:
    """By HAProxy; none where it does not answer, or there is none."""
    assert serving({"haproxy": {"data": {"serving": {"shop-web": 2, "shop-api": 0}}}}) == {"shop-web"}
    assert serving({"haproxy": {"error": "it does not answer"}}) == serving({"haproxy": {"data": None}}) == set()


def test_a_server_gets_containers_and_requests_again_where_the_restart_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever went wrong, it is not left out, and visitors come last."""
    done: list[str] = []
    for name in ("_shut", "_move", "_allow", "_open"):
        monkeypatch.setattr(reboot, name, lambda *_, name=name: done.append(name))

    def fail(*_: Any) -> str:
        raise FlotillaError("it does not come back.")

    monkeypatch.setattr(reboot, "_restart", fail)
    workflow = reboot.steps(None, stand(is_balanced=True), 1.0)  # type: ignore[arg-type]  # nobody is asked
    outcomes = run(workflow, Context(environment="local"))
    assert done == ["_shut", "_move", "_allow", "_open"] and outcomes[-1].status == "undone"
    assert next(step.name for step in workflow.steps if isinstance(step, Step)) == "send app-1 no more requests"


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was said last; a server that does not answer is asked again."""
    monkeypatch.setattr(reboot, "PAUSE_S", 0.01)
    answers = iter([FlotillaError("app-1: connection refused. Look."), False, True])

    def ask() -> bool:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    reboot._until(ask, 5, "app-1: it did not come back")
    with pytest.raises(FlotillaError, match=r"did not come back within 0 s"):
        reboot._until(lambda: False, 0, "app-1: it did not come back")
