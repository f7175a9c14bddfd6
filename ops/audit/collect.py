"""
Seeing: every host in one round trip, and at the same time the sites, the DNS and the cloud. Changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hosts.probe.program import VERSION
from hosts.probe.script import script
from ops import ssh
from ops.audit import outside, visiting
from ops.audit.exposure import is_public
from ops.audit.scene import Cloud, Host, Record, Scene, Site

AUDITED = frozenset({Host, Site, Record, Cloud})
COMMAND = "exec python3 -"
HOST_TIMEOUT_S = 30.0
ENGINE_TIMEOUT_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """
    What looking needs: where the engine works, its environment, the key that logs in, whom visitors trust, and the name server
    that answers for every zone, where there is one.
    """

    checkout: Path
    environment: Mapping[str, str]
    private_key: Path | None
    authority: Path | None
    name_server: tuple[str, int] | None
    timeout_s: float = HOST_TIMEOUT_S
    engine_timeout_s: float = ENGINE_TIMEOUT_S


async def collect(
    outputs: Mapping[str, Any], wanted: Mapping[str, Any], around: Surroundings, kinds: Collection[type[Any]]
) -> tuple[Scene, dict[type[Any], float]]:
    """
    Everything that these kinds of subjects need, and how many seconds each took. Other kinds are left empty.
    """
    begun = begin(looks(outputs, wanted, around), kinds)
    await asyncio.gather(*begun.values())
    seen = {kind: look.result() for kind, look in begun.items()}
    found = {kind: result for kind, (result, _) in seen.items()}
    return scene(outputs, wanted, found), {kind: seconds for kind, (_, seconds) in seen.items()}


Looks = Mapping[type[Any], Callable[[], Awaitable[Any]]]
Begun = Mapping[type[Any], asyncio.Task[tuple[Any, float]]]


def looks(outputs: Mapping[str, Any], wanted: Mapping[str, Any], around: Surroundings) -> Looks:
    """
    How each kind of subject is seen.
    """
    return {
        Host: lambda: see_hosts(outputs, around),
        Site: lambda: see_sites(outputs, wanted, around),
        Record: lambda: see_records(outputs, wanted, around),
        Cloud: lambda: see_cloud(outputs, around),
    }


def begin(ways: Looks, kinds: Collection[type[Any]]) -> Begun:
    """
    Look at these kinds, all at the same time: each look gives what it saw, and how many seconds it took.
    """
    return {kind: asyncio.create_task(_timed(look())) for kind, look in ways.items() if kind in kinds}


def scene(outputs: Mapping[str, Any], wanted: Mapping[str, Any], found: Mapping[type[Any], Any]) -> Scene:
    """
    What rules judge, of what was seen: {kind: subjects}. Other kinds are left empty.
    """
    return Scene(
        now=time.time(),
        outputs=outputs,
        wanted=wanted,
        hosts=found.get(Host, ()),
        sites=found.get(Site, ()),
        records=found.get(Record, ()),
        cloud=found.get(Cloud, Cloud(name="cloud")),
        further=tuple(subject for kind, rows in found.items() if kind not in AUDITED for subject in rows),
    )


async def _timed(look: Awaitable[Any]) -> tuple[Any, float]:
    started = time.monotonic()
    return await look, time.monotonic() - started


async def see_hosts(outputs: Mapping[str, Any], around: Surroundings) -> tuple[Host, ...]:
    """
    Every server of the outputs: the probe's document, and which of its ports are open from here.
    """
    return tuple(await asyncio.gather(*map(with_ports, await probe_hosts(outputs, around))))


async def probe_hosts(outputs: Mapping[str, Any], around: Surroundings) -> tuple[Host, ...]:
    """
    Every server of the outputs with its probe's document: one round trip each, and nothing else.
    """
    hosts = servers(outputs)
    targets = [ssh.Target(name=host.name, address=host.address, host_key=host.host_key) for host in hosts]
    asked = time.time()
    answers = await ssh.run_everywhere(
        targets, COMMAND, stdin=script(), private_key=around.private_key, timeout_s=around.timeout_s
    )
    return tuple(answered(host, answers[host.name], asked) for host in hosts)


def servers(outputs: Mapping[str, Any]) -> list[Host]:
    """
    Every server of the outputs, not looked at yet.
    """
    stack = outputs["environment"]["stack"]
    return [host_of(stack, name, row) for name, row in sorted(outputs["servers"].items())]


def host_of(stack: str, name: str, row: Mapping[str, Any]) -> Host:
    return Host(
        name=name,
        stack=stack,
        address=row["ipv4"],
        private_ip=row["private_ip"],
        host_key=row.get("host_key") or "",
        roles=tuple(row["roles"]),
    )


def answered(host: Host, answer: ssh.Answer, asked: float) -> Host:
    """
    The host with what it answered, or with why it did not. `asked` is when it was asked, in seconds since 1970.
    """
    if answer.problem:
        return replace(host, problem=answer.problem, is_impostor=answer.is_impostor)
    try:
        document = json.loads(answer.stdout)
        if document["version"] != VERSION:
            return replace(host, problem=f"its probe's document is of version {document['version']}")
        sections = dict(document["sections"])
    except (ValueError, KeyError, TypeError):
        return replace(host, problem="what it printed is not the probe's document")
    between = {"from_s": asked, "until_s": asked + answer.seconds}
    return replace(host, sections={**sections, "asked": {"data": between}})


async def with_ports(host: Host) -> Host:
    if host.problem:
        return host
    listening = host.sections.get("listening", {}).get("data", [])
    wanted = {row["port"] for row in listening if row["protocol"] == "tcp" and is_public(row)}
    return replace(host, sections={**host.sections, "ports": await outside.ports(host.address, wanted)})


async def see_sites(outputs: Mapping[str, Any], wanted: Mapping[str, Any], around: Surroundings) -> tuple[Site, ...]:
    """
    Every name that is served, at the address of the way in.
    """
    trust = visiting.trusting(around.authority)
    found = [replace(site, path=wanted["paths"].get(site.name, "/")) for site in sites(outputs)]
    visits = (visiting.Visit(name=site.name, address=site.address, path=site.path) for site in found)
    seen = await asyncio.gather(*(visiting.site(visit, trust) for visit in visits))
    return tuple(replace(site, sections=sections) for site, sections in zip(found, seen, strict=True))


def sites(outputs: Mapping[str, Any]) -> list[Site]:
    """
    Every name of every project that is served, each with where it leads.
    """
    entry = outputs.get("entry")
    if not entry:
        return []
    found = []
    for name, project in sorted(outputs["projects"].items()):
        for process in project["processes"].values():
            urls = process["urls"]
            found += [Site(name=urlsplit(url).hostname or "", project=name, address=entry["ipv4"]) for url in urls]
            found += [Site(name=host, project=name, address=entry["ipv4"], target=urls[0]) for host in process["redirects"]]
    return found


async def see_records(outputs: Mapping[str, Any], wanted: Mapping[str, Any], around: Surroundings) -> tuple[Record, ...]:
    """
    What the zones' own name servers say of every name that was declared.
    """
    from ops.audit import resolving

    found, zones = records(outputs, wanted), outputs["environment"]["zones"]
    known = resolving.NameServer(address=around.name_server[0], port=around.name_server[1]) if around.name_server else None
    servers = await resolving.name_servers(zones, known)
    asked = (resolving.answer(record.name, record.kind, servers[_zone(record.name, zones)]) for record in found)
    answers = await asyncio.gather(*asked)
    return tuple(replace(record, sections={"answer": answer}) for record, answer in zip(found, answers, strict=True))


def records(outputs: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Record]:
    """
    The addresses of every served name, none of a kind that the way in does not have, and what settings declare beside.
    """
    entry = outputs.get("entry") or {}
    names = dict.fromkeys(site.name for site in sites(outputs))
    found = [
        Record(name=name, kind=kind, contents=tuple(filter(None, [entry.get(family)])), is_proxied=wanted["is_proxied"])
        for name in names
        for kind, family in (("A", "ipv4"), ("AAAA", "ipv6"))
    ]
    further = (
        Record(name=row["name"], kind=row["kind"], contents=(row["content"],), is_exact=False) for row in wanted["records"]
    )
    return found + list(further)


def _zone(name: str, zones: Collection[str]) -> str:
    return max((zone for zone in zones if name == zone or name.endswith(f".{zone}")), key=len, default=min(zones))


async def see_cloud(outputs: Mapping[str, Any], around: Surroundings) -> Cloud:
    """
    The engine's and the cloud's own words.
    """
    from ops.audit import cloud

    name = outputs["environment"]["stack"]
    asked = (around.checkout, name, around.environment, around.engine_timeout_s)
    return Cloud(name=name, sections=await asyncio.to_thread(cloud.sections, *asked))
