"""
Looking at every server, and removing what was shown: each in one round trip.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hosts.cleaning.script import script
from ops import fleet as fleets
from ops.cleanup.decide import DAY_S, Item, Plan, Rules, kept_digests, plan
from ops.confirm import Approval, Level
from ops.errors import FlotillaError
from ops.fleet import Fleet
from ops.incidents import folder
from ops.mutation import Operation, mutate
from ops.steps import Context, Parallel, Sequential, Step
from settings import read_stack_config
from settings.loading import stacks
from settings.releases import load_releases, releases_file

LOOK_TIMEOUT_S, REMOVE_TIMEOUT_S = 60.0, 600.0
RETAIN_DAYS = 30
KEPT_RELEASES = 5
HERE = "here"


@dataclass(frozen=True, kw_only=True)
class Survey:
    """
    What was seen: a plan for each server that answered, one for this machine's reports, and who did not answer.
    """

    fleet: Fleet
    plans: tuple[Plan, ...]
    reports: Plan
    silent: tuple[str, ...]
    with_volumes: bool

    @property
    def size_bytes(self) -> int:
        """
        What it would win at most.
        """
        return sum(found.size_bytes for found in (*self.plans, self.reports))


def look(checkout: Path, stack: str, *, with_volumes: bool) -> Survey:
    """
    What may go. Changes nothing.

    Raises: SettingsError where a release file has mistakes: nobody could tell what is still needed.
    """
    known = fleets.of(checkout, stack)
    compliance = known.settings.environment.compliance
    days = (compliance.log_retention_days if compliance else None) or RETAIN_DAYS
    rules = Rules(digests=_digests(checkout), retain_days=days, with_volumes=with_volumes)
    answers = known.ask({name: script({}) for name in sorted(known.outputs["servers"])}, timeout_s=LOOK_TIMEOUT_S)
    now, plans, silent = time.time(), [], []
    for name, answer in answers.items():
        if answer.problem:
            silent.append(f"{name}: {answer.problem}")
        else:
            plans.append(plan(name, fleets.parsed(name, answer), rules, now))
    own = Plan(server=HERE, items=tuple(old_reports(checkout, now)))
    return Survey(fleet=known, plans=tuple(plans), reports=own, silent=tuple(silent), with_volumes=with_volumes)


def _digests(checkout: Path) -> frozenset[str]:
    found = []
    for stack in stacks(checkout):
        environment = read_stack_config(checkout, stack).get("environment")
        keep = environment.get("kept_releases", KEPT_RELEASES) if isinstance(environment, dict) else KEPT_RELEASES
        found.append((load_releases(releases_file(checkout, stack)), max(1, int(keep))))
    return kept_digests(found)


def old_reports(checkout: Path, now: float) -> list[Item]:
    """
    Reports of operations that are older than a month, and bundles of incidents that were closed before; their post-mortems
    stay.
    """
    operations = (checkout / "reports" / "operations").glob("*.json")
    closed = {row["id"] for row in folder.everyone(checkout) if row["status"] == "closed"}
    bundles = [path for path in folder.home(checkout).glob("*.tar.gz") if path.name.removesuffix(".tar.gz") in closed]
    looks = [path for name in closed for path in (folder.home(checkout) / name).glob("collected-*")]
    return [
        Item(kind="reports", name=str(path.relative_to(checkout)), size_bytes=_size(path))
        for path in sorted([*operations, *bundles, *looks])
        if now - path.stat().st_mtime > RETAIN_DAYS * DAY_S
    ]


def _size(path: Path) -> int:
    return sum(inner.stat().st_size for inner in path.rglob("*")) if path.is_dir() else path.stat().st_size


def clean(survey: Survey, approval: Approval, *, lock_wait_s: float = 0.0) -> dict[str, Any]:
    """
    Remove what was shown. Returns the operation's report; `facts` has {server: {"freed", "failed"}}.
    """
    return mutate(survey.fleet.checkout, operation(survey), approval, lock_wait_s=lock_wait_s)


def operation(survey: Survey) -> Operation:
    """
    One step for each server, all at once; one that fails does not hold the others up.
    """
    servers = [
        Step(name=f"clean {found.server}", run=partial(_remove, survey.fleet, found), is_blocking=False)
        for found in survey.plans
        if found.request()
    ]
    own = Step(name="remove old reports", run=partial(_remove_reports, survey.fleet.checkout, survey.reports.items))
    volumes = ", and volumes that no container has" if survey.with_volumes else ""
    return Operation(
        name="cleanup",
        what=f"Remove what nobody needs any more from {len(servers)} servers{volumes}",
        level=Level.IMPORTANT if survey.with_volumes else Level.STANDARD,
        stack=survey.fleet.stack,
        steps=Sequential(steps=(Parallel(steps=tuple(servers)), own)),
        facts={"silent": list(survey.silent)},
    )


def _remove(known: Fleet, wanted: Plan, context: Context) -> str:
    answer = known.told(wanted.server, script({"remove": wanted.request()}), timeout_s=REMOVE_TIMEOUT_S)
    context.facts[wanted.server] = answer
    won = sum(answer["freed"].values())
    if answer["failed"]:
        why = "; ".join(f"{kind}: {text}" for kind, text in answer["failed"].items())
        raise FlotillaError(f"{wanted.server}: {size(won)} won, and not all could be removed: {why}. Run it again.")
    return f"{size(won)} won"


def _remove_reports(checkout: Path, items: Sequence[Item], context: Context) -> str:
    for item in items:
        path = checkout / item.name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    won = sum(item.size_bytes for item in items)
    context.facts[HERE] = {"freed": {"reports": won}, "failed": {}}
    return f"{size(won)} won"


def size(count: int) -> str:
    """
    Bytes for people.
    """
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
