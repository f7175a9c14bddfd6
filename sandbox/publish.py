"""
Publishing: build the images that the sandbox's fleet serves, push them to the registry, note their digests in the release file.

The same content gives the same digest, and then the release file is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import FlotillaError, SettingsError
from ops.progress import step
from sandbox import images
from sandbox.images import build, context
from sandbox.instance import Instance
from settings import Project, Releases, load, read_stack_config
from settings.releases import load_releases, releases_file, with_platform, with_release, write_releases

STACK = "local"
TAG = "current"  # a name for people; releases are known by digest


@dataclass(frozen=True)
class Published:
    """
    An image that is in the registry now. `is_new` tells whether the release file did not have it before.
    """

    name: str
    image: str
    is_new: bool


def check(root: Path) -> list[Project]:
    """
    The projects whose images the sandbox builds, once everything that people wrote about the stack was found valid.

    Raises: SettingsError with every mistake in every file.
    """
    _forget_removed_projects(root)
    settings = load(STACK, root, read_stack_config(root, STACK))
    return [project for project in settings.projects.values() if project.source and not _is_elsewhere(project)]


def publish(instance: Instance, client: Any, log: Path) -> list[Published]:
    """
    Build and push the ingress' images and every project that has a `source`. Output of the builds goes to the log.

    Raises: SettingsError where a source has no Dockerfile; FlotillaError when a build or push fails: the release file then
    names what was served before.
    """
    projects = check(instance.checkout)
    path = releases_file(instance.checkout, STACK)
    before = load_releases(path)
    build.ensure(client, *images.PLATFORM, log=log)
    platform = {name: _push(instance, client, images.tag(name), name, log) for name in images.PLATFORM}
    releases = with_platform(before, **platform)
    for project in projects:
        image = _push(instance, client, _build(instance, client, project, log), project.image, log)
        releases = with_release(releases, project.name, image)
    if releases != before:
        write_releases(path, releases)
    return _summary(before, releases, platform, projects)


def _summary(before: Releases, after: Releases, platform: dict[str, str], projects: Iterable[Project]) -> list[Published]:
    known = {release.image for served in before.projects.values() for release in served.serving}
    if before.platform:
        known |= {before.platform.caddy, before.platform.haproxy}
    current = platform | {project.name: after.projects[project.name].main.image for project in projects}
    return [Published(name, image, image not in known) for name, image in current.items()]


def _build(instance: Instance, client: Any, project: Project, log: Path) -> str:
    """
    Build a project's image from its source, and return its name on this machine's Docker.
    """
    folder = instance.checkout / str(project.source)
    if not (folder / "Dockerfile").is_file():
        raise SettingsError(
            f"projects/{project.name}.yaml: source: {project.source}/Dockerfile does not exist. Nothing was published. "
            f"Write the Dockerfile, or correct `source`."
        )
    name = f"{instance.registry_push_address}/{project.image}:{TAG}"
    with step(f"build image {project.image}"):
        lines = client.api.build(
            path=str(folder),
            tag=name,
            buildargs=context.proxies() | {"BASE": images.tag(images.BASE)},
            network_mode="host",
            rm=True,
            forcerm=True,
            decode=True,
            timeout=3600,
        )
        build.follow(lines, log, f"{project.source}/Dockerfile")
    return name


def _push(instance: Instance, client: Any, local_name: str, repository: str, log: Path) -> str:
    """
    Push an image, and return its reference by digest as the machines pull it.
    """
    target = f"{instance.registry_push_address}/{repository}"
    client.api.tag(local_name, target, TAG)
    with step(f"push image {repository}"):
        answers = build.follow(client.api.push(target, TAG, stream=True, decode=True), log, f"{target}:{TAG}")
    digest = next((answer["Digest"] for answer in answers if "Digest" in answer), None)
    if digest is None:
        raise FlotillaError(
            f"{target}: the registry gave no digest for what was pushed. Nothing was published. "
            f"Run `flotilla sandbox logs registry`, then `flotilla sandbox publish` again."
        )
    return f"{instance.registry_pull_address}/{repository}@{digest}"


def _forget_removed_projects(root: Path) -> None:
    """
    Nothing can be published for a project whose file is gone; its entry would only make the settings invalid.
    """
    path = releases_file(root, STACK)
    before = load_releases(path)
    kept = {name: served for name, served in before.projects.items() if (root / "projects" / f"{name}.yaml").is_file()}
    if len(kept) < len(before.projects):
        write_releases(path, before.model_copy(update={"projects": kept}))


def _is_elsewhere(project: Project) -> bool:
    """
    True for an image that names a registry of its own: the sandbox's is not asked for it, so building it would be in vain.
    """
    first, slash, _ = project.image.partition("/")
    return bool(slash) and ("." in first or ":" in first)
