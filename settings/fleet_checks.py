"""
What has to fit together across files: projects with each other and with their environment. Each finding comes with the name of
the project that it is about; None is the environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from settings.capacity import check_capacity, check_process
from settings.environment import Environment, RecordType, Role
from settings.problems import Finding
from settings.process import Kind, Process
from settings.project import Project
from settings.project_checks import place

Found = Iterator[tuple[str | None, Finding]]
# Records that say where a name's requests go, as those of projects do.
ADDRESSES = frozenset({RecordType.A, RecordType.AAAA, RecordType.CNAME})


def check_fleet(environment: Environment, projects: Mapping[str, Project]) -> Found:
    """
    What is wrong between the projects that live in the environment, and between them and it.
    """
    yield from _check_domains(environment, projects)
    yield from _check_databases(projects)
    yield from _check_process_names(projects)
    is_oversized = False
    for name, project in projects.items():
        for process_name, process in project.all_processes().items():
            for finding in check_process(environment, process):
                is_oversized |= finding.location == ("limits", "memory_mb")
                location = (*place(project, process_name), *finding.location)
                yield name, Finding(location=location, fact=finding.fact, next_step=finding.next_step)
        yield from ((name, finding) for finding in _check_needs(environment, project))
    yield from ((None, finding) for finding in _check_roles(environment, projects))
    if not is_oversized:
        yield from ((None, finding) for finding in check_capacity(environment, projects))


def _check_domains(environment: Environment, projects: Mapping[str, Project]) -> Found:
    owners: dict[str, str] = {}
    for name, project in sorted(projects.items()):
        for process_name, process in project.all_processes().items():
            owner = f"the project `{name}`" if process is project else f"the process `{process_name}` of `{name}`"
            for finding in _check_process_domains(environment, process, owner, owners):
                location = (*place(project, process_name), *finding.location)
                yield name, Finding(location=location, fact=finding.fact, next_step=finding.next_step)
    for index, record in enumerate(environment.dns.records):
        if record.type in ADDRESSES and record.name in owners:
            yield (
                None,
                Finding(
                    location=("dns", "records", index, "name"),
                    fact=f"`{record.name}` is a domain of {owners[record.name]}, which has its own records",
                    next_step="Remove it from one of them",
                ),
            )


def _check_process_domains(environment: Environment, process: Process, owner: str, owners: dict[str, str]) -> Iterator[Finding]:
    """
    `owners` is {host name: who has it} of what was seen so far, and grows.
    """
    is_placed = environment.zone_of(environment.domain) is not None
    for index, domain in enumerate(process.domains):
        hostname = domain.hostname(environment.domain)
        if hostname in owners:
            yield Finding(
                location=("domains", index),
                fact=f"`{hostname}` is a domain of {owners[hostname]} already",
                next_step="Remove it from one of them",
            )
        elif environment.zone_of(hostname) is None and (domain.name or is_placed):
            zones = " or ".join(f"`{zone}`" for zone in environment.all_zones)
            yield Finding(
                location=("domains", index),
                fact=f"`{hostname}` is not in the zone {zones} of `{environment.name}`",
                next_step="Write it as `{subdomain: name}`, correct it, or add its zone to `zones`",
            )
        owners.setdefault(hostname, owner)


def _check_databases(projects: Mapping[str, Project]) -> Found:
    owners: dict[str, str] = {}
    for name, project in sorted(projects.items()):
        if project.database and owners.setdefault(project.database.name, name) != name:
            yield (
                name,
                Finding(
                    location=("database", "name"),
                    fact=f"`{project.database.name}` is the database of the project `{owners[project.database.name]}` already",
                    next_step="Give it another name",
                ),
            )


def _check_process_names(projects: Mapping[str, Project]) -> Found:
    """
    A process is `<project>-<process>` on the servers, which two of different projects could both be.
    """
    owners: dict[str, str] = {}
    for name, project in sorted(projects.items()):
        for process_name in project.all_processes():
            called = f"{name}-{process_name}"
            if owners.setdefault(called, name) != name:
                yield (
                    name,
                    Finding(
                        location=place(project, process_name) or ("name",),
                        fact=f"it is called `{called}` on the servers, and so is a process of `{owners[called]}`",
                        next_step="Give one of them another name",
                    ),
                )


def _check_needs(environment: Environment, project: Project) -> Iterator[Finding]:
    if project.database and not environment.pools(Role.DB):
        yield Finding(
            location=("database",),
            fact=f"no server of `{environment.name}` has the role `db`",
            next_step=f"Add `db` to the roles of a pool in Pulumi.{environment.name}.yaml",
        )
    if project.backup and environment.backup is None:
        yield Finding(
            location=("backup",),
            fact=f"`{environment.name}` has no backup policy that this could differ from",
            next_step=f"Add `backup` to Pulumi.{environment.name}.yaml, or write `backup: null` under "
            f"`environments.{environment.name}`",
        )


def _check_roles(environment: Environment, projects: Mapping[str, Project]) -> Iterator[Finding]:
    kinds = {process.kind for project in projects.values() for process in project.all_processes().values()}
    needed = [Role.APP] if kinds else []
    needed += [Role.INGRESS] if kinds & {Kind.WEB, Kind.STATIC} else []
    for role in needed:
        if not environment.pools(role):
            yield Finding(
                location=("servers",),
                fact=f"no server has the role `{role}`, but there are projects",
                next_step=f"Add `{role}` to the roles of a pool",
            )
