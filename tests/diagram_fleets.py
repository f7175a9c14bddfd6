"""
Settings for pictures: the committed stacks, and fleets of any size made of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from settings import Project, Releases, Settings, load, read_stack_config
from settings.machines import ServerPool
from tests.conftest import ROOT

_HEALTH = {"path": "/up"}


@cache
def committed(stack: str) -> Settings:
    """
    One of the checkout's own stacks, in English.
    """
    found = read_stack_config(ROOT, stack)
    return load(stack, ROOT, {**found, "language": "en"})


def fleet(projects: int, **counts: int) -> Settings:
    """
    Production with so many projects, and with so many servers in each pool: `app`, `data`, `ops` and others, which run apps.
    """
    base = committed("production")
    pools = {name: _pool(base, name, count) for name, count in counts.items()}
    made = {project.name: project for project in (_project(number) for number in range(projects))}
    serving = {name: {"serving": [{"image": _image(name), "slot": "a", "weight": 100}]} for name in made}
    releases = Releases.model_validate({"platform": base.releases.platform, "projects": serving})
    environment = base.environment.model_copy(update={"servers": {**base.environment.servers, **pools}})
    return changed(base, environment=environment, projects=made, releases=releases)


def changed(settings: Settings, **parts: Any) -> Settings:
    """
    Settings with other parts.
    """
    return Settings(**{**vars(settings), **parts})


def _pool(base: Settings, name: str, count: int) -> ServerPool:
    pool = base.environment.servers.get(name)
    found = pool or ServerPool.model_validate({"type": "cx53", "roles": ["app"]})
    return found.model_copy(update={"count": count})


def _image(name: str) -> str:
    return f"registry.example.com/{name}@sha256:{'0' * 64}"


def _project(number: int) -> Project:
    """
    Every second has a database, every third a worker, every fifth a volume; every fourth has two containers.
    """
    name = f"site-{number:03}"
    document: dict[str, Any] = {
        "name": name,
        "owner": "team",
        "kind": "web",
        "image": name,
        "port": 8000,
        "health": _HEALTH,
        "domains": [{"subdomain": name}, {"subdomain": f"old-{name}", "redirect": True}],
        "replicas": 2 if number % 4 == 0 else 1,
        "processes": {"worker": {"kind": "worker"}, "nightly": {"kind": "job", "schedule": "15 3 * * *"}}
        if number % 3 == 0
        else {},
    }
    if number % 2 == 0:
        document["database"] = {"name": f"site_{number:03}", "migration": ["migrate"]}
    if number % 5 == 0:
        document |= {"volumes": [{"name": "files", "path": "/files"}], "strategy": "recreate", "replicas": 1}
    return Project.model_validate(document)
