"""
Bringing releases out: hooks, release file, one update of the projects' own resources, hooks. What fails is put back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ops import engine, hooks, release_files, release_targets
from ops import stack as stacks
from ops.confirm import Approval, Level
from ops.dossier import keeping
from ops.errors import FlotillaError
from ops.events import Diagnostic, Event, Step
from ops.mutation import Operation, mutate, was_cut_short
from ops.progress import say
from ops.releases import Change, Stand, level, sentence
from ops.steps import Context, Sequential
from ops.steps import Step as WorkflowStep
from settings.release import Release

NOTHING = "nothing to do"
# What the engine says at last, when it has said why before.
ENDINGS = ("update failed", "preview failed")


def bring_out(
    stand: Stand,
    changes: Sequence[Change],
    approval: Approval,
    *,
    name: str,
    verb: str,
    lock_wait_s: float = 0.0,
    least: Level = Level.STANDARD,
) -> dict[str, Any]:
    """
    Have these projects serve what the changes say, all in one update. Returns the operation's report; its status is `nothing to
    do` where all of it is so already, and nobody who was killed on the way has left a lock.
    """
    what = sentence(stand, verb, changes)
    is_over = not any(change.is_new for change in changes) and not was_cut_short(stand.checkout, stand.stack, stand.known)
    if is_over and is_settled(stand, changes):
        return {"status": NOTHING, "what": what, "stack": stand.stack, "projects": [change.project for change in changes]}
    wanted = max(level(stand, changes), least, key=lambda found: found.rank)
    operation = Operation(
        name=name,
        what=what,
        level=wanted,
        stack=stand.stack,
        steps=workflow(stand, changes, what),
        project=changes[0].project if len(changes) == 1 else None,
        facts={"releases": {change.project: facts(change) for change in changes}},
        afterwards=keeping.afterwards(stand.checkout, stand.stack, name),
    )
    return mutate(stand.checkout, operation, approval, lock_wait_s=lock_wait_s)


def facts(change: Change) -> dict[str, Any]:
    """
    A change as reports have it.
    """
    before = change.before.serving if change.before else ()
    return {"before": [_served(release) for release in before], "after": [_served(release) for release in change.after.serving]}


def _served(release: Release) -> dict[str, Any]:
    return {"image": release.image, "images": dict(release.images), "slot": release.slot, "weight": release.weight}


def workflow(stand: Stand, changes: Sequence[Change], what: str) -> Sequential:
    """
    The steps. Undone in reverse, the file is put back first, and then what serves.
    """
    rollout = Rollout(stand, changes, what)
    return Sequential(
        steps=(
            *(step for change in changes for step in _hooks(stand, change, is_after=False)),
            WorkflowStep(name="serve as before", run=rollout.remember, undo=rollout.take_back),
            WorkflowStep(name="release file", run=rollout.write, undo=rollout.put_back, is_undone_on_failure=True),
            WorkflowStep(name="roll out", run=rollout.roll_out),
            *(step for change in changes for step in _hooks(stand, change, is_after=True)),
        )
    )


def _hooks(stand: Stand, change: Change, *, is_after: bool) -> list[WorkflowStep]:
    found = stand.project(change.project).hooks
    commands, when = (found.after_deploy, "after") if is_after else (found.before_deploy, "before")
    image = change.after.main.image

    def step(command: tuple[str, ...]) -> WorkflowStep:
        def run(_: Context) -> str:
            return hooks.run(stand.checkout, stand.stack, change.project, image, command, found.timeout_s)

        return WorkflowStep(name=f"hook {when} {change.project}: {command[0]}", run=run, is_blocking=not is_after)

    return [step(command) for command in commands]


class Rollout:
    """
    The steps of one rollout, which know how far it has come.
    """

    def __init__(self, stand: Stand, changes: Sequence[Change], what: str) -> None:
        self.stand, self.changes, self.what = stand, changes, what
        self.has_begun = False

    def remember(self, _: Context) -> str:
        """
        Only its undoing does something.
        """
        served = [f"{change.project} {change.before.main.short_digest}" for change in self.changes if change.before]
        return f"serving: {', '.join(served) or 'nothing'}"

    def write(self, context: Context) -> str:
        """
        The release file says what is to be served.
        """
        images = [f"{change.project}: {change.after.main.image}" for change in self.changes]
        message = "\n".join([f"{self.what} on {self.stand.stack}", "", *images])
        written = release_files.write(self.stand.checkout, self.stand.stack, self.changes, message)
        context.facts["commit"] = written.commit
        told = "says so now" if written.was_changed else "says so already"
        return f"{written.path.name} {told}{f', commit {written.commit[:12]}' if written.commit else ''}"

    def put_back(self, context: Context) -> str:
        """
        The release file says what was served before.
        """
        reverted = context.facts.get("commit")
        body = f"This reverts commit {reverted}." if reverted else "It was not rolled out."
        message = f'Revert "{self.what} on {self.stand.stack}"\n\n{body}\n'
        written = release_files.put_back(self.stand.checkout, self.stand.stack, self.changes, message)
        if not written.was_changed:
            projects = " ".join(change.project for change in self.changes)
            return f"{written.path.name} had named this release before; `flotilla rollback {projects}` goes back"
        return f"{written.path.name} is as before{f', commit {written.commit[:12]}' if written.commit else ''}"

    def roll_out(self, context: Context) -> str:
        """
        One update of what belongs to the projects, and of nothing else.
        """
        self.has_begun = True
        targets = targets_of(self.stand, self.changes, is_back=False)
        done = engine.update(
            self.stand.checkout,
            self.stand.stack,
            self.stand.known,
            targets=targets,
            on_event=tell,
            message=self.what,
            with_dependents=False,
        )
        context.facts["changes"], context.facts["update_s"] = dict(done.changes), done.duration_s
        if not done.is_ok:
            raise FlotillaError(_why(done.diagnostics))
        return ", ".join(f"{number} {change}d" for change, number in sorted(done.changes.items())) or "all was so already"

    def take_back(self, _: Context) -> str:
        """
        What was brought out halfway goes again, and traffic is where it was.
        """
        if not self.has_begun:
            return "it was never touched"
        targets = targets_of(self.stand, self.changes, is_back=True)
        message = f"Take back: {self.what}"
        done = engine.update(
            self.stand.checkout, self.stand.stack, self.stand.known, targets=targets, message=message, with_dependents=False
        )
        if not done.is_ok:
            raise FlotillaError(_why(done.diagnostics))
        return self.remember(_)


def _why(diagnostics: Sequence[Diagnostic]) -> str:
    """
    The errors, each once, in the engine's order: that of a service ends with its container's last lines.
    """
    errors = [found.message.strip() for found in diagnostics if found.severity == "error"]
    errors = [text for text in errors if text not in ENDINGS] or errors
    said = [found.message.strip() for found in diagnostics if found.severity == "info#err"]
    return "\n".join(dict.fromkeys([*errors, *said[-10:]])) or "the engine said nothing"


def tell(event: Event) -> None:
    """
    Progress for people.
    """
    if isinstance(event, Step) and event.change != "same" and ":" in event.type.partition("/")[2]:
        say(f"  {event.change:6} {event.type.rpartition(':')[2]} {event.name}")


def is_settled(stand: Stand, changes: Sequence[Change]) -> bool:
    """
    Whether an update of these projects would change nothing.

    Raises: FlotillaError where the engine cannot say.
    """
    targets = targets_of(stand, changes, is_back=False)
    seen = engine.preview(stand.checkout, stand.stack, stand.known, targets=targets, with_dependents=False)
    if not seen.is_ok:
        raise FlotillaError(f"{_why(seen.diagnostics)} Nothing was changed.")
    return all(step.change == "same" for step in seen.steps)


def targets_of(stand: Stand, changes: Sequence[Change], *, is_back: bool) -> list[str]:
    """
    The URNs of what a rollout may touch (or taking it back, with `is_back`).
    """
    prefix, rows = f"urn:pulumi:{stand.stack}::{_program(stand.checkout)}", state(stand)
    found: set[str] = set()
    for change in changes:
        project = stand.project(change.project)
        is_first = change.before is None or any(release_targets.missing(rows, prefix, project))
        roots = release_targets.components(prefix, project, with_names=is_first)
        found |= release_targets.owned(rows, roots)
        if is_first and not is_back:
            found |= _planned(stand, roots)
        kept = change.before if is_back else change.after
        found |= release_targets.arriving(prefix, project, kept.serving if kept else ())
    return sorted(found)


def _planned(stand: Stand, roots: set[str]) -> set[str]:
    """
    What the program declares below these components: for a project that the state does not have yet.
    """
    seen = engine.preview(stand.checkout, stand.stack, stand.known)
    if not seen.is_ok:
        raise FlotillaError(_why(seen.diagnostics))
    return release_targets.owned([{"urn": step.urn, "parent": step.parent} for step in seen.steps], roots)


def state(stand: Stand) -> list[Mapping[str, Any]]:
    """
    The resources of the stack's state, secrets left encrypted.

    Raises: FlotillaError where it cannot be read.
    """
    answer = stacks.engine(["stack", "export", "--stack", stand.stack, "--non-interactive"], stand.checkout, stand.known)
    if answer.returncode != 0:
        said = " ".join(answer.stderr.split()) or "the engine said nothing"
        raise FlotillaError(f"{stand.stack}: its state cannot be read: {said}. Nothing was done.")
    return list((json.loads(answer.stdout).get("deployment") or {}).get("resources") or [])


def _program(checkout: Path) -> str:
    """
    What the program is called in the names of its resources.
    """
    return str(yaml.safe_load((checkout / "Pulumi.yaml").read_text(encoding="utf-8"))["name"])
