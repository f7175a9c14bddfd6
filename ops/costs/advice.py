"""
What could be saved: of the fleet as it is declared, and as reports have seen it. What no report tells is said to be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ops.costs.bill import bill
from ops.costs.fleet import EVERYBODY, Fleet, Server
from settings.billing import Item, Kind
from settings.billing import price as priced
from settings.catalog import SERVER_TYPES, ServerType, is_sold
from settings.prices import PriceList

# A smaller server has this much room over what was measured or promised: memory, and processors at the load of 15 minutes.
MEMORY_ROOM, LOAD_ROOM = 1.3, 0.7
GIB = 1024**3
UNUSED = {"volume": Kind.VOLUME, "floating-ip": Kind.FLOATING_IP, "primary-ip": Kind.PRIMARY_IP}


@dataclass(frozen=True, kw_only=True)
class Advice:
    """
    One thing to look at. `eur` is what it saves per month; None where that, or whether there is anything, is not known.
    """

    id: str
    resource: str
    message: str
    evidence: str
    eur: Decimal | None


def advise(fleet: Fleet, prices: PriceList, hosts: Mapping[str, Any] | None, drift: Mapping[str, Any] | None) -> list[Advice]:
    """
    What could be saved, most first. `hosts` and `drift` are the newest reports of these checks on this environment, if any.
    """
    found = [*_idle(fleet, prices), *_cheaper(fleet, prices), *_oversized(fleet, prices, hosts), *_unused(prices, drift)]
    return sorted(found, key=lambda row: (row.eur is None, -(row.eur or 0), row.id, row.resource))


def _idle(fleet: Fleet, prices: PriceList) -> Iterator[Advice]:
    """
    Servers for containers and databases only, of which no project has reserved anything.
    """
    busy = {part.server for part in fleet.parts if part.project != EVERYBODY}
    for server in fleet.servers:
        if server.name in busy or not set(server.roles) <= {"app", "db"}:
            continue
        own = bill((item for item in fleet.items if item.server == server.name), prices)
        yield Advice(
            id="idle",
            resource=server.name,
            message="no project that is served has reserved anything of it: lower `count`, or serve a project",
            evidence=f"roles {', '.join(server.roles)}; not served: {', '.join(fleet.unserved) or 'none'}",
            eur=None if own.unpriced else own.total,
        )


def _cheaper(fleet: Fleet, prices: PriceList) -> Iterator[Advice]:
    """
    Another type with as much of everything. Dedicated processors are not exchanged for shared ones.
    """
    for server in fleet.servers:
        mine = SERVER_TYPES.get(server.type)
        if mine is None:
            continue
        family = [name for name in SERVER_TYPES if name.startswith("ccx") == server.type.startswith("ccx")]
        enough = [name for name in family if _holds(SERVER_TYPES[name], mine)]
        found = _best(server, enough, prices)
        if found:
            name, saved = found
            yield Advice(
                id="cheaper-type",
                resource=server.name,
                message=f"{name} has as many cores, memory and disk as {server.type}, and costs less",
                evidence=f"{_shape(server.type)}; {_shape(name)}",
                eur=saved,
            )


def _oversized(fleet: Fleet, prices: PriceList, report: Mapping[str, Any] | None) -> Iterator[Advice]:
    measures = _check(report, "hosts").get("measures", {})
    for server in fleet.servers:
        seen = measures.get(server.name)
        if server.type not in SERVER_TYPES:
            continue
        if seen is None:
            message = "it is not known what it uses: run `flotilla audit hosts`"
            yield Advice(id="oversized", resource=server.name, message=message, evidence="no report has seen it", eur=None)
            continue
        found = _best(server, _smaller(fleet, server, seen), prices)
        if found:
            used_gb = (seen["memory_bytes"] - seen["memory_available_bytes"]) / GIB
            evidence = (
                f"{used_gb:.1f} GB and a load of {seen['load_15m']:.1f} when seen once, {(report or {}).get('timestamp', '')}: "
                "look at a week in Grafana first"
            )
            message = f"{found[0]} would do for what it uses and has promised; a smaller disk needs a new server"
            yield Advice(id="oversized", resource=server.name, message=message, evidence=evidence, eur=found[1])


def _smaller(fleet: Fleet, server: Server, seen: Mapping[str, float]) -> list[str]:
    """
    Types of the same family that hold what is used and what is promised, with room.
    """
    mine = SERVER_TYPES[server.type]
    parts = [part for part in fleet.parts if part.server == server.name]
    used_gb = (seen["memory_bytes"] - seen["memory_available_bytes"]) / GIB * MEMORY_ROOM
    promised_gb = float(sum(part.memory for part in parts)) * mine.memory_gb
    promised_cores = float(sum(part.cpus for part in parts)) * mine.cores
    cores = max(seen["load_15m"] / LOAD_ROOM, promised_cores)
    family = re.sub(r"\d+$", "", server.type)
    return [
        name
        for name, hardware in SERVER_TYPES.items()
        if re.sub(r"\d+$", "", name) == family
        and hardware.memory_gb < mine.memory_gb
        and hardware.memory_gb >= max(used_gb, promised_gb)
        and hardware.cores >= cores
    ]


def _unused(prices: PriceList, report: Mapping[str, Any] | None) -> Iterator[Advice]:
    """
    Volumes and addresses of the cloud project that no stack declares.
    """
    if report is None:
        message = "it is not known what nobody uses: run `flotilla audit drift`"
        yield Advice(id="unused", resource="volumes, addresses", message=message, evidence="no report has looked", eur=None)
        return
    check = _check(report, "drift")
    measures = check.get("measures", {})
    for found in check.get("findings", []):
        kind, _, name = found["resource"].partition("/")
        if found["id"].startswith("drift.unmanaged") and found["severity"] == "UNKNOWN":
            yield Advice(id="unused", resource="volumes, addresses", message=found["message"], evidence="", eur=None)
        elif found["id"] == "drift.unmanaged" and kind in UNUSED:
            figures = measures.get(found["resource"], {})
            version = figures.get("ip_version")
            item = Item(kind=UNUSED[kind], name=name, type=f"ipv{version}" if version else "", size_gb=figures.get("size_gb"))
            yield Advice(
                id="unused",
                resource=found["resource"],
                message=f"{found['message']}: back up what is on it, then remove it" if kind == "volume" else found["message"],
                evidence=found["evidence"],
                eur=priced(item, prices),
            )


def _check(report: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    return dict(((report or {}).get("checks") or {}).get(name) or {})


def _holds(one: ServerType, other: ServerType) -> bool:
    same = one.architecture == other.architecture
    return same and one.cores >= other.cores and one.memory_gb >= other.memory_gb and one.disk_gb >= other.disk_gb


def _best(server: Server, names: Iterable[str], prices: PriceList) -> tuple[str, Decimal] | None:
    """
    The cheapest of these types that is sold where the server is, with what it saves; None where none saves anything.
    """
    now = priced(Item(kind=Kind.SERVER, name="", type=server.type, location=server.location), prices)
    offers = [
        (amount, name)
        for name in names
        if is_sold(name, server.location)
        and (amount := priced(Item(kind=Kind.SERVER, name="", type=name, location=server.location), prices)) is not None
    ]
    if now is None or not offers or min(offers)[0] >= now:
        return None
    amount, name = min(offers)
    return name, now - amount


def _shape(name: str) -> str:
    found = SERVER_TYPES[name]
    return f"{name}: {found.cores} cores, {found.memory_gb} GB, disk {found.disk_gb} GB"
