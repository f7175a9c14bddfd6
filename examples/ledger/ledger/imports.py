"""
The queue of things to post: a table, so that what was accepted is never lost, and posted exactly once.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ledger import books
from ledger.entry import Draft, Line, RefusedError
from ledger.storage import Row, Storage, Work

ATTEMPTS_MAXIMUM = 5
FIRST_RETRY_S = 2
LEASE_S = 60  # a worker that takes longer is taken for dead, and another one tries
VAT_PERCENT_MAXIMUM = 100


@dataclass(frozen=True, kw_only=True)
class Import:
    """
    Something to post. `reason` says why it is not posted yet, or never will be.
    """

    id: str
    kind: str
    payload: dict[str, Any]
    state: str
    attempts: int
    reason: str
    entry_id: str | None


def queue(work: Work, kind: str, payload: dict[str, Any]) -> str:
    """
    Accept something for the worker; returns its id.

    Raises: RefusedError if no worker could ever make sense of it.
    """
    if kind not in READERS:
        raise RefusedError([f"kind is one of: {', '.join(sorted(READERS))}"])
    READERS[kind](payload)
    name, moment = uuid.uuid4().hex, books.now()
    work.run(
        "INSERT INTO imports (id, kind, payload, state, attempts, due_at, queued_at, reason) "
        "VALUES (:id, :kind, :payload, 'queued', 0, :moment, :moment, '')",
        id=name,
        kind=kind,
        payload=json.dumps(payload),
        moment=moment,
    )
    return name


def find(work: Work, name: str) -> Import | None:
    """
    The import with this id.
    """
    row = work.row("SELECT * FROM imports WHERE id = :id", id=name)
    return _import(row) if row else None


def latest(work: Work, limit: int = 50) -> list[Import]:
    """
    The newest imports, newest first.
    """
    return [_import(row) for row in work.rows("SELECT * FROM imports ORDER BY queued_at DESC LIMIT :limit", limit=limit)]


def take(storage: Storage) -> Import | None:
    """
    The next import that is due, now this worker's for a minute.
    """
    with storage.writing() as work:
        row = work.row(
            "SELECT * FROM imports WHERE state IN ('queued', 'running') AND due_at <= :now ORDER BY due_at LIMIT 1",
            now=books.now(),
        )
        if row is None:
            return None
        work.run(
            "UPDATE imports SET state = 'running', attempts = attempts + 1, due_at = :until WHERE id = :id",
            id=row["id"],
            until=moment(LEASE_S),
        )
    taken = _import(row)
    return Import(**{**vars(taken), "state": "running", "attempts": taken.attempts + 1})


def post(storage: Storage, item: Import) -> Import:
    """
    Put an import into the books, or note why not: to be tried again later, or never. Returns it as it is then.

    Raises: StorageError; the import is tried again when its minute is over.
    """
    with storage.writing() as work:
        try:
            if item.attempts > ATTEMPTS_MAXIMUM:  # whoever took it died every time
                raise RefusedError([f"given up after {ATTEMPTS_MAXIMUM} attempts that did not end"])
            entry, _ = books.post(work, READERS[item.kind](item.payload), key=f"import:{item.id}")
            _finish(work, item, state="done", entry_id=entry.id)
        except RefusedError as refusal:
            if refusal.may_pass_later and item.attempts < ATTEMPTS_MAXIMUM:
                _finish(
                    work, item, state="queued", reason=str(refusal), due_at=moment(FIRST_RETRY_S * 2 ** (item.attempts - 1))
                )
            else:
                _finish(work, item, state="failed", reason=str(refusal))
        row = work.row("SELECT * FROM imports WHERE id = :id", id=item.id)
    return _import(row or {})


def _finish(work: Work, item: Import, *, state: str, reason: str = "", due_at: str = "", entry_id: str | None = None) -> None:
    work.run(
        "UPDATE imports SET state = :state, reason = :reason, due_at = :due_at, entry_id = :entry WHERE id = :id",
        id=item.id,
        state=state,
        reason=reason,
        due_at=due_at,
        entry=entry_id,
    )


def moment(seconds: float) -> str:
    """
    The time so many seconds from now.
    """
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def _import(row: Row) -> Import:
    return Import(
        id=str(row["id"]),
        kind=str(row["kind"]),
        payload=json.loads(str(row["payload"])),
        state=str(row["state"]),
        attempts=int(row["attempts"] or 0),
        reason=str(row["reason"]),
        entry_id=str(row["entry_id"]) if row["entry_id"] else None,
    )


def read_entry(payload: object) -> Draft:
    """
    An entry as the API takes it: {day, description, lines: [{account, debit_cents | credit_cents}]}.

    Raises: RefusedError with every reason.
    """
    facts = _fields(payload, {"day": str, "description": str, "lines": list})
    lines, reasons = [], []
    for number, given in enumerate(facts["lines"], 1):
        sides = {"debit_cents", "credit_cents"} & given.keys() if isinstance(given, dict) else set()
        if len(sides) != 1 or given.keys() != {"account"} | sides or not isinstance(given["account"], str):
            reasons.append(f"line {number}: needs `account` and either `debit_cents` or `credit_cents`")
            continue
        (side,) = sides
        cents = given[side]
        if isinstance(cents, bool) or not isinstance(cents, int) or cents <= 0:
            reasons.append(f"line {number}: {side} is a whole number above 0")
            continue
        lines.append(Line(given["account"], cents if side == "debit_cents" else -cents))
    if reasons:
        raise RefusedError(reasons)
    return Draft(day=_day(facts["day"]), description=facts["description"].strip(), lines=tuple(lines))


def read_invoice(payload: object) -> Draft:
    """
    An invoice that was sent: {day, number, customer, net_cents, vat_percent}, booked as receivable, sales and VAT.

    Raises: RefusedError with every reason.
    """
    facts = _fields(payload, {"day": str, "number": str, "customer": str, "net_cents": int, "vat_percent": int})
    if facts["net_cents"] <= 0 or not 0 <= facts["vat_percent"] <= VAT_PERCENT_MAXIMUM:
        raise RefusedError(["net_cents is above 0, and vat_percent between 0 and 100"])
    vat = (facts["net_cents"] * facts["vat_percent"] + 50) // 100  # commercial rounding
    lines = [Line("1200", facts["net_cents"] + vat), Line("4000", -facts["net_cents"])]
    return Draft(
        day=_day(facts["day"]),
        description=f"Invoice {facts['number']} to {facts['customer']}",
        lines=(*lines, Line("2200", -vat)) if vat else tuple(lines),
    )


READERS: dict[str, Callable[[object], Draft]] = {"entry": read_entry, "invoice": read_invoice}


def _fields(payload: object, types: dict[str, type]) -> dict[str, Any]:
    if not isinstance(payload, dict):
        raise RefusedError(["this is not a JSON object"])
    wrong = [name for name, wanted in types.items() if type(payload.get(name)) is not wanted]
    reasons = [f"{name} is missing or not of type {types[name].__name__}" for name in wrong]
    reasons += [f"unknown field {str(name)[:40]!r}" for name in sorted(payload.keys() - types.keys())]
    if reasons:
        raise RefusedError(reasons)
    return payload


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RefusedError(["day is a date such as 2026-11-20"]) from None
