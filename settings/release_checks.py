"""
What has to fit together between releases and the projects that they are of.
"""

from __future__ import annotations

from collections.abc import Iterator

from settings.environment import Environment
from settings.problems import Finding, Location
from settings.project import Project
from settings.project_files import ReadProjects
from settings.release import Release, Releases
from settings.wording import suggest


def check_served(environment: Environment, projects: ReadProjects, releases: Releases) -> Iterator[Finding]:
    """
    What is wrong between releases and projects.
    """
    if releases.projects and releases.platform is None:
        yield Finding(
            location=("platform",),
            fact="projects are served, but the images of the ingress are missing",
            next_step="Add `caddy` and `haproxy`; in the sandbox, `flotilla sandbox publish` does",
        )
    for name, project_releases in releases.projects.items():
        location: Location = ("projects", name)
        if name not in projects.known:
            yield Finding(
                location=location,
                fact=f"there is no project `{name}`",
                next_step=suggest(name, projects.known or ["(none yet)"]),
            )
        elif name in projects.elsewhere:
            yield Finding(
                location=location,
                fact=f"the project does not live in `{environment.name}`",
                next_step=f"Remove its releases, or add `{environment.name}` to its `environments`",
            )
        elif name in projects.living:
            for index, release in enumerate(project_releases.serving):
                yield from _check_release(environment, projects.living[name].project, release, (*location, "serving", index))


def _check_release(environment: Environment, project: Project, release: Release, location: Location) -> Iterator[Finding]:
    own = project.own_images()
    yield from _check_image(environment, project.image, release.image, (*location, "image"), "the project")
    for process, image in release.images.items():
        if process in own:
            yield from _check_image(
                environment, own[process], image, (*location, "images", process), f"the process `{process}`"
            )
        else:
            yield Finding(
                location=(*location, "images", process),
                fact=f"`{process}` is no process of `{project.name}` with an image of its own",
                next_step=suggest(process, own) if own else "Remove it",
            )
    for process in own.keys() - release.images.keys():
        yield Finding(
            location=(*location, "images"),
            fact=f"the image of the process `{process}` is missing, which has a repository of its own",
            next_step=f"Add `{process}` with the image and its digest",
        )


def _check_image(environment: Environment, repository: str, image: str, location: Location, owner: str) -> Iterator[Finding]:
    expected = full_repository(environment, repository)
    if image.partition("@")[0] != expected:
        yield Finding(
            location=location,
            fact=f"this is not an image of {owner}, whose repository is `{expected}`",
            next_step="Correct the release, or `image` in the project",
        )


def full_repository(environment: Environment, repository: str) -> str:
    """
    An image repository with its registry. As Docker has it, a first part with a dot or a port is a registry.
    """
    first, slash, _ = repository.partition("/")
    return repository if slash and ("." in first or ":" in first) else f"{environment.registry}/{repository}"
