"""
Where boxes, arrows and labels are: nothing covers anything else.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.diagrams.comparison import comparison
from ops.diagrams.drawings import drawings
from ops.diagrams.graph import Cluster, Edge, Graph, Kind, Node
from ops.diagrams.layout import LIMIT, place
from ops.diagrams.placing import spread
from ops.diagrams.speech import Speech
from tests.conftest import STACKS
from tests.diagram_fleets import committed, fleet
from tests.ops.diagrams.geometry import faults

LABELS = st.text(st.characters(codec="utf-8"), max_size=60)


@st.composite
def graphs(draw: st.DrawFn, depth: int = 2) -> Graph:
    """Groups in groups, with arrows in circles and without, labels of any length."""
    return Graph(**_group(draw, "", depth))


def _group(draw: st.DrawFn, prefix: str, depth: int) -> dict:
    count = draw(st.integers(1, 7))
    members = [_member(draw, f"{prefix}{number}", depth) for number in range(count)]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] != pair[1])
    ends = draw(st.lists(pairs, max_size=9, unique=True)) if count > 1 else []
    edges = [Edge(source=members[one].id, target=members[other].id, label=draw(LABELS)) for one, other in ends]
    return {"members": tuple(members), "edges": tuple(edges), "columns": draw(st.integers(0, 3))}


def _member(draw: st.DrawFn, name: str, depth: int) -> Node | Cluster:
    if depth and draw(st.integers(0, 3)) == 0:
        return Cluster(id=name, label=draw(LABELS), **_group(draw, f"{name}.", depth - 1))
    return Node(id=name, label=tuple(draw(st.lists(LABELS, min_size=1, max_size=3))), kind=draw(st.sampled_from(Kind)))


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_nothing_covers_anything_in_any_diagram(graph: Graph) -> None:
    """Whatever the boxes, groups, arrows and labels are."""
    assert faults(graph) == []


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_covers_anything_in_the_sample_fleets(stack: str) -> None:
    """Neither in their comparison."""
    found = [*drawings(committed(stack), None), comparison(committed("staging"), committed(stack), Speech("en"))]
    assert {drawing.name: faults(drawing.graph) for drawing in found if faults(drawing.graph)} == {}


def test_nothing_covers_anything_with_twelve_servers_and_thirty_projects() -> None:
    """And pictures stay narrow enough to be read without moving them: arrows may need some room beside a full row."""
    found = drawings(fleet(30, app=4, data=2, ops=2, jobs=2, edge=2), None)
    assert {drawing.name: faults(drawing.graph) for drawing in found if faults(drawing.graph)} == {}
    assert max(place(drawing.graph).width for drawing in found) < LIMIT + 120


def test_members_keep_their_columns() -> None:
    """Where columns are asked for, what belongs side by side is at one height."""
    nodes = tuple(Node(id=str(number), label=("x" * number,), kind=Kind.STEP) for number in range(1, 7))
    boxes = place(Graph(members=nodes, columns=2)).boxes
    assert [boxes[str(number)].y for number in (1, 3, 5)] == [boxes[str(number)].y for number in (2, 4, 6)]
    assert boxes["1"].x == boxes["3"].x == boxes["5"].x < boxes["2"].x == boxes["4"].x


def test_arrows_lead_down_unless_they_lead_back() -> None:
    """In a circle, one arrow leads up."""
    nodes = tuple(Node(id=name, label=(name,), kind=Kind.STEP) for name in "abc")
    edges = tuple(Edge(source=one, target=other) for one, other in ("ab", "bc", "ca"))
    arrows = place(Graph(members=nodes, edges=edges)).arrows
    assert [arrow.points[0][1] < arrow.points[-1][1] for arrow in arrows] == [True, True, False]


@pytest.mark.parametrize(
    ("aims", "apart", "wanted"),
    [
        ([], [], []),
        ([5.0], [], [5.0]),
        ([0.0, 100.0], [10.0], [0.0, 100.0]),
        ([0.0, 0.0], [10.0], [-5.0, 5.0]),
        ([10.0, 0.0, 50.0], [10.0, 10.0], [0.0, 10.0, 50.0]),
    ],
)
def test_places_are_the_nearest_that_keep_apart(aims: list[float], apart: list[float], wanted: list[float]) -> None:
    """By least squares, in order."""
    assert spread(aims, apart) == wanted


@pytest.mark.parametrize(
    "edges",
    [(Edge(source="a", target="a"),), (Edge(source="a", target="inner"),), (Edge(source="a", target="nobody"),)],
    ids=["to itself", "across a frame", "to nobody"],
)
def test_an_arrow_joins_two_members_of_one_group(edges: tuple[Edge, ...]) -> None:
    """Everything else is a mistake of whoever draws."""
    inner = Node(id="inner", label=("inner",), kind=Kind.STEP)
    members = (Node(id="a", label=("a",), kind=Kind.STEP), Cluster(id="group", label="group", members=(inner,)))
    with pytest.raises(ValueError, match="does not join two members of one group"):
        Graph(members=members, edges=edges)


def test_ids_are_unique() -> None:
    """In the whole diagram, not only in a group."""
    node = Node(id="a", label=("a",), kind=Kind.STEP)
    with pytest.raises(ValueError, match="two members called a"):
        Graph(members=(node, Cluster(id="group", label="group", members=(node,))))
