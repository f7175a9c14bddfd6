"""
Mermaid's text: labels come back, and nothing in them is syntax.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.diagrams.graph import Cluster, Edge, Graph, Kind, Node, clean
from ops.diagrams.mermaid import JOINER, escaped, mermaid
from tests.record_diagrams import CASES, production

HOSTILE = [
    '"]; click n0 "javascript:alert(1)"',
    "a-->b",
    '%%{init: {"theme":"dark"}}%%',
    "%% comment",
    "<script>alert(1)</script><br/>",
    "end",
    "style:x#35;y",
    "1. list",
    "- bullet",
    "`md` **b** __u__",
    "#quot;&amp;",
    "subgraph x",
    "{{x}} [[x]] ((x)) |x|",
    "\\n",
    "$$x$$",
    "fa:fa-car",
    "---\ntitle: x\n---",
    ":::lost",
    "@{ shape: x }",
]
LABELS = st.text(max_size=40) | st.sampled_from(HOSTILE)
# What may be in a label as it is written, beside letters and digits of any script.
PLAIN = re.compile(r'"((?:[^\W_]|[ ·\u00d7→≥≤…/,.()?=-]|#\d+;|<br/>)*)"')
LINE = re.compile(
    r"flowchart TB| *(?:end|n\d+ ~~~ n\d+|subgraph n\d+\[L\]|n\d+(?:\[L\]|\(\[L\]\)|\[\(L\)\]|\[/L/\]):::[a-z]+"
    r"|n\d+ (?:-->|-\.->|==>)(?:\|L\|)? n\d+|classDef [a-z]+ fill:#[0-9a-f]{6},stroke:#[0-9a-f]{6},color:#[0-9a-f]{6})"
)


def labels(text: str) -> list[str]:
    """All labels of a diagram, as Mermaid draws them."""
    return [decoded(found) for found in PLAIN.findall(text)]


def decoded(label: str) -> str:
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label).replace(JOINER, "")


def graph(one: str, other: str, third: str, fourth: str) -> Graph:
    """Every place in which a label may be."""
    nodes = (Node(id=one, label=(one, other), kind=Kind.STORE), Node(id=f"{one}2", label=(third,), kind=Kind.OUTSIDE))
    edges = (Edge(source=one, target=f"{one}2", label=fourth),)
    return Graph(members=(Cluster(id=f"{one}3", label=fourth, members=nodes, edges=edges),))


def is_syntax(text: str) -> bool:
    """Whether every line is one of those that are written, with labels for L."""
    return all(LINE.fullmatch(PLAIN.sub("L", line)) for line in text.splitlines())


@pytest.mark.parametrize("name", [drawing.name for drawing in production()])
def test_the_sample_fleet_is_written_as_recorded(name: str) -> None:
    """Byte by byte; `python -m tests.record_diagrams` writes it anew after a change that is wanted."""
    (drawing,) = [drawing for drawing in production() if drawing.name == name]
    text = mermaid(drawing.graph)
    assert text == (CASES / f"{name}.mmd").read_text(encoding="utf-8")
    assert is_syntax(text)


@given(LABELS, LABELS, LABELS, LABELS)
def test_hostile_names_stay_labels(one: str, other: str, third: str, fourth: str) -> None:
    """Each comes back as it was, and no line has any other form than those that are written."""
    text = mermaid(graph(one, other, third, fourth))
    assert is_syntax(text)
    wanted = [clean(fourth) or " ", f"{clean(one)}<br/>{clean(other)}", clean(third) or " "]
    assert labels(text) == [*wanted, *([clean(fourth)] if clean(fourth) else [])]


@pytest.mark.parametrize("label", HOSTILE)
def test_each_hostile_name_stays_a_label(label: str) -> None:
    """Also those that chance does not come upon."""
    text = mermaid(graph(label, label, label, label))
    assert is_syntax(text)
    assert labels(text)[0] == clean(label)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("app-1", "app-1"),
        ("80, 443/tcp", "80, 443/tcp"),
        ("10.20.0.0/16", "10.20.0.0/16"),
        ("-x", "#45;x"),
        ("1. x", "1#46; x"),
        ("a_b", "a#95;b"),
        ("a:b", "a#58;b"),
        ("$$", "#36;#8288;#36;"),
        ("\\n", "#92;#8288;n"),
        ("fa:fa-car", "fa#58;#8288;fa-car"),
        ("a\nb", "a b"),
    ],
)
def test_usual_names_stay_readable(text: str, wanted: str) -> None:
    """Only what could mean something is written as a number."""
    assert escaped(text) == wanted
