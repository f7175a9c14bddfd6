"""
Which resources are a project's own: what an update for a release is confined to.

The engine takes whole names (URNs) or patterns. Patterns would reach too far: `shop-*` is also another project's that is called
`shop-blog`. So each resource is named: those that there are, by whose child they are, and those that the release brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from settings import Kind, Process, Project, Strategy
from settings.release import Release

# The components of a project that a release goes through: {type: is there one for each process?}. See components/workloads.py.
COMPONENTS = {
    "flotilla:app:Secrets": False,
    "flotilla:app:KeptReleases": False,
    "flotilla:data:Migration": False,
    "flotilla:app:App": True,
    "flotilla:app:Worker": True,
    "flotilla:app:StaticSite": True,
    "flotilla:app:Job": True,
    "flotilla:ingress:Route": True,
}
# Names and certificates, which a project gets with its first release.
NAMES = {"flotilla:network:Dns": False, "flotilla:ingress:Site": False}
KINDS = {
    Kind.WEB: "flotilla:app:App",
    Kind.WORKER: "flotilla:app:Worker",
    Kind.STATIC: "flotilla:app:StaticSite",
    Kind.JOB: "flotilla:app:Job",
}
SERVICE = "docker:index/service:Service"
COMMAND = "command:remote:Command"


def components(prefix: str, project: Project, *, with_names: bool = False) -> set[str]:
    """
    The URNs of a project's components, whether there are such or not. `prefix` is `urn:pulumi:<stack>::<program>`.
    """
    processes = [f"{project.name}-{process}" for process in project.all_processes()]
    kinds = COMPONENTS | (NAMES if with_names else {})
    return {
        f"{prefix}::{kind}::{name}"
        for kind, is_of_process in kinds.items()
        for name in (processes if is_of_process else [project.name])
    }


def owned(rows: Iterable[Mapping[str, Any]], roots: set[str]) -> set[str]:
    """
    Of the resources of a state, {urn, parent, ...} each, these components and everything below them.
    """
    children: dict[str, list[str]] = {}
    known = set()
    for row in rows:
        known.add(str(row["urn"]))
        children.setdefault(str(row.get("parent") or ""), []).append(str(row["urn"]))
    found: set[str] = set()
    waiting = [urn for urn in roots if urn in known]
    while waiting:
        urn = waiting.pop()
        if urn not in found:
            found.add(urn)
            waiting += children.get(urn, [])
    return found


def arriving(prefix: str, project: Project, serving: Sequence[Release]) -> set[str]:
    """
    The URNs of what these releases bring with them: services that are named with their digest, and migrations.
    """
    found = set()
    for release in serving:
        for process_name, process in project.all_processes().items():
            if has_services_of_its_own(process):
                name = f"{project.name}-{process_name}-{release.short_digest}"
                found.add(f"{prefix}::{KINDS[process.kind]}${SERVICE}::{name}")
        if project.database and project.database.migration:
            migration = f"{project.name}-migration-{release.short_digest}"
            found.add(f"{prefix}::flotilla:data:Migration${COMMAND}::{migration}")
    return found


def has_services_of_its_own(process: Process) -> bool:
    """
    Whether each release has services of the process that are named with its digest.
    """
    return process.kind is not Kind.JOB and process.strategy is not Strategy.RECREATE


def missing(rows: Iterable[Mapping[str, Any]], prefix: str, project: Project) -> Iterator[str]:
    """
    The processes that the state has nothing of: this is their first release.
    """
    known = {str(row["urn"]) for row in rows}
    for name, process in project.all_processes().items():
        if f"{prefix}::{KINDS[process.kind]}::{project.name}-{name}" not in known:
            yield name
