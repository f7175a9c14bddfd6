"""
SVG files: what they say, what they look like, and that they need and do nothing.
"""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.diagrams.drawings import drawings
from ops.diagrams.graph import Cluster, Drawing, Edge, Flow, Graph, Kind, Node, clean
from ops.diagrams.style import DARK, LIGHT, PAINT
from ops.diagrams.svg import svg
from tests.diagram_fleets import committed
from tests.record_diagrams import CASES, production

NAMESPACE = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "title", "desc", "style", "g", "rect", "path", "text"}
HOSTILE = [
    "</text><script>alert(1)</script>",
    '" onload="alert(1)',
    "]]><!--",
    "&lt;b&gt; &#x3c;",
    "line\nbreak\r\x00\x1b[31m",
    "\u202egnp.exe",
    "\ud800 lone",
    "\ufffe\uffff",
    "]]>",
    "{--text:red}</style>",
]
LABELS = st.text(max_size=40) | st.sampled_from(HOSTILE)


def drawn(*labels: str) -> Drawing:
    """Every place in which a label may be."""
    one, other, third, fourth = (labels * 4)[:4]
    nodes = (Node(id="a", label=(one, other), kind=Kind.STORE), Node(id="b", label=(third,), kind=Kind.OUTSIDE))
    cluster = Cluster(id="c", label=fourth, members=nodes, edges=(Edge(source="a", target="b", label=one),))
    return Drawing(name="x", title=other, alt=third, graph=Graph(members=(cluster,)))


def words(drawing: Drawing) -> str:
    """All text in a file, without blanks, which lines are broken at."""
    root = ElementTree.fromstring(svg(drawing))  # noqa: S314 - our own file
    return "".join("".join(element.text or "" for element in root.iter(f"{NAMESPACE}text")).split())


@pytest.mark.parametrize("name", [drawing.name for drawing in production()])
def test_the_sample_fleet_is_drawn_as_recorded(name: str) -> None:
    """Byte by byte; `python -m tests.record_diagrams` writes it anew after a change that is wanted."""
    (drawing,) = [drawing for drawing in production() if drawing.name == name]
    assert svg(drawing) == (CASES / f"{name}.svg").read_text(encoding="utf-8")
    assert svg(drawing) == svg(drawing)


def test_no_picture_is_recorded_that_is_not_drawn() -> None:
    """A drawing that went takes its files along."""
    assert {path.stem for path in CASES.iterdir()} == {drawing.name for drawing in production()}


@given(LABELS, LABELS, LABELS, LABELS)
@settings(deadline=None)
def test_hostile_names_stay_text(one: str, other: str, third: str, fourth: str) -> None:
    """The file is XML, has no element or attribute but those that are drawn, and has every name in it as text."""
    drawing = drawn(one, other, third, fourth)
    content = svg(drawing)
    root = ElementTree.fromstring(content)  # noqa: S314 - our own file
    assert {element.tag.removeprefix(NAMESPACE) for element in root.iter()} <= ELEMENTS
    assert not [key for element in root.iter() for key in element.attrib if key.startswith("on") or "href" in key]
    found = words(drawing)
    for label in (one, other, third, fourth):
        assert "".join(clean(label).split()) in found
    assert content.encode()


@pytest.mark.parametrize("label", HOSTILE)
def test_each_hostile_name_stays_text(label: str) -> None:
    """Also those that chance does not come upon."""
    assert "".join(clean(label).split()) in words(drawn(label))


def test_a_file_needs_nothing_and_does_nothing() -> None:
    """No address is fetched, no font loaded, no script run."""
    for drawing in drawings(committed("production"), None):
        content = svg(drawing).replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?:|url\(|@import|@font-face|<script|<image|<foreignObject|<a\b", content), drawing.name


def test_a_file_can_be_heard_and_scaled() -> None:
    """Its title and description come first; its size is in `viewBox`, so that it may be shown smaller."""
    for drawing in drawings(committed("production"), None):
        root = ElementTree.fromstring(svg(drawing))  # noqa: S314 - our own file
        assert [element.tag for element in list(root)[:2]] == [f"{NAMESPACE}title", f"{NAMESPACE}desc"]
        assert (root[0].text, root[1].text) == (drawing.title, drawing.alt)
        assert len(drawing.alt) > 30 and drawing.alt.endswith(".")
        assert root.attrib["role"] == "img"
        assert root.attrib["viewBox"] == f"0 0 {root.attrib['width']} {root.attrib['height']}"


def test_arrows_show_what_flows() -> None:
    """Orders and failures have lines of their own, not only colours."""
    nodes = tuple(Node(id=name, label=(name,), kind=Kind.STEP) for name in "abcd")
    edges = tuple(Edge(source=one, target=other, flow=flow) for (one, other), flow in zip(pairwise("abcd"), Flow, strict=True))
    content = svg(Drawing(name="x", title="x", alt="x", graph=Graph(members=nodes, edges=edges)))
    assert [content.count(part) for part in ('class="order"', 'class="failure"', 'class="tip"', 'class="tip failing"')] == [
        1,
        1,
        2,
        1,
    ]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_told_from_what_they_are_on(colours: dict[str, str]) -> None:
    """WCAG 2.1 AA: 4.5 for text, 3 for frames and arrows."""
    backs = ["back", "raised"]
    fills = sorted({paint.fill for paint in PAINT.values()})
    assert min(_contrast(colours[text], colours[fill]) for text in ("text", "soft") for fill in (*fills, *backs)) >= 4.5
    edges = [PAINT[kind].edge for kind in Kind]
    assert min(_contrast(colours[edge], colours[back]) for edge in (*edges, "line", "frame", "failure") for back in backs) >= 3


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
