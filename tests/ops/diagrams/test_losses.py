"""
What stops when a server dies: by placement, replicas, roles, databases and memory.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.diagrams.graph import Cluster, Kind, Node
from ops.diagrams.loss_drawings import MOST_PROJECTS, loss_drawing
from ops.diagrams.losses import Duty, Effect, Loss, Reason, losses, manager
from ops.diagrams.speech import Speech
from settings import Settings
from settings.entry import Entry
from settings.machines import Role, ServerPool
from tests.conftest import STACKS, make_checkout
from tests.diagram_fleets import changed, committed, fleet


def lost(settings: Settings, server: str) -> Loss:
    (found,) = [loss for loss in losses(settings) if loss.server == server]
    return found


def with_pools(settings: Settings, **pools: dict) -> Settings:
    """The same projects on other servers."""
    servers = {name: ServerPool.model_validate(pool) for name, pool in pools.items()}
    return changed(settings, environment=settings.environment.model_copy(update={"servers": servers}))


def with_entry(settings: Settings, entry: Entry) -> Settings:
    """Names lead elsewhere."""
    ingress = settings.environment.ingress.model_copy(update={"entry": entry})
    return changed(settings, environment=settings.environment.model_copy(update={"ingress": ingress}))


def test_production_without_its_first_server() -> None:
    """The manager: what it alone starts stops, what has a second container goes on, what is bound to its disk stops."""
    loss = lost(committed("production"), "app-1")
    assert loss.groups() == {
        (Effect.STOPS, Reason.VOLUME): {"journal": ("api",)},
        (Effect.STOPS, Reason.NOBODY_STARTS_JOBS): {"ledger": ("close-day",)},
        (Effect.MAY_STOP, Reason.NOT_RESTARTED): {"guestbook": ("web",), "ledger": ("worker",)},
        (Effect.WEAKER, Reason.ONE_OF_SEVERAL): {"journal": ("static",), "ledger": ("web", "api")},
    }
    assert loss.duties == {Duty.RELEASES: Effect.STOPS, Duty.WAY_IN: Effect.WEAKER}
    assert loss.worst is Effect.STOPS


def test_production_without_its_second_server() -> None:
    """The manager starts elsewhere what was there."""
    loss = lost(committed("production"), "app-2")
    assert loss.groups() == {
        (Effect.MOVES, Reason.STARTED_ELSEWHERE): {"guestbook": ("web",), "ledger": ("worker",)},
        (Effect.WEAKER, Reason.ONE_OF_SEVERAL): {"journal": ("static",), "ledger": ("web", "api")},
        (Effect.NONE, Reason.UNTOUCHED): {"journal": ("api",), "ledger": ("close-day",)},
    }
    assert loss.duties == {Duty.WAY_IN: Effect.WEAKER}


def test_production_without_its_databases() -> None:
    """Everything that has one stops; pages as they are go on."""
    loss = lost(committed("production"), "data-1")
    assert loss.groups() == {
        (Effect.STOPS, Reason.DATABASE): {"guestbook": ("web",), "ledger": ("web", "api", "worker", "close-day")},
        (Effect.NONE, Reason.UNTOUCHED): {"journal": ("static", "api")},
    }
    assert loss.duties == {Duty.DATABASES: Effect.STOPS}


def test_production_without_its_backup_server() -> None:
    """Nobody notices, which is what is dangerous about it."""
    loss = lost(committed("production"), "ops-1")
    assert {impact.effect for impact in loss.impacts} == {Effect.NONE}
    assert loss.duties == {Duty.BACKUPS: Effect.STOPS, Duty.WATCH: Effect.STOPS}
    assert loss.worst is Effect.STOPS


def test_the_only_server_is_everything() -> None:
    """All stops, and all duties with it."""
    roles = [role.value for role in Role]
    loss = lost(with_pools(committed("production"), all={"type": "cx53", "roles": roles, "volume_gb": 50}), "all-1")
    assert {impact.effect for impact in loss.impacts} == {Effect.STOPS}
    assert loss.duties == dict.fromkeys(Duty, Effect.STOPS)


@pytest.mark.parametrize(
    ("entry", "server", "stops"),
    [
        (Entry.LOAD_BALANCER, "app-1", False),
        (Entry.SERVER, "app-1", True),
        (Entry.FLOATING_IP, "app-1", True),
        (Entry.SERVER, "app-2", False),
    ],
)
def test_names_lead_to_one_server_unless_a_load_balancer_is_before_them(entry: Entry, server: str, *, stops: bool) -> None:
    """Then that server takes every site along, workers not."""
    loss = lost(with_entry(committed("production"), entry), server)
    found = {impact.process for impact in loss.impacts if impact.reason is Reason.NO_WAY_IN}
    assert found == ({"web", "static"} if stops and server == "app-2" else {"web", "static", "api"} if stops else set())
    assert loss.duties[Duty.WAY_IN] is (Effect.STOPS if stops else Effect.WEAKER)


def test_what_does_not_fit_elsewhere_may_stop() -> None:
    """Memory is counted: a small server that is left takes nothing over."""
    app, small = {"type": "cx53", "roles": ["app"]}, {"type": "cx23", "roles": ["app", "ingress"], "volume_gb": 10}
    settings = with_pools(fleet(60), ahead=small, big=app)
    assert manager(settings) == "ahead-1"
    found = lost(settings, "big-1").groups()
    assert (Effect.MAY_STOP, Reason.NO_ROOM) in found
    assert not [effect for effect, _ in found if effect is Effect.MOVES]


def test_a_further_database_server_holds_nothing() -> None:
    """Databases are on the first with the role."""
    loss = lost(fleet(6, data=2), "data-2")
    assert loss.worst is Effect.NONE and loss.duties == {}


def test_two_of_a_kind_stand_in_for_each_other() -> None:
    """A second backup server fetches everything, too."""
    assert lost(fleet(3, ops=2), "ops-2").duties == {Duty.BACKUPS: Effect.WEAKER, Duty.WATCH: Effect.WEAKER}


def test_what_is_not_served_does_not_stop() -> None:
    """A project without a release runs nowhere."""
    settings = committed("local")
    assert not settings.served
    assert all(loss.impacts == () for loss in losses(settings))


@pytest.mark.parametrize("stack", STACKS)
def test_the_manager_is_the_programs(stack: str, tmp_path: Path) -> None:
    """Of the servers that the program takes into the swarm, the one that does not join it."""
    checkout = make_checkout(tmp_path, ["guestbook", "journal", "ledger"])
    recorded = checkout.foundation(stack)
    nodes = {
        found.name.removeprefix(f"{stack}-").removesuffix("-node")
        for found in recorded.registrations
        if found.name.endswith("-node")
    }
    joined = {
        found.name.removeprefix(f"{stack}-").removesuffix("-join")
        for found in recorded.registrations
        if found.name.endswith("-join")
    }
    assert nodes - joined == {manager(checkout.settings(stack))}


def test_the_picture_says_the_worst_first() -> None:
    """And folds what would be too long."""
    settings = fleet(60, app=3)
    loss = lost(settings, "app-1")
    drawing = loss_drawing(settings, loss, Speech("en"))
    groups = next(member for member in drawing.graph.members if isinstance(member, Cluster)).members
    kinds = [
        next(node.kind for node in group.members if isinstance(node, Node)) for group in groups if isinstance(group, Cluster)
    ]
    assert kinds[1:] == sorted(kinds[1:], key=[Kind.LOST, Kind.UNSURE, Kind.WEAKER, Kind.FINE].index)
    assert all(len(group.members) <= MOST_PROJECTS for group in groups if isinstance(group, Cluster))
    assert drawing.alt.index("No releases") < drawing.alt.index("Stops:") < drawing.alt.index("Goes on with less")
