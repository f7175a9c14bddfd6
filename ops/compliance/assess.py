"""
From controls and evidence to what is met. Pure: the same evidence gives the same answer, and no evidence is never an answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from ops.compliance import checks, facts, rules
from ops.compliance.catalogue import CONTROLS
from ops.compliance.control import NOTHING, Condition, Control, Need
from ops.compliance.evidence import Evidence, Piece, State
from ops.dossier.words import Language, Words
from settings.project import DataKind
from settings.stacks import is_sandbox

SCHEMA = 1
JUDGES: Mapping[Need, Callable[[str, Evidence], Piece]] = {
    Need.POLICY: rules.judge,
    Need.CHECK: checks.judge,
    Need.FACT: facts.judge,
}


NOT_SO = Words(en="not so: {names}", fr="ce n'est pas le cas : {names}")
NOT_KNOWN = Words(en="not known: {names}", fr="inconnu : {names}")
NOTHING_SHOWS = Words(en="nothing shows it", fr="rien ne le montre")
EXCEPTED = Words(en="excepted for a while: {names}", fr="exception temporaire : {names}")
NOT_SHOWN = Words(en="not shown here: {beyond}", fr="pas montré ici : {beyond}")
ALL = Words(en="all of its evidence says so", fr="toutes ses preuves le disent")
LACKING = {
    Condition.CONTAINERS: Words(en="there is no project", fr="il n'y a aucun projet"),
    Condition.SITES: Words(en="no project answers requests", fr="aucun projet ne répond à des requêtes"),
    Condition.DATABASES: Words(en="no project has a database", fr="aucun projet n'a de base de données"),
    Condition.DATA: Words(en="no project has a database or a volume", fr="aucun projet n'a de base de données ni de volume"),
    Condition.PERSONAL: Words(
        en="no project has personal data, as each of them says",
        fr="aucun projet n'a de données personnelles, comme chacun le déclare",
    ),
}


class Status(StrEnum):
    """
    Whether a control is met. `UNKNOWN`: evidence is missing or too old, and nothing that there is speaks against it.
    """

    MET = "met"
    PART = "part"
    NOT_MET = "not met"
    NOT_APPLICABLE = "not applicable"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """
    One control with its status, why, and every piece of evidence.
    """

    control: Control
    status: Status
    why: str
    pieces: tuple[Piece, ...] = ()


def assess(evidence: Evidence, controls: Iterable[Control] = CONTROLS) -> tuple[Assessment, ...]:
    """
    Every control, in the catalogue's order.
    """
    language = evidence.settings.language
    absent = {condition: LACKING[condition].of(language) for condition, is_so in _conditions(evidence).items() if not is_so}
    known: dict[tuple[Need, str], Piece] = {}

    def piece(need: Need, name: str) -> Piece:
        if (need, name) not in known:
            known[need, name] = JUDGES[need](name, evidence)
        return known[need, name]

    cited = _cited(evidence)
    return tuple(_assessed(control, absent, [piece(*need) for need in needs(control, cited)], language) for control in controls)


def needs(control: Control, cited: Mapping[tuple[str, str], tuple[str, ...]]) -> tuple[tuple[Need, str], ...]:
    """
    The evidence that a control asks for: what the catalogue says, and the policies that cite it, as `cited` has them.
    """
    own = ((Need.POLICY, name) for name in cited.get((control.framework.value, control.item), ()))
    return tuple(dict.fromkeys((*control.needs, *own)))


def _cited(evidence: Evidence) -> dict[tuple[str, str], tuple[str, ...]]:
    """
    {(document, item): the policies that it is a reason for}.
    """
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for pack in evidence.packs:
        for rule in pack.rules:
            for reference in rule.references:
                key = (reference.document, reference.item)
                found[key] = (*found.get(key, ()), rule.id)
    return found


def _assessed(control: Control, absent: Mapping[Condition, str], pieces: list[Piece], language: Language) -> Assessment:
    if control.outside != NOTHING or control.condition in absent:
        why = control.outside.of(language) or absent[control.condition]
        return Assessment(control=control, status=Status.NOT_APPLICABLE, why=why)
    status, why = _status(pieces, control.beyond.of(language), language)
    return Assessment(control=control, status=status, why=why, pieces=tuple(pieces))


def _status(pieces: list[Piece], beyond: str, language: Language) -> tuple[Status, str]:
    def told(words: Words, names: list[str]) -> str:
        return words.of(language).format(names=", ".join(names))

    by_state = {state: [piece.name for piece in pieces if piece.state is state] for state in State}
    broken, unknown, waived = (by_state[state] for state in (State.BROKEN, State.UNKNOWN, State.WAIVED))
    rest = f"; {told(NOT_KNOWN, unknown)}" if unknown else ""
    if broken:
        is_grave = any(piece.is_grave for piece in pieces if piece.state is State.BROKEN)
        good = not is_grave and (by_state[State.HELD] or waived)
        return (Status.PART if good else Status.NOT_MET), f"{told(NOT_SO, broken)}{rest}"
    if unknown or not pieces:
        return Status.UNKNOWN, told(NOT_KNOWN, unknown or [NOTHING_SHOWS.of(language)])
    if waived:
        return Status.PART, told(EXCEPTED, waived)
    if beyond:
        return Status.PART, NOT_SHOWN.of(language).format(beyond=beyond)
    return Status.MET, ALL.of(language)


def _conditions(evidence: Evidence) -> dict[Condition, bool]:
    """
    {condition: whether it is so}.
    """
    projects = evidence.settings.projects
    processes = [process for project in projects.values() for process in project.all_processes().values()]
    has_database = any(project.database for project in projects.values())
    has_data = has_database or any(process.volumes for process in processes)
    # A project of which nobody has said it may have personal data.
    has_personal = any(project.data is not DataKind.NONE for project in projects.values())
    return {
        Condition.ALWAYS: True,
        Condition.CONTAINERS: bool(processes),
        Condition.SITES: any(process.domains for process in processes),
        Condition.DATABASES: has_database,
        Condition.DATA: has_data,
        Condition.PERSONAL: has_personal,
    }


def document(evidence: Evidence, found: Iterable[Assessment]) -> dict[str, Any]:
    """
    The assessment as `--json` has it.
    """
    found = tuple(found)
    counted = Counter(row.status for row in found)
    return {
        "schema": SCHEMA,
        "environment": evidence.settings.environment.name,
        "language": evidence.settings.language,
        "timestamp": evidence.now.isoformat(timespec="seconds"),
        "is_rehearsal": is_sandbox(evidence.settings.stack),
        "summary": {status.value: counted[status] for status in Status},
        "frameworks": {name: dict(_of(found, name)) for name in dict.fromkeys(row.control.framework.value for row in found)},
        "controls": [_row(row, evidence.settings.language) for row in found],
        "approvals": [
            {**approval.model_dump(), "date": approval.date.isoformat()} for approval in evidence.settings.environment.approvals
        ],
        "waivers": [
            {**waiver.model_dump(), "until": waiver.until.isoformat()} for waiver in evidence.settings.environment.waivers
        ],
        "next_steps": next_steps(found),
    }


def _of(found: Iterable[Assessment], framework: str) -> Iterable[tuple[str, int]]:
    counted = Counter(row.status for row in found if row.control.framework.value == framework)
    return ((status.value, counted[status]) for status in Status)


def _row(row: Assessment, language: Language) -> dict[str, Any]:
    control = row.control
    return {
        "id": control.id,
        "framework": control.framework.value,
        "item": control.item,
        "title": control.title.of(language),
        "status": row.status.value,
        "why": row.why,
        "beyond": control.beyond.of(language),
        "evidence": [asdict(piece) for piece in row.pieces],
    }


def next_steps(found: Iterable[Assessment]) -> list[str]:
    """
    What a person does now: what is wrong first, then what nobody has looked at.
    """
    pieces = list(dict.fromkeys(piece for row in found for piece in row.pieces))
    wrong = [f"{piece.name}: {piece.said}" for piece in pieces if piece.state is State.BROKEN]
    unseen = Counter(_command(piece.said) for piece in pieces if piece.state is State.UNKNOWN)
    steps = [f"{command}: evidence that waits for it: {count}" for command, count in unseen.most_common() if command]
    return [*wrong, *steps] or ["Nothing has to be done."]


def _command(said: str) -> str:
    """
    The command in the words of what is not known.
    """
    return said.rpartition("run ")[2] if "run `" in said else ""
