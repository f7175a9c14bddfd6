"""
`flotilla deploy`, `rollback` and `env promote`: from what somebody asked for to the change that it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ops import releases
from ops.confirm import Approval, Level
from ops.errors import FlotillaError, RefusedError, SettingsError
from ops.releases import Stand
from ops.rollout import bring_out
from settings import Strategy
from settings.release_checks import full_repository


def wanted(projects: Sequence[str], images: Sequence[str]) -> dict[str, dict[str, str]]:
    """
    What the command line asks for: {project: {process, or "" for the project itself: image}}. Pure.

    Raises: SettingsError where it does not say which image.
    """
    found: dict[str, dict[str, str]] = {}
    for word in projects:
        place, has_image, image = word.partition("=")
        project, _, process = place.partition("/")
        if not has_image and (len(projects) > 1 or not images or process):
            raise SettingsError(
                f"{word[:80]}: no image is named for it. Nothing was done. Write `{project[:40]}=:<tag>`, or for one project "
                f"`flotilla deploy {project[:40]} --image :<tag>`."
            )
        known = found.setdefault(project, {})
        if process in known:
            raise SettingsError(f"{place[:80]}: two images are named for it. Nothing was done. Keep one of them.")
        if has_image:
            known[process] = image
    for word in images:
        if len(found) != 1 or any("=" in project for project in projects):
            raise SettingsError("--image: it goes with one project. Nothing was done. Write PROJECT=REF for each of several.")
        process, has_process, image = word.rpartition("=")
        (known,) = found.values()
        if process in known or (has_process and not process):
            raise SettingsError(f"--image: {word[:80]}: two images for the same, or none. Nothing was done. Keep one.")
        known[process] = image
    return found


def deploy(
    checkout: Path, stack: str, asked: Mapping[str, Mapping[str, str]], approval: Approval, *, lock_wait_s: float
) -> dict[str, Any]:
    """
    Serve these images, all projects in one update. One project with `strategy: canary` is tried on its steps first.
    """
    stand = releases.look(checkout, stack)
    tried = next(iter(asked)) if len(asked) == 1 else None
    if tried and is_tried_first(stand, tried, asked[tried]):
        from ops.canary import automatic
        from ops.canary.operation import Caller

        caller = Caller(approval=approval, lock_wait_s=lock_wait_s)
        return automatic.begin(checkout, stack, tried, asked[tried], caller)
    changes = []
    for name, images in asked.items():
        image, further = releases.wanted_images(stand, stand.project(name), images)
        changes.append(releases.change(stand, name, image, further))
    return bring_out(stand, changes, approval, name="deploy", verb="Deploy", lock_wait_s=lock_wait_s)


def is_tried_first(stand: Stand, name: str, images: Mapping[str, str]) -> bool:
    """
    Whether a release goes out as a canary: the project says so, something is beside it, and it is another one.
    """
    served = stand.settings.releases.projects.get(name)
    if stand.project(name).strategy is not Strategy.CANARY or served is None:
        return False
    image, further = releases.wanted_images(stand, stand.project(name), images)
    return (image, further) != (served.main.image, dict(served.main.images))


def rollback(checkout: Path, stack: str, name: str, number: int, approval: Approval, *, lock_wait_s: float) -> dict[str, Any]:
    """
    Serve a past release again.

    Raises: SettingsError where there is none such, FlotillaError where its image is gone.
    """
    stand = releases.look(checkout, stack)
    known = releases.past(stand.served(name))
    if number > len(known):
        raise SettingsError(
            f"{name}: there are {len(known)} releases before the one that serves. Nothing was done. "
            f"`flotilla release list {name} -s {stack}` shows them."
        )
    chosen = known[number - 1]
    for image in (chosen.image, *chosen.images.values()):
        if not stand.registry.has(image):
            raise FlotillaError(
                f"{image}: it is gone from the registry, so {name} cannot go back to {chosen.short_digest}. "
                f"Nothing was changed. Choose another one with `--to`, or push that image again."
            )
    change = releases.change(stand, name, chosen.image, chosen.images)
    return bring_out(stand, [change], approval, name="rollback", verb="Roll back to", lock_wait_s=lock_wait_s)


def promote(checkout: Path, name: str, source: str, target: str, approval: Approval, *, lock_wait_s: float) -> dict[str, Any]:
    """
    Serve in one environment what serves in another: the same digests.

    Raises: RefusedError where the target's registry does not have them.
    """
    if source == target:
        raise SettingsError(f"--to: {target} is where it comes from. Nothing was done. Name another environment.")
    there, stand = releases.look(checkout, source), releases.look(checkout, target)
    serving = there.served(name).serving
    if len(serving) > 1:
        raise RefusedError(f"{name}: two releases share the traffic in {source}. Nothing was done. Finish the canary first.")
    image = _carried(stand, stand.project(name).image, serving[0].image)
    own = stand.project(name).own_images()
    if own.keys() != serving[0].images.keys():
        raise SettingsError(
            f"{name}: its processes have other images in {target} than in {source}. Nothing was done. Deploy it."
        )
    images = {process: _carried(stand, own[process], found) for process, found in serving[0].images.items()}
    change = releases.change(stand, name, image, images)
    verb, least = f"Promote from {source}", Level.IMPORTANT
    return bring_out(stand, [change], approval, name="env promote", verb=verb, lock_wait_s=lock_wait_s, least=least)


def _carried(stand: Stand, repository: str, image: str) -> str:
    """
    The same digest in the target's repository.
    """
    digest = image.rpartition("@")[2]
    carried = f"{full_repository(stand.settings.environment, repository)}@{digest}"
    if not stand.registry.has(carried):
        raise RefusedError(
            f"{carried}: the registry of {stand.stack} does not have it. Nothing was done. Copy the image there by its digest, "
            f"then run the same command again."
        )
    return carried
