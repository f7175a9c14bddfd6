"""
Releases for a preview of a sandbox stack: which images it serves is known only where they were built.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from settings import Settings
from settings.releases import Releases, releases_file, with_platform, with_release, write_releases


def forget(project: Path) -> None:
    """
    Leave out the release files that lie in the checkout: the sandbox's own is of this machine, and not committed.
    """
    folder = project / "releases"
    folder.unlink(missing_ok=True)
    folder.mkdir()


def serve_all(settings: Settings, project: Path) -> None:
    """
    Write a release file below `project` in which each project serves images that do not exist.
    """
    releases, registry = Releases(), settings.environment.registry
    releases = with_platform(releases, *(_image(registry, name) for name in ("caddy", "haproxy")))
    for name, found in settings.projects.items():
        images = {process: _image(registry, repository) for process, repository in found.own_images().items()}
        releases = with_release(releases, name, _image(registry, found.image), images=images)
    write_releases(releases_file(project, settings.stack), releases)


def _image(registry: str, repository: str) -> str:
    return f"{registry}/{repository}@sha256:{hashlib.sha256(repository.encode()).hexdigest()}"
