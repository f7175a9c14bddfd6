"""
Releases for a preview of a sandbox stack: which images it serves is known only where they were built.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from settings import Settings
from settings.releases import releases_file, with_platform, with_release, write_releases


def serve_all(settings: Settings, project: Path) -> None:
    """
    Write a release file below `project` in which each project that has none yet serves an image that does not exist.
    """
    releases, registry = settings.releases, settings.environment.registry
    if releases.platform is None:
        releases = with_platform(releases, *(_image(registry, name) for name in ("caddy", "haproxy")))
    for name in settings.unserved:
        releases = with_release(releases, name, _image(registry, settings.projects[name].image))
    file = releases_file(project, settings.stack)
    if file.parent.is_symlink():
        file.parent.unlink()
    file.parent.mkdir(exist_ok=True)
    write_releases(file, releases)


def _image(registry: str, repository: str) -> str:
    return f"{registry}/{repository}@sha256:{hashlib.sha256(repository.encode()).hexdigest()}"
