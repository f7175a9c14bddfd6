"""
A preview or an update of a stack, and what the engine said of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops import engine_process
from ops.engine_process import await_rest, note_of
from ops.events import Diagnostic, Event, Finished, Step, Summary, Violation

__all__ = ["Preview", "UpdateResult", "await_rest", "preview", "update"]

PREVIEW_TIMEOUT_S: Final = 1800.0

Listener = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """
    What would happen: a step for each resource, also for those that stay as they are. `drifted` are the resources of which the
    clouds, where they were asked, have something else than the state.
    """

    is_ok: bool
    steps: tuple[Step, ...]
    diagnostics: tuple[Diagnostic, ...]
    violations: tuple[Violation, ...]
    packs: tuple[str, ...]
    duration_s: float
    drifted: tuple[Finished, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UpdateResult:
    """
    What happened. `changes` is {operation: how many resources}, of what was really done, also where the update failed; `failed`
    are the resources that were not done with.
    """

    is_ok: bool
    changes: Mapping[str, int]
    diagnostics: tuple[Diagnostic, ...]
    duration_s: float
    failed: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[str, ...]:
        """
        The messages that say why it failed.
        """
        return tuple(found.message for found in self.diagnostics if found.severity == "error")


def preview(
    checkout: Path,
    stack: str,
    known: Mapping[str, str],
    *,
    targets: Sequence[str] = (),
    packs: Sequence[Path] = (),
    is_refreshed: bool = False,
    is_destroy: bool = False,
    on_event: Listener | None = None,
    with_dependents: bool = True,
    timeout_s: float = PREVIEW_TIMEOUT_S,
) -> Preview:
    """
    What an update (or a destroy) would do. `is_refreshed` asks the clouds first; `packs` are folders of policy packs.

    Raises: MissingToolError where there is no engine, FlotillaError where it does not end in time.
    """
    arguments = ["destroy", "--preview-only"] if is_destroy else ["preview"]
    # What is protected is shown with the rest; only an update is held up by it.
    arguments += ["--ignore-protect"]
    arguments += ["--refresh"] if is_refreshed else []
    for pack in packs:
        arguments += ["--policy-pack", str(pack)]
    chosen = _targets(targets, with_dependents)
    run = engine_process.run([*arguments, *chosen], checkout, stack, known, on_event, timeout_s=timeout_s)
    return Preview(
        is_ok=run.code == 0,
        steps=tuple(event for event in run.events if isinstance(event, Step)),
        diagnostics=run.diagnostics,
        violations=tuple(event for event in run.events if isinstance(event, Violation)),
        packs=next((event.packs for event in run.events if isinstance(event, Summary)), ()),
        duration_s=run.duration_s,
        drifted=tuple(event for event in run.events if isinstance(event, Finished) and event.differing),
    )


def update(
    checkout: Path,
    stack: str,
    known: Mapping[str, str],
    *,
    targets: Sequence[str] = (),
    on_event: Listener | None = None,
    message: str = "",
    is_refreshed: bool = False,
    is_destroy: bool = False,
    with_dependents: bool = True,
) -> UpdateResult:
    """
    Make it so: `pulumi up` (or `destroy`) without questions. With `targets`, only these resources and what depends on them, or
    without dependents only these. `is_refreshed` asks the clouds first, so that what was changed by hand is changed back.

    Raises: MissingToolError where there is no engine; KeyboardInterrupt once the engine has come to rest.
    """
    arguments = ["destroy" if is_destroy else "up", "--yes", "--skip-preview", *_targets(targets, with_dependents)]
    arguments += ["--refresh"] if is_refreshed else []
    arguments += ["--message", message] if message else []
    await_rest(checkout, stack)
    run = engine_process.run(arguments, checkout, stack, known, on_event, note=note_of(checkout, stack))
    changes: dict[str, int] = {}
    for event in run.events:
        if isinstance(event, Finished) and event.is_ok and event.is_change:
            changes[event.operation] = changes.get(event.operation, 0) + 1
    return UpdateResult(
        is_ok=run.code == 0,
        changes=changes,
        diagnostics=run.diagnostics,
        duration_s=run.duration_s,
        failed=tuple(event.urn for event in run.events if isinstance(event, Finished) and not event.is_ok),
    )


def _targets(targets: Sequence[str], with_dependents: bool) -> list[str]:
    chosen = [part for target in targets for part in ("--target", target)]
    return [*chosen, "--target-dependents"] if chosen and with_dependents else chosen
