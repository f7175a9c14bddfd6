"""
What a fleet costs: golden statements of the sample fleet, and what holds for every fleet.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.costs.advice import Advice, advise
from ops.costs.bill import bill, cents, difference
from ops.costs.fleet import Fleet, Part, Server, from_settings
from ops.costs.split import Verdict, budget, shares, split
from ops.costs.statement import statement, to_csv, to_svg
from settings import load, read_stack_config
from settings.billing import Item, Kind, items_of, server_items
from settings.prices import PriceList, current, parse, render

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests" / "cases" / "costs"
GIB = 1024**3
SERVER_TYPE = st.sampled_from(["cx23", "cx33", "ccx13", "cax21", "cx9000"])
FRACTION = st.fractions(min_value=0, max_value=3, max_denominator=512)
ITEM = st.builds(
    Item,
    kind=st.sampled_from(Kind),
    name=st.text(max_size=8),
    type=st.sampled_from(["cx23", "lb11", "ipv4", "ipv6", "nonsense"]),
    location=st.sampled_from(["fsn1", "ash", ""]),
    size_gb=st.none() | st.integers(10, 10_240),
    server=st.sampled_from(["a", "b", ""]),
)


def made(items: list[Item], parts: list[Part], servers: tuple[Server, ...] = (), limit: Decimal | None = None) -> Fleet:
    """A fleet of these parts; servers `a` (apps) and `b` (databases) unless others are given."""
    return Fleet(
        environment="made",
        budget_eur=limit,
        is_rehearsal=False,
        servers=servers or (server("a", "cx33", "app"), server("b", "cx33", "db")),
        items=tuple(items),
        parts=tuple(parts),
        projects=("one", "two"),
        unserved=(),
        elsewhere=(),
    )


def server(name: str, kind: str, *roles: str) -> Server:
    """A server in Falkenstein."""
    return Server(name=name, type=kind, location="fsn1", roles=roles, volume_gb=None)


PART = st.builds(
    Part, project=st.sampled_from(["one", "two", ""]), server=st.sampled_from(["a", "b"]), memory=FRACTION, cpus=FRACTION
)


@pytest.mark.parametrize("stack", ["production", "staging"])
def test_statement_of_the_sample_fleet(stack: str) -> None:
    """Every line, sum, part and piece of advice, at the prices of the case, offline and without outputs."""
    prices = parse((CASES / "prices.json").read_text())
    fleet = from_settings(load(stack, ROOT, read_stack_config(ROOT, stack)))
    assert statement(fleet, prices, advise(fleet, prices, None, None)) == json.loads((CASES / f"{stack}.json").read_text())


@given(items=st.lists(ITEM, max_size=12), parts=st.lists(PART, max_size=12))
def test_parts_sum_to_the_whole(items: list[Item], parts: list[Part]) -> None:
    """What projects, everybody and nobody pay is the bill, to the cent, and nobody pays less than nothing."""
    fleet, found = made(items, parts), bill(items)
    divided = split(fleet, found)
    assert sum(divided.values()) == cents(found.total)
    assert min(divided.values()) >= 0
    assert all(sum(shares(fleet.parts, name).values()) == 1 for name in ("a", "b"))


@given(before=st.lists(ITEM, max_size=8), after=st.lists(ITEM, max_size=8))
def test_a_difference_is_that_of_the_bills(before: list[Item], after: list[Item]) -> None:
    """Exact, reversed when the fleets are exchanged, nothing between a fleet and itself."""
    changed = difference(before, after)
    assert changed.eur == bill(after).total - bill(before).total
    assert difference(after, before).eur == -changed.eur
    assert difference(before, list(reversed(before))).unpriced == ()
    assert all(f"{name}" in str(changed) for name in changed.unpriced)


def test_a_plan_is_priced_by_its_resources() -> None:
    """A larger server and a new disk cost what the price list says; what costs nothing is no item."""
    old = items_of("hcloud:index/server:Server", "app-1", {"serverType": "cx23", "location": "fsn1"})
    new = (
        *items_of("hcloud:index/server:Server", "app-1", {"serverType": "cx33", "location": "fsn1"}),
        *items_of("hcloud:index/volume:Volume", "app-1-data", {"size": 100.0, "location": "fsn1"}),
    )
    rates = current().servers
    assert difference(old, new).eur == rates["cx33"]["fsn1"].eur - rates["cx23"]["fsn1"].eur + 100 * current().volume_gb
    assert items_of("hcloud:index/network:Network", "net", {}) == ()


def test_an_unknown_price_is_said_and_is_not_nothing() -> None:
    """A bill with something unpriced is incomplete, and a budget that it seems to keep is unknown."""
    items = [*server_items("a", "cx9000", "fsn1")]
    fleet = made(items, [], limit=Decimal(50))
    said = statement(fleet, current(), [])
    assert said["is_complete"] is False
    assert said["unpriced"] == ["a"]
    assert said["lines"][0]["eur"] is None
    assert budget(fleet, bill(items)).verdict is Verdict.UNKNOWN
    assert "at least" in to_svg(said)
    assert difference([], items).unpriced == ("a",)


@pytest.mark.parametrize(("limit", "verdict"), [("6.99", Verdict.UNDER), ("6.98", Verdict.OVER), (None, Verdict.NONE)])
def test_a_budget_is_held_to_the_cent(limit: str | None, verdict: Verdict) -> None:
    """What costs exactly the budget keeps to it; a cent more does not."""
    items = [Item(kind=Kind.SERVER, name="a", type="cx33", location="fsn1"), Item(kind=Kind.PRIMARY_IP, name="b", type="ipv4")]
    assert budget(made(items, [], limit=None if limit is None else Decimal(limit)), bill(items)).verdict is verdict


def advised(fleet: Fleet, hosts: Mapping[str, Any] | None = None, drift: Mapping[str, Any] | None = None) -> list[Advice]:
    """What is advised at the checkout's prices."""
    return advise(fleet, current(), hosts, drift)


