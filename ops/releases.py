"""
Releases of projects: which images an environment is to serve from now on, and what that changes. Pure, but for `look`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ops import stack as stacks
from ops.canary import shares
from ops.confirm import Level
from ops.errors import SettingsError
from settings import Project, Settings, Strategy, load, read_stack_config
from settings.release import PastRelease, ProjectReleases, Release, Releases
from settings.release_checks import full_repository
from settings.releases import with_release
from settings.stacks import is_sandbox
from settings.wording import suggest

if TYPE_CHECKING:
    from ops.registry import Registry

PRODUCTION = "production"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_REFERENCE = re.compile(rf"(?P<repository>[a-z0-9._:/-]*?)(@(?P<digest>sha256:[0-9a-f]{{64}})|:(?P<tag>{_TAG}))", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Stand:
    """
    An environment as it is now: its settings, with its releases, the engine's variables, and the registry of its images.
    """

    checkout: Path
    stack: str
    known: Mapping[str, str]
    settings: Settings
    registry: Registry

    def project(self, name: str) -> Project:
        """
        One of its projects.

        Raises: SettingsError where it has none of this name.
        """
        return project_of(self.settings, name)

    def served(self, name: str) -> ProjectReleases:
        """
        The releases of one of its projects.

        Raises: SettingsError where it is not served yet.
        """
        return served(self.settings, name)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """
    An image as people write it: exactly one of `tag` and `digest`. Without a repository it is the project's.
    """

    repository: str
    tag: str | None
    digest: str | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    What one project serves, before and after. `before` is None where it was not served.
    """

    project: str
    before: ProjectReleases | None
    after: ProjectReleases

    @property
    def is_new(self) -> bool:
        """
        Whether something else is served than before.
        """
        return self.before is None or self.before.serving != self.after.serving

    def applied_to(self, releases: Releases) -> Releases:
        """
        All of an environment's releases with this change.
        """
        return releases.model_copy(update={"projects": {**releases.projects, self.project: self.after}})

    def taken_from(self, releases: Releases) -> Releases:
        """
        All of an environment's releases without this change.
        """
        others = {name: found for name, found in releases.projects.items() if name != self.project}
        return releases.model_copy(update={"projects": {**others, **({self.project: self.before} if self.before else {})}})


def look(checkout: Path, stack: str) -> Stand:
    """
    Read what an environment is. Asks the engine only where somebody has to log in to the registry.

    Raises: SettingsError with every mistake in its settings.
    """
    from ops.registry import Registry

    known = stacks.environment(checkout)
    settings = load(stack, checkout, read_stack_config(checkout, stack))
    environment = settings.environment
    password = ""
    if environment.registry_user:
        password = str(stacks.config(checkout, stack, known).get("secrets", {}).get("registry", ""))
    authority = environment.registry_authority
    registry = Registry(
        address=environment.registry,
        place=_place(checkout, stack, environment.registry),
        user=environment.registry_user,
        password=password,
        authority=_read(checkout, authority) if authority else None,
    )
    return Stand(checkout=checkout, stack=stack, known=known, settings=settings, registry=registry)


def _place(checkout: Path, stack: str, address: str) -> str:
    """
    The sandbox's names are known to its machines only.
    """
    from sandbox.addresses import REGISTRY_HOST
    from sandbox.instance import load as load_instance

    instance = load_instance(checkout) if is_sandbox(stack) and address.startswith(f"{REGISTRY_HOST}:") else None
    return instance.registry_push_address if instance else address


def _read(checkout: Path, file: str) -> str:
    try:
        return (checkout / Path(file).expanduser()).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"registry_authority: {file}: {error}. Nothing was done. Correct the path.") from None


def project_of(settings: Settings, name: str) -> Project:
    """
    A project that lives in an environment.

    Raises: SettingsError where there is none of this name.
    """
    if name not in settings.projects:
        raise SettingsError(
            f"{name[:80]}: there is no such project in {settings.stack}. Nothing was done. "
            f"{suggest(name, settings.projects or ['(none yet)'])}."
        )
    return settings.projects[name]


def served(settings: Settings, name: str) -> ProjectReleases:
    """
    The releases of a project.

    Raises: SettingsError where it is not served yet.
    """
    project_of(settings, name)
    if name not in settings.releases.projects:
        raise SettingsError(
            f"{name}: it is not served in {settings.stack} yet. Nothing was done. Serve it: `flotilla deploy {name} --image "
            f":<tag> -s {settings.stack}`."
        )
    return settings.releases.projects[name]


def parse(text: str) -> Reference:
    """
    An image as somebody wrote it: `:v2` or `v2`, `guestbook:v2`, `registry.example.com/guestbook:v2`, or with `@sha256:...`.

    Raises: SettingsError for anything else.
    """
    found = _REFERENCE.fullmatch(text if re.search("[:@]", text) else f":{text}")
    if found is None:
        raise SettingsError(
            f"--image: {text[:80]!r} is no image with a tag or digest. Nothing was done. Write it like `:v2`, `guestbook:v2` "
            f"or `guestbook@sha256:<64 hex digits>`."
        )
    return Reference(repository=found["repository"], tag=found["tag"], digest=found["digest"])


