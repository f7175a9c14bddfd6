"""
What people write about an environment, as frozen models: the stack's configuration, `projects/*.yaml`, `releases/<stack>.yaml`.

    settings = load(stack, root, config)
    settings.environment            the environment: network, servers, access, ingress
    settings.projects               {name: Project}, every project file
    settings.releases               images that are served; `.platform` holds the ingress' own
    settings.served                 the projects that have a release, each with its releases
    settings.unserved               names of projects that have none yet

Pure over files and the configuration, and fast: no Pulumi, no network, no import of anything heavy. The names below are
imported when they are used, so that who only asks for a price or a schedule does not wait for the models.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from settings.environment import Environment, Role
    from settings.loading import Settings, load, read_stack_config
    from settings.project import Kind, Process, Project, Strategy
    from settings.releases import ProjectReleases, Releases

__all__ = [
    "Environment",
    "Kind",
    "Process",
    "Project",
    "ProjectReleases",
    "Releases",
    "Role",
    "Settings",
    "Strategy",
    "load",
    "read_stack_config",
]

_MODULES = {
    "settings.environment": ("Environment", "Role"),
    "settings.loading": ("Settings", "load", "read_stack_config"),
    "settings.project": ("Kind", "Process", "Project", "Strategy"),
    "settings.releases": ("ProjectReleases", "Releases"),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'settings' has no attribute {name!r}")
