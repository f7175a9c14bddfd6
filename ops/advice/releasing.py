"""
How each process should be released: what it is, what it keeps and what it promises decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ops.advice.proposal import Area, Proposal, Situation
from settings import Kind, Process, Project, Strategy

# A new release with an error in it uses up the month's allowance of such a promise within an hour.
STRICT_PERCENT = 99.9
EFFECTS = {
    Strategy.BLUE_GREEN: "the next release starts beside the old one and takes over without a gap",
    Strategy.CANARY: "the next release gets a share of the requests first, and is taken back where it is worse",
    Strategy.RECREATE: "the old release stops before the next one starts: it is not served meanwhile",
}
RISKS = {
    Strategy.BLUE_GREEN: "two releases run at once for a moment: the database's tables have to suit both",
    Strategy.CANARY: "two releases answer side by side for some time: sessions, tables and pages have to suit both",
    Strategy.RECREATE: "each release is seen by visitors",
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """
    The strategy of one process: what it has, what fits, and why.
    """

    project: str
    process: str
    now: Strategy
    fits: Strategy
    why: str


def choices(situation: Situation) -> list[Choice]:
    """
    Every process that is released.
    """
    return [_choice(project, name, process) for project, name, process in situation.running()]


def _choice(project: Project, name: str, process: Process) -> Choice:
    fits, why = _fitting(project, process)
    return Choice(project=project.name, process=name, now=process.strategy, fits=fits, why=why)


def _fitting(project: Project, process: Process) -> tuple[Strategy, str]:
    alone = [volume.name for volume in process.volumes if not volume.shared]
    if alone:
        return Strategy.RECREATE, f"its volume {alone[0]} may be used by one release at a time"
    if process.kind is Kind.WORKER:
        return Strategy.BLUE_GREEN, "a worker has no requests to share, and can start before the old one ends"
    if process.strategy is Strategy.CANARY:
        return Strategy.CANARY, "it is tried on a share of the requests, which somebody chose"
    slo = project.slo
    if slo and slo.availability_percent >= STRICT_PERCENT and process.replicas > 1 and process.kind is Kind.WEB:
        allowed = 30 * 24 * 60 * (100 - slo.availability_percent) / 100
        promised = f"{slo.availability_percent:g} %, which is {allowed:.0f} minutes in 30 days"
        return Strategy.CANARY, f"it promises {promised}: a bad release is to reach few"
    if process.volumes:
        return Strategy.BLUE_GREEN, "its volumes may be shared by two releases"
    return Strategy.BLUE_GREEN, "nothing of it keeps two releases from running side by side"


def propose(situation: Situation) -> Iterator[Proposal]:
    """
    Other strategies, where another one fits.
    """
    for project, name, process in situation.running():
        found = _choice(project, name, process)
        if found.now is found.fits:
            continue
        change = situation.project_change(project, name, "strategy", old=found.now.value, new=found.fits.value)
        yield Proposal(
            id=f"strategy-{found.fits.value}",
            area=Area.RELEASE,
            project=project.name,
            changes=(change,),
            reason=f"{name}: {found.why}",
            effect=EFFECTS[found.fits],
            risk=RISKS[found.fits],
        )
