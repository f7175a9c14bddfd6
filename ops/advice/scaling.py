"""
The next step up or down, by what reports have measured: containers that met their limit, servers that are short or idle.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.naming import all_servers
from ops.advice.proposal import ENVIRONMENT, Area, Proposal, Question, Situation
from ops.advice.shape import pool_change
from ops.costs.advice import Advice, advise
from ops.costs.fleet import from_settings
from settings import Role
from settings.catalog import SERVER_TYPES, is_sold
from settings.environment import ServerPool

MEMORY_FACTOR, MEMORY_STEP_MB = 1.5, 32
# Of a server's memory that should be left, and of its cores that may be busy over 15 minutes.
MEMORY_LEFT, LOAD = 0.15, 0.7


def propose(situation: Situation) -> Iterator[Proposal]:
    """
    More where it is short, less where it is idle.
    """
    yield from _killed(situation)
    short = {
        name: why for name, pool in situation.settings.environment.servers.items() if (why := _short(situation, name, pool))
    }
    for name, why in short.items():
        yield from _more(situation, name, situation.settings.environment.servers[name], why)
    yield from _cheaper(situation, set(short))


def _killed(situation: Situation) -> Iterator[Proposal]:
    for finding in situation.check("prod").get("findings", ()):
        name, _, process_name = str(finding["resource"]).partition(":")
        project = situation.settings.projects.get(name)
        process = project.all_processes().get(process_name) if project else None
        if finding["id"] != "prod.out-of-memory" or project is None or process is None:
            continue
        old = process.limits.memory_mb
        new = math.ceil(old * MEMORY_FACTOR / MEMORY_STEP_MB) * MEMORY_STEP_MB
        yield Proposal(
            id="more-memory",
            area=Area.SCALING,
            project=name,
            changes=(situation.project_change(project, process_name, "limits", "memory_mb", old=old, new=new),),
            reason=f"{process_name}: {finding['message']}",
            effect="it has half as much again before it is stopped",
            risk="a leak is only stopped later: look at its memory over some days",
            based_on=situation.when("prod"),
        )


def _measured(situation: Situation, pool: str) -> list[Mapping[str, Any]]:
    """
    The figures of a pool's servers; none where one of them was not seen.
    """
    measures = situation.check("hosts").get("measures", {})
    names = [name for name, (of, _) in all_servers(situation.settings).items() if of == pool]
    return [measures[name] for name in names] if all(name in measures for name in names) else []


def _short(situation: Situation, name: str, pool: ServerPool) -> str:
    """
    What every server of a pool is short of; empty where one has room.
    """
    seen = _measured(situation, name)
    if seen and all(row["memory_available_bytes"] / row["memory_bytes"] < MEMORY_LEFT for row in seen):
        left = max(row["memory_available_bytes"] / row["memory_bytes"] for row in seen)
        return f"{left:.0%} of the memory was left when it was seen"
    if seen and all(row["load_15m"] / pool.hardware.cores > LOAD for row in seen):
        return f"a load of {min(row['load_15m'] for row in seen):.1f} on {pool.hardware.cores} cores over 15 minutes"
    return ""


def _more(situation: Situation, name: str, pool: ServerPool, why: str) -> Iterator[Proposal]:
    """
    One more server where its work can be spread, a larger one where it cannot.
    """
    is_spread = Role.APP in pool.roles and pool.count > 1 and Role.DB not in pool.roles
    larger = None if is_spread else larger_type(pool.type, pool.location or situation.settings.environment.location)
    if not is_spread and larger is None:
        return
    yield Proposal(
        id="one-more-server" if is_spread else "larger-server",
        area=Area.SCALING,
        project="",
        changes=(
            pool_change(situation, name, pool, "count", pool.count + 1)
            if is_spread
            else pool_change(situation, name, pool, "type", larger),
        ),
        reason=f"{name}: {why}",
        effect="containers spread over one more server" if is_spread else f"{shape(pool.type)} becomes {shape(larger or '')}",
        risk="none is replaced"
        if is_spread
        else "the server is off for some minutes while it is resized; its disk stays as it is",
        based_on=situation.when("hosts"),
    )


def _cheaper(situation: Situation, short: set[str]) -> Iterator[Proposal]:
    """
    A type with as much of everything that costs less.
    """
    for name, pool, row in _advised(situation, "cheaper-type"):
        new = _type(row.message)
        if new and name not in short:
            yield Proposal(
                id="cheaper-server",
                area=Area.SCALING,
                project="",
                changes=(pool_change(situation, name, pool, "type", new),),
                reason=f"{name}: {row.message} ({row.evidence})",
                effect="the same work costs less",
                risk="the server is off for some minutes while it is resized",
            )


def questions(situation: Situation) -> Iterator[Question]:
    """
    Servers that are larger than what they do: a smaller disk is a new server, so that people decide when.
    """
    for name, _, row in _advised(situation, "oversized"):
        yield Question(
            id="oversized",
            project="",
            path=f"{ENVIRONMENT}.servers.{name}.type",
            reason=f"{row.message} ({row.evidence}; it would save {row.eur:.2f} EUR per month)",
        )


def _advised(situation: Situation, identity: str) -> Iterator[tuple[str, ServerPool, Advice]]:
    """
    What `flotilla costs` advises of this kind, where it says the same of every server of a pool: with the first one's words.
    """
    settings = situation.settings
    rows = advise(from_settings(settings), situation.prices, situation.reports.get("hosts"), None)
    found = {row.resource: row for row in rows if row.id == identity and row.eur is not None}
    for name, pool in settings.environment.servers.items():
        servers = [server for server, (of, _) in all_servers(settings).items() if of == name]
        if all(server in found for server in servers) and len({_type(found[server].message) for server in servers}) == 1:
            yield name, pool, found[servers[0]]


def _type(message: str) -> str | None:
    name = message.partition(" ")[0]
    return name if name in SERVER_TYPES else None


def larger_type(name: str, location: str) -> str | None:
    """
    The next larger type of the same family that is sold there.
    """
    mine, family = SERVER_TYPES[name], re.sub(r"\d+$", "", name)
    larger = [
        (hardware.memory_gb, hardware.cores, other)
        for other, hardware in SERVER_TYPES.items()
        if re.sub(r"\d+$", "", other) == family
        and hardware.memory_gb > mine.memory_gb
        and is_sold(other, location)
        and hardware.disk_gb >= mine.disk_gb
    ]
    return min(larger)[2] if larger else None


def shape(name: str) -> str:
    """
    A type in words.
    """
    found = SERVER_TYPES[name]
    return f"{name} ({found.cores} cores, {found.memory_gb} GB)"
