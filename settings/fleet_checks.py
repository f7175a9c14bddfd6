"""
What has to fit together across files: projects with each other, with their environment, and with its releases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from settings.environment import Environment, Role, is_inside
from settings.problems import Finding, Location
from settings.project import Project
from settings.release import Releases
from settings.values import suggest

MEGABYTES_PER_GIGABYTE = 1024


def check_fleet(environment: Environment, projects: Mapping[str, Project]) -> Iterator[tuple[str | None, Finding]]:
    """
    What is wrong between projects, and between them and the environment; each with the project's name (None: the environment).
    """
    owners: dict[str, str] = {}
    for name, project in sorted(projects.items()):
        for finding in _check_domains(environment, project, owners):
            yield name, finding
        for finding in _check_capacity(environment, project):
            yield name, finding
    for role in (Role.APP, Role.INGRESS) if projects else ():
        if not environment.pools(role):
            yield (
                None,
                Finding(
                    location=("servers",),
                    fact=f"no server has the role `{role}`, but there are projects",
                    next_step=f"Add `{role}` to the roles of a pool",
                ),
            )


def _check_domains(environment: Environment, project: Project, owners: dict[str, str]) -> Iterator[Finding]:
    """
    `owners` is {host name: project} of the projects seen so far, and grows.
    """
    for index, hostname in enumerate(project.hostnames(environment.domain)):
        location: Location = ("domains", index)
        if hostname in owners:
            yield Finding(
                location=location,
                fact=f"`{hostname}` is a domain of the project `{owners[hostname]}` already",
                next_step="Remove it from one of them",
            )
        elif is_inside(environment.domain, environment.zone) and not is_inside(hostname, environment.zone):
            yield Finding(
                location=location,
                fact=f"`{hostname}` is not in the zone `{environment.zone}` of `{environment.name}`",
                next_step="Write it as `{subdomain: name}`, or correct it",
            )
        owners.setdefault(hostname, project.name)


def _check_capacity(environment: Environment, project: Project) -> Iterator[Finding]:
    pools = environment.pools(Role.APP).values()
    if not pools:
        return
    largest_mb = max(pool.hardware.memory_gb for pool in pools) * MEGABYTES_PER_GIGABYTE
    total_mb = sum(pool.hardware.memory_gb * pool.count for pool in pools) * MEGABYTES_PER_GIGABYTE
    memory_mb = project.limits.memory_mb
    if memory_mb > largest_mb:
        yield _memory_finding(f"{memory_mb} is more than the {largest_mb} MB of the largest server with the role `app`")
    elif memory_mb * project.replicas > total_mb:
        yield _memory_finding(f"{project.replicas} replicas with {memory_mb} each are more than the servers' {total_mb} MB")
    cores = max(pool.hardware.cores for pool in pools)
    if project.limits.cpus > cores:
        yield Finding(
            location=("limits", "cpus"),
            fact=f"{project.limits.cpus} is more than the {cores} cores of the largest server with the role `app`",
            next_step="Lower it, or take a larger server type",
        )
    if project.volumes and not any(pool.volume_gb for pool in pools):
        yield Finding(
            location=("volumes",),
            fact="no server with the role `app` has a disk for volumes",
            next_step=f"Set `volume_gb` on a pool in Pulumi.{environment.name}.yaml",
        )


def _memory_finding(fact: str) -> Finding:
    return Finding(location=("limits", "memory_mb"), fact=fact, next_step="Lower it, or take larger servers")


def check_served(
    environment: Environment, projects: Mapping[str, Project], known: Collection[str], releases: Releases
) -> Iterator[Finding]:
    """
    What is wrong between releases and projects. `known` names all project files, those with mistakes included.
    """
    if releases.projects and releases.platform is None:
        yield Finding(
            location=("platform",),
            fact="projects are served, but the images of the ingress are missing",
            next_step="Add `caddy` and `haproxy`; in the sandbox, `flotilla sandbox publish` does",
        )
    for name, project_releases in releases.projects.items():
        if name not in known:
            yield Finding(
                location=("projects", name),
                fact=f"there is no project `{name}`",
                next_step=suggest(name, known or ["(none yet)"]),
            )
        elif name in projects:
            expected = _repository(environment, projects[name])
            for index, release in enumerate(project_releases.serving):
                if release.image.partition("@")[0] != expected:
                    yield Finding(
                        location=("projects", name, "serving", index, "image"),
                        fact=f"this is not an image of the project, whose repository is `{expected}`",
                        next_step="Correct the release, or `image` in the project",
                    )


def _repository(environment: Environment, project: Project) -> str:
    """
    The project's image repository with its registry. As Docker has it, a first part with a dot or a port is a registry.
    """
    first, slash, _ = project.image.partition("/")
    return project.image if slash and ("." in first or ":" in first) else f"{environment.registry}/{project.image}"
