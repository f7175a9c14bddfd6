"""
Publishing: build the images that the sandbox's fleet serves, push them to the registry, note their digests in the release file.

What was published before from the same inputs is neither built nor pushed again, and the same content gives the same digest:
then the release file is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import FlotillaError
from ops.progress import step
from sandbox import images, registry
from sandbox.images import build
from sandbox.instance import Instance
from sandbox.project_images import TAG, ProjectImage, build_image, by_folder, images_of
from sandbox.publications import Publications
from settings import Project, ProjectReleases, Releases, Settings, load, read_stack_config
from settings.loading import stacks
from settings.problems import Problem
from settings.project_files import read_projects
from settings.releases import load_releases, releases_file, with_platform, with_release, write_releases

STACK = "local"
AT_ONCE = 2  # builds: they mostly wait for disks


@dataclass(frozen=True)
class Published:
    """
    An image that is in the registry now. `is_new` tells whether the release file did not have it before.
    """

    name: str
    image: str
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """
    What building and pushing needs.
    """

    instance: Instance
    client: Any
    log: Path
    publications: Publications


def check(root: Path) -> Settings:
    """
    The stack's settings, once everything that people wrote about it was found valid.

    Raises: SettingsError with every mistake in every file.
    """
    _forget_outdated_releases(root)
    return load(STACK, root, read_stack_config(root, STACK))


def publish(instance: Instance, client: Any, log: Path) -> list[Published]:
    """
    Build and push the ingress' images and those of every project that has a `source`. Output of the builds goes to the log.

    Raises: SettingsError where a source has no Dockerfile; FlotillaError when a build or push fails: the release file then
    names what was served before.
    """
    projects = [project for project in check(instance.checkout).projects.values() if images_of(project, instance.checkout)]
    path = releases_file(instance.checkout, STACK)
    before = load_releases(path)
    workshop = Workshop(instance=instance, client=client, log=log, publications=Publications(instance.home))
    platform = {name: _publish_platform(workshop, name) for name in images.PLATFORM}
    releases = with_platform(before, **platform)
    references = _publish_all(workshop, [image for project in projects for image in images_of(project, instance.checkout)])
    for project in projects:
        main, *own = images_of(project, instance.checkout)
        further = {image.process: references[image] for image in own}
        releases = with_release(releases, project.name, references[main], images=further)
    if releases != before:
        write_releases(path, releases)
    current = platform | {image.repository: reference for image, reference in references.items()}
    return _summary(before, current)


def _publish_platform(workshop: Workshop, name: str) -> str:
    tag = images.tag(name)
    known = workshop.publications.find(name, tag)
    if known and registry.has(workshop.instance, known):
        return known
    build.ensure(workshop.client, name, log=workshop.log)
    return _push(workshop, tag, name, inputs=tag)


def _publish_all(workshop: Workshop, wanted: Iterable[ProjectImage]) -> dict[ProjectImage, str]:
    """
    The reference of each image by digest. The first folder goes ahead alone: it makes the layers that all share.
    """

    def together(group: Iterable[ProjectImage]) -> dict[ProjectImage, str]:
        return {image: _publish_one(workshop, image) for image in group}

    groups = by_folder(wanted)
    references = together(groups[0]) if groups else {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(together, groups[1:]):
            references |= found
    return references


def _publish_one(workshop: Workshop, image: ProjectImage) -> str:
    inputs = image.inputs()
    known = workshop.publications.find(image.repository, inputs)
    if known and registry.has(workshop.instance, known):
        return known
    name = build_image(workshop.instance, workshop.client, image, workshop.log)
    return _push(workshop, name, image.repository, inputs=inputs)


def _push(workshop: Workshop, local_name: str, repository: str, *, inputs: str) -> str:
    """
    Push an image, remember it, and return its reference by digest as the machines pull it.
    """
    target = f"{workshop.instance.registry_push_address}/{repository}"
    workshop.client.api.tag(local_name, target, TAG)
    with step(f"push image {repository}"):
        lines = workshop.client.api.push(target, TAG, stream=True, decode=True)
        answers = build.follow(lines, workshop.log, f"{target}:{TAG}")
    digest = next((answer["Digest"] for answer in answers if "Digest" in answer), None)
    if digest is None:
        raise FlotillaError(
            f"{target}: the registry gave no digest for what was pushed. Nothing was published. "
            f"Run `flotilla sandbox logs registry`, then `flotilla sandbox publish` again."
        )
    reference = f"{workshop.instance.registry_pull_address}/{repository}@{digest}"
    workshop.publications.note(repository, inputs, reference)
    return reference


def _summary(before: Releases, current: Mapping[str, str]) -> list[Published]:
    known = {image for served in before.projects.values() for image in _served(served)}
    if before.platform:
        known |= {before.platform.caddy, before.platform.haproxy}
    return [Published(name, image, image not in known) for name, image in current.items()]


def _served(releases: ProjectReleases) -> set[str]:
    return {image for release in releases.serving for image in (release.image, *release.images.values())}


def _forget_outdated_releases(root: Path) -> None:
    """
    Nothing can be published for a project that is gone, or has other images by now; its entry would only make the settings
    invalid. This file is the sandbox's own; those of other environments are never touched.
    """
    path = releases_file(root, STACK)
    before = load_releases(path)
    problems: list[Problem] = []
    found = read_projects(root, STACK, {STACK, *stacks(root)}, problems)
    mistaken = found.known - found.elsewhere - found.models.keys()  # said later, with the file and the line
    kept = {
        name: served
        for name, served in before.projects.items()
        if name in mistaken or (name in found.models and _fits(found.models[name], served))
    }
    if len(kept) < len(before.projects):
        write_releases(path, before.model_copy(update={"projects": kept}))


def _fits(project: Project, releases: ProjectReleases) -> bool:
    own = project.own_images()
    return all(
        _is_of(project.image, release.image)
        and release.images.keys() == own.keys()
        and all(_is_of(own[name], image) for name, image in release.images.items())
        for release in releases.serving
    )


def _is_of(repository: str, image: str) -> bool:
    return f"/{image.partition('@')[0]}".endswith(f"/{repository}")