def measured(used_gb: float, load: float) -> dict[str, Any]:
    """A report of `hosts` that has seen the server `a` with 16 GB."""
    seen = {"memory_bytes": 16 * GIB, "memory_available_bytes": (16 - used_gb) * GIB, "cores": 8, "load_15m": load}
    return {"timestamp": "2026-11-26T12:00:00+00:00", "checks": {"hosts": {"measures": {"a": seen}}}}


@pytest.mark.parametrize(
    ("used_gb", "load", "memory", "better"),
    [(2, 0.5, "1/8", "cx23"), (4, 0.5, "1/8", "cx33"), (2, 2, "1/8", "cx33"), (2, 0.5, "7/16", "cx33"), (9, 5, "1/8", None)],
)
def test_a_server_is_too_large_by_use_and_promise(used_gb: float, load: float, memory: str, better: str | None) -> None:
    """The smallest type that holds what is used, the load and what is promised, each with room; or none."""
    part = Part(project="one", server="a", memory=Fraction(memory), cpus=Fraction(1, 8))
    fleet = made([], [part], (server("a", "cx43", "app"),))
    found = [row for row in advised(fleet, measured(used_gb, load)) if row.id == "oversized"]
    assert [row.message.split()[0] for row in found] == ([better] if better else [])
    rates = current().servers
    assert [row.eur for row in found] == ([rates["cx43"]["fsn1"].eur - rates[better]["fsn1"].eur] if better else [])


def test_idle_and_dear_servers_are_named_with_what_they_cost() -> None:
    """A server that nobody reserved anything of, and a type that has a cheaper equal; what is for all is not idle."""
    servers = (server("a", "cpx32", "app"), server("b", "cx23", "backup"))
    items = [item for row in servers for item in server_items(row.name, row.type, row.location)]
    found = {row.id: row for row in advised(made(items, [], servers)) if row.eur is not None}
    assert found["idle"].resource == "a"
    assert found["idle"].eur == bill(items[:2]).total
    assert found["cheaper-type"].eur == current().servers["cpx32"]["fsn1"].eur - current().servers["cx43"]["fsn1"].eur


def test_what_nobody_declared_is_priced_by_its_size() -> None:
    """A volume whose size the report has; an address of which it does not say what it is has no price."""
    finding = {"id": "drift.unmanaged", "severity": "WARNING", "message": "nobody declared it", "evidence": "id 7"}
    rows = [{**finding, "resource": "volume/old"}, {**finding, "resource": "floating-ip/lost"}]
    report = {"checks": {"drift": {"findings": rows, "measures": {"volume/old": {"size_gb": 100}}}}}
    found = {row.resource: row.eur for row in advised(made([], []), None, report) if row.id == "unused"}
    assert found == {"volume/old": 100 * current().volume_gb, "floating-ip/lost": None}


HOSTILE = '=HYPERLINK("x"),</text><script>&\n'


def test_hostile_names_stay_text() -> None:
    """In a spreadsheet no formula, in a picture no markup."""
    said = statement(made([Item(kind=Kind.VOLUME, name=HOSTILE, size_gb=10)], []), current(), [])
    said["projects"] = {HOSTILE: "1.00"}
    [row] = csv.DictReader(to_csv([said]).splitlines(keepends=True))
    assert row["name"] == f"'{HOSTILE}"
    assert not [node for node in ElementTree.fromstring(to_svg(said)).iter() if node.tag.endswith("script")]  # noqa: S314 - our own


def test_a_price_list_survives_being_written() -> None:
    """The checkout's file is what rendering it gives, byte by byte."""
    text = (ROOT / "settings" / "prices.json").read_text()
    prices = parse(text)
    assert isinstance(prices, PriceList)
    assert prices.priced_on <= date.today()
    assert render(prices) == text
