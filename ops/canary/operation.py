"""
`flotilla canary ...`: a new release beside the stable one, with a growing share, until it takes over or is taken back.

Every change of shares is an operation of its own (`ops.mutation.mutate`). Between them nothing is locked: while an automatic
canary is watched, other projects are released, and a person may take it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops import releases
from ops.canary import shares
from ops.confirm import Approval, Level
from ops.dossier import keeping
from ops.errors import SettingsError
from ops.mutation import Operation, mutate
from ops.releases import Change, Stand
from ops.rollout import Rollout, facts, workflow
from ops.steps import Context, Sequential, Step
from settings import Kind, Project
from settings.release import Release, Releases

ANSWERING = (Kind.WEB, Kind.STATIC)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """
    Who asks for a change, and what goes into its report: `reason` first, `watched` with what led to it.
    """

    approval: Approval
    lock_wait_s: float = 0.0
    reason: str = ""
    watched: list[Mapping[str, Any]] = field(default_factory=list)


def start(checkout: Path, stack: str, name: str, images: Mapping[str, str], weight: int, caller: Caller) -> dict[str, Any]:
    """
    Serve these images beside what is served, with `weight` percent of the traffic.

    Raises: SettingsError for a project that cannot have two releases; RefusedError where one is tried already.
    """
    stand = releases.look(checkout, stack)
    project, served = stand.project(name), stand.served(name)
    require_two(project)
    shares.require_none(name, served)
    image, further = releases.wanted_images(stand, project, images)
    if (image, further) == (served.main.image, dict(served.main.images)):
        raise SettingsError(f"{name}: {served.main.short_digest} serves already. Nothing was done. Name another image.")
    after = shares.with_canary(stand.settings.releases, name, image, images=further, weight=weight)
    return _change(stand, name, after, f"Try {short(after, name)} on {weight} % of {name}", "canary start", caller)


def step(checkout: Path, stack: str, name: str, weight: int | None, caller: Caller) -> dict[str, Any]:
    """
    Another share for the canary: the next of the project's steps, or this one.

    Raises: SettingsError after the last step, where only promoting is left.
    """
    stand = releases.look(checkout, stack)
    tried, project = running(stand, name), stand.project(name)
    wanted = weight if weight is not None else following(project, tried.weight)
    if wanted is None:
        raise SettingsError(
            f"{name}: the canary has {tried.weight} %, and its steps end at {project.canary.steps[-1]} %. Nothing was done. "
            f"Run `flotilla canary promote {name} -s {stack}`, or name a share: `--weight`."
        )
    after = shares.with_share(stand.settings.releases, name, wanted)
    what = f"Give {tried.short_digest} {wanted} % of {name}"
    return _change(stand, name, after, what, "canary step", caller)


def promote(checkout: Path, stack: str, name: str, caller: Caller) -> dict[str, Any]:
    """
    All traffic to the canary. The project's hooks run around it, as around a deployment.
    """
    stand = releases.look(checkout, stack)
    tried = running(stand, name)
    after = shares.with_promoted(stand.settings.releases, name)
    what = f"Promote {tried.short_digest} to all of {name}"
    return _change(stand, name, after, what, "canary promote", caller, has_hooks=True)


def abort(checkout: Path, stack: str, name: str, caller: Caller) -> dict[str, Any]:
    """
    All traffic back to the stable release; the canary goes, and leaves nothing in the history.
    """
    stand = releases.look(checkout, stack)
    tried = running(stand, name)
    after = shares.without_canary(stand.settings.releases, name)
    return _change(stand, name, after, f"Take {tried.short_digest} of {name} back", "canary abort", caller)


def running(stand: Stand, name: str) -> Release:
    """
    The canary of a project.

    Raises: SettingsError where there is none.
    """
    found = shares.canary(stand.served(name))
    if found is None:
        raise SettingsError(
            f"{name}: no canary is on in {stand.stack}. Nothing was done. "
            f"Start one: `flotilla canary start {name} --image :<tag> -s {stand.stack}`."
        )
    return found


def require_two(project: Project) -> None:
    """
    Raises: SettingsError where two releases of the project cannot serve at once, with the reason.
    """
    processes = project.all_processes()
    stops = releases.stopping(project)
    if stops:
        raise SettingsError(
            f"{project.name}: {', '.join(stops)} stops before it starts again (`strategy: recreate`), so two releases cannot "
            f"serve at once. Nothing was done. Use `flotilla deploy {project.name}`."
        )
    if not any(process.kind in ANSWERING for process in processes.values()):
        raise SettingsError(
            f"{project.name}: nothing of it answers requests, so there is no traffic to share. Nothing was done. "
            f"Use `flotilla deploy {project.name}`."
        )
    if project.maintenance:
        raise SettingsError(
            f"{project.name}: it is in maintenance, so there is no traffic to share. Nothing was done. "
            f"Set `maintenance: false` in projects/{project.name}.yaml first."
        )


def level(stand: Stand) -> Level:
    """
    Standard, because the way back is one command; important where people rely on it.
    """
    return Level.IMPORTANT if stand.stack == releases.PRODUCTION else Level.STANDARD


def following(project: Project, weight: int) -> int | None:
    """
    The project's next step; None after the last.
    """
    return next((share for share in project.canary.steps if share > weight), None)


def short(found: Releases, name: str) -> str:
    """
    What a project's canary is called.
    """
    tried = shares.canary(found.projects[name])
    return tried.short_digest if tried else ""


def _change(
    stand: Stand, name: str, after: Releases, what: str, command: str, caller: Caller, *, has_hooks: bool = False
) -> dict[str, Any]:
    change = Change(project=name, before=stand.settings.releases.projects[name], after=after.projects[name])
    operation = Operation(
        name=command,
        what=what,
        level=level(stand),
        stack=stand.stack,
        steps=_steps(stand, change, what, caller, has_hooks=has_hooks),
        project=name,
        facts={"releases": {name: facts(change)}, **({"watched": list(caller.watched)} if caller.watched else {})},
        afterwards=keeping.afterwards(stand.checkout, stand.stack, command),
    )
    return mutate(stand.checkout, operation, caller.approval, lock_wait_s=caller.lock_wait_s)


def _steps(stand: Stand, change: Change, what: str, caller: Caller, *, has_hooks: bool) -> Sequential:
    def tell(context: Context) -> str:
        context.critical.append(caller.reason)
        return caller.reason

    why = (Step(name="decision", run=tell),) if caller.reason else ()
    if has_hooks:
        return Sequential(steps=(*why, workflow(stand, [change], what)))
    rollout = Rollout(stand, [change], what)
    return Sequential(
        steps=(
            *why,
            Step(name="serve as before", run=rollout.remember, undo=rollout.take_back),
            Step(name="release file", run=rollout.write, undo=rollout.put_back, is_undone_on_failure=True),
            Step(name="share the traffic", run=rollout.roll_out),
        )
    )
