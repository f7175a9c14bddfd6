"""
What would change in a stack, how dangerous it is, who notices, what it costs, and what the policies say. Changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ops import engine, grading
from ops.confirm import Level
from ops.errors import FlotillaError, PolicyError
from ops.events import Change, Diagnostic, Step, Violation, parse
from ops.grading import Graded
from ops.saved_plan import SCHEMA
from ops.world import World, world_of

PACKS: Final = ("policies/security", "policies/compliance")


class PlanError(FlotillaError):
    """
    The engine could not say what would change.
    """


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    The changes, worst first. `drifted` are those that only the clouds know of, {URN: what differs}, where they were asked.
    """

    stack: str
    world: World
    changes: tuple[Graded, ...]
    violations: tuple[Violation, ...]
    warnings: tuple[Diagnostic, ...]
    targets: tuple[str, ...] = ()
    is_destroy: bool = False
    is_refreshed: bool = False
    drifted: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    duration_s: float = 0.0

    @property
    def level(self) -> Level:
        """
        Of all together. Taking everything away is critical, whatever there is.
        """
        return Level.CRITICAL if self.is_destroy else grading.overall(self.changes)

    @property
    def is_empty(self) -> bool:
        """
        Whether there is nothing to do.
        """
        return not self.changes

    @property
    def told(self) -> tuple[Graded, ...]:
        """
        The changes that a person has to know of: what only holds others together is left out.
        """
        return tuple(row for row in self.changes if row.level is not Level.INFO)

    @property
    def eur(self) -> float:
        """
        What is added per month by everything whose price is known.
        """
        return round(sum(row.eur for row in self.changes if row.eur is not None), 2)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """
        What has no known price.
        """
        return tuple(row.line for row in self.changes if row.eur is None)

    @property
    def stopping(self) -> tuple[Violation, ...]:
        """
        The policies that have to be held first.
        """
        return tuple(found for found in self.violations if found.is_stopping)

    def grouped(self) -> dict[str, list[Graded]]:
        """
        {project: its changes}, the fleet first.
        """
        names = sorted({row.project for row in self.told}, key=lambda name: (name != grading.FLEET, name))
        return {name: [row for row in self.told if row.project == name] for name in names}

    def document(self) -> dict[str, Any]:
        """
        As `--json` and `--save` have it; there are no secrets in it.
        """
        return {
            "schema": SCHEMA,
            "stack": self.stack,
            "level": self.level,
            "changes": [{**asdict(row), "change": row.change.value, "level": row.level.value} for row in self.changes],
            "violations": [{**asdict(found), "is_stopping": found.is_stopping} for found in self.violations],
            "warnings": [found.message for found in self.warnings],
            "eur_per_month": self.eur,
            "unpriced": list(self.unpriced),
            "drift": list(self.drifted) if self.is_refreshed else None,
            "protected": list(self.protected),
            "targets": list(self.targets),
            "is_destroy": self.is_destroy,
            "is_refreshed": self.is_refreshed,
            "world": asdict(self.world),
            "duration_s": self.duration_s,
        }


def make(
    checkout: Path,
    stack: str,
    known: Mapping[str, str],
    *,
    targets: Sequence[str] = (),
    is_refreshed: bool = False,
    is_destroy: bool = False,
) -> Plan:
    """
    Ask the engine and grade what it says.

    Raises: PlanError where it cannot say; MissingToolError where there is none.
    """
    world = world_of(checkout, stack, known)
    packs = () if is_destroy else [checkout / pack for pack in PACKS]
    seen = engine.preview(
        checkout, stack, known, targets=targets, packs=packs, is_refreshed=is_refreshed, is_destroy=is_destroy
    )
    stopping = [found for found in seen.violations if found.is_stopping]
    if not seen.is_ok and not stopping:
        errors = [found.message for found in seen.diagnostics if found.severity == "error"]
        raise PlanError(f"{stack}: the engine cannot say what would change. Nothing was changed.\n" + "\n".join(errors))
    changes = grading.grade(seen.steps, project_names(checkout))
    return Plan(
        stack=stack,
        world=world,
        changes=changes,
        violations=seen.violations,
        warnings=tuple(found for found in seen.diagnostics if found.severity == "warning"),
        targets=tuple(targets),
        is_destroy=is_destroy,
        is_refreshed=is_refreshed,
        drifted=tuple(
            f"{found.urn.rpartition('::')[2]} ({found.type}): {', '.join(found.differing)}" for found in seen.drifted
        ),
        protected=tuple(
            step.urn for step in seen.steps if step.was_protected and step.change in (Change.DELETE, Change.REPLACE)
        ),
        duration_s=seen.duration_s,
    )


def grade_events(events: Iterable[Mapping[str, Any]], projects: Sequence[str]) -> dict[str, Any]:
    """
    What recorded events are graded: the level of all, and each line with its level.
    """
    steps = [event for event in parse(json.dumps(event) for event in events) if isinstance(event, Step)]
    changes = grading.grade(steps, projects)
    rows = [row for row in changes if row.level is not Level.INFO]
    return {
        "level": grading.overall(changes).value,
        "lines": [f"{row.level}: {row.project}: {row.line}" + (f" ({row.downtime})" if row.downtime else "") for row in rows],
        "eur": round(sum(row.eur or 0 for row in changes), 2),
    }


def project_names(checkout: Path) -> list[str]:
    """
    The projects that there are files of.
    """
    return sorted(path.stem for path in (checkout / "projects").glob("*.yaml"))


def require_policies(plan: Plan) -> None:
    """
    Raises: PolicyError where a mandatory policy is not held.
    """
    if plan.stopping:
        said = "; ".join(f"{found.pack}/{found.policy}: {found.message}" for found in plan.stopping)
        raise PolicyError(
            f"{plan.stack}: {len(plan.stopping)} mandatory policies are not held: {said}. Nothing was changed. Correct the "
            f"settings, or write a waiver: docs/policies.md."
        )
