"""
The images that the sandbox builds for projects: one for each repository, from the folder that the project names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import SettingsError
from ops.progress import step
from sandbox import images
from sandbox.images import build, context
from sandbox.instance import Instance
from settings import Project

TAG = "current"  # a name for people; releases are known by digest
_STAGE = re.compile(r"^FROM\s+\S+\s+AS\s+(?P<name>\S+)\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class ProjectImage:
    """
    One image of a project. `process` is what has this repository; a stage of the Dockerfile that is called like it is what is
    built, else the last one.
    """

    project: str
    process: str
    repository: str
    folder: Path

    def stage(self) -> str | None:
        """
        The stage that is built; None is the last one.
        """
        names = {match["name"].lower() for match in _STAGE.finditer(self._dockerfile().read_text(encoding="utf-8"))}
        return self.process if self.process in names else None

    def inputs(self) -> str:
        """
        A digest of everything that the build is given: while it stays the same, so does the image.

        Raises: SettingsError where there is no Dockerfile.
        """
        from docker.utils.build import exclude_paths

        self._dockerfile()
        patterns = self._patterns()
        digest = hashlib.sha256(f"{images.tag(images.BASE)} {self.stage()}\n".encode())
        for name in sorted(exclude_paths(str(self.folder), patterns, dockerfile="Dockerfile")):
            path = self.folder / name
            if path.is_file():
                content = path.read_bytes()
                digest.update(f"{name} {path.stat().st_mode & 0o111} {len(content)}\n".encode())
                digest.update(content)
        return digest.hexdigest()

    def _dockerfile(self) -> Path:
        path = self.folder / "Dockerfile"
        if not path.is_file():
            raise SettingsError(
                f"projects/{self.project}.yaml: source: {path} does not exist. Nothing was published. "
                f"Write the Dockerfile, or correct `source`."
            )
        return path

    def _patterns(self) -> list[str]:
        """
        The lines of `.dockerignore`, as Docker reads them.
        """
        path = self.folder / ".dockerignore"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def images_of(project: Project, checkout: Path) -> list[ProjectImage]:
    """
    The images of a project that the sandbox builds: all of them, or none where one of them has no source here.
    """
    processes = project.all_processes()
    wanted = [(project.kind.value, project.image, project.source)]
    wanted += [(name, repository, processes[name].source) for name, repository in sorted(project.own_images().items())]
    if any(source is None or _is_elsewhere(repository) for _, repository, source in wanted):
        return []
    return [
        ProjectImage(project=project.name, process=process, repository=repository, folder=checkout / str(source))
        for process, repository, source in wanted
    ]


def build_image(instance: Instance, client: Any, image: ProjectImage, log: Path) -> str:
    """
    Build an image, and return its name on this machine's Docker.

    Raises: FlotillaError with Docker's own message.
    """
    name = f"{instance.registry_push_address}/{image.repository}:{TAG}"
    with step(f"build image {image.repository}"):
        lines = client.api.build(
            path=str(image.folder),
            tag=name,
            target=image.stage() or "",
            buildargs=context.proxies() | {"BASE": images.tag(images.BASE)},
            network_mode="host",
            rm=True,
            forcerm=True,
            decode=True,
            timeout=3600,
        )
        build.follow(lines, log, str(image.folder.relative_to(instance.checkout) / "Dockerfile"))
    return name


def by_folder(wanted: Iterable[ProjectImage]) -> list[list[ProjectImage]]:
    """
    Images of one folder share most of their steps, so they are built one after the other.
    """
    groups: dict[Path, list[ProjectImage]] = {}
    for image in wanted:
        groups.setdefault(image.folder, []).append(image)
    return list(groups.values())


def _is_elsewhere(repository: str) -> bool:
    """
    True for an image that names a registry of its own: the sandbox's is not asked for it, so building it would be in vain.
    """
    first, slash, _ = repository.partition("/")
    return bool(slash) and ("." in first or ":" in first)