def resolve(stand: Stand, project: Project, process: str | None, reference: Reference) -> str:
    """
    The image that is meant, with its digest, as it is in the registry now. `process` is one that has images of its own.

    Raises: SettingsError for an image of another repository, and where there is none such.
    """
    repository = project.own_images()[process] if process else project.image
    full = full_repository(stand.settings.environment, repository)
    if reference.repository not in ("", repository, full):
        owner = f"the process {process} of {project.name}" if process else project.name
        raise SettingsError(
            f"--image: {reference.repository} is not the repository of {owner}, which is {full}. Nothing was done. "
            f"Name a tag of that one: `:<tag>`."
        )
    wanted = reference.digest or str(reference.tag)
    digest = stand.registry.digest(stand.registry.repository(full), wanted)
    if digest is None:
        raise SettingsError(
            f"{full}{'@' if reference.digest else ':'}{wanted}: there is no such image in the registry. Nothing was done. "
            f"Push it, or correct the {'digest' if reference.digest else 'tag'}."
        )
    return f"{full}@{digest}"


def wanted_images(stand: Stand, project: Project, images: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """
    What a release of the project consists of: the images that somebody named, {process, or "" for the project: text}, and for
    the rest those that are served now. Returns the project's image, and those of the processes that have their own.

    Raises: SettingsError
    """
    own = project.own_images()
    for process in images:
        if process and process not in own:
            kept = f"Choose of: {', '.join(own)}" if own else "It has one image: `--image :<tag>`"
            raise SettingsError(f"--image: {process} of {project.name} has no image of its own. Nothing was done. {kept}.")
    served = stand.settings.releases.projects.get(project.name)
    found = {process: resolve(stand, project, process or None, parse(text)) for process, text in images.items()}
    for process in ("", *own):
        if process not in found:
            if served is None:
                asked = f"--image {process}=:<tag>" if process else "--image :<tag>"
                raise SettingsError(
                    f"{project.name}: it is not served in {stand.stack} yet, so each of its images has to be named. "
                    f"Nothing was done. Add `{asked}`."
                )
            found[process] = served.main.images[process] if process else served.main.image
    return found[""], {process: found[process] for process in own}


def change(stand: Stand, project: str, image: str, images: Mapping[str, str]) -> Change:
    """
    All of the project's traffic on one release.

    Raises: RefusedError while a canary is on.
    """
    before = stand.settings.releases
    shares.require_none(project, before.projects.get(project))
    after = with_release(before, project, image, images=images)
    return Change(project=project, before=before.projects.get(project), after=after.projects[project])


def past(releases: ProjectReleases) -> list[PastRelease]:
    """
    The releases that one can go back to, the one before first: each once, and none that is served.
    """
    serving = {release.digest for release in releases.serving}
    found = {release.digest: release for release in reversed(releases.history) if release.digest not in serving}
    return sorted(found.values(), key=lambda release: releases.history.index(release))


def level(stand: Stand, changes: Sequence[Change]) -> Level:
    """
    Standard, because the way back is one command; important where people rely on it, and where it stops for a moment.
    """
    is_grave = stand.stack == PRODUCTION or any(stopping(stand.project(found.project)) for found in changes)
    return Level.IMPORTANT if is_grave else Level.STANDARD


def stopping(project: Project) -> list[str]:
    """
    The processes that stop before they start again.
    """
    return [name for name, process in project.all_processes().items() if process.strategy is Strategy.RECREATE]


def sentence(stand: Stand, verb: str, changes: Sequence[Change]) -> str:
    """
    What is about to be done, in one sentence without full stop; downtime is said.
    """
    told = " and ".join(f"{found.project} {found.after.main.short_digest}" for found in changes)
    stops = [f"{found.project} {name}" for found in changes for name in stopping(stand.project(found.project))]
    down = f", with downtime: {', '.join(stops)} stops before it starts again" if stops else ""
    return f"{verb} {told}{down}"


def find(releases: ProjectReleases, text: str) -> Release | PastRelease:
    """
    A release by its number (0 is what serves, 1 the one before), or by the first digits of its digest.

    Raises: SettingsError
    """
    known: list[Release | PastRelease] = [releases.main, *past(releases)]
    if text.isdecimal() and len(text) < 3:  # as many as there may be in a history
        if int(text) < len(known):
            return known[int(text)]
        raise SettingsError(f"{text}: there are {len(known) - 1} releases before the one that serves. Nothing was done.")
    every: list[Release | PastRelease] = [*releases.serving, *past(releases)]
    fitting = [release for release in every if release.digest.startswith(text.removeprefix("sha256:"))]
    if len(fitting) != 1 or not text:
        raise SettingsError(
            f"{text[:80]!r}: it is the beginning of {len(fitting)} releases' digests. Nothing was done. "
            f"`flotilla release list` shows them."
        )
    return fitting[0]
