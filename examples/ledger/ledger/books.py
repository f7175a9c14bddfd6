"""
The books: posting entries, and what they add up to.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from ledger.entry import Account, AccountKind, Draft, Entry, Line, RefusedError, mistakes
from ledger.storage import Row, Work

SHOWN_ENTRIES = 200


class KeyReusedError(Exception):
    """
    An idempotency key came again, with something else to post.
    """


@dataclass(frozen=True, kw_only=True)
class Balance:
    """
    What an account's lines add up to.
    """

    account: Account
    cents: int


@dataclass(frozen=True, kw_only=True)
class Movement:
    """
    One line of an account's page: the entry, its amount on this account, and the balance after it.
    """

    entry: Entry
    cents: int
    balance_cents: int


def now() -> str:
    """
    This moment in UTC: texts of this form sort by time.
    """
    return datetime.now(UTC).isoformat(timespec="microseconds")


def open_account(work: Work, account: Account) -> bool:
    """
    Add an account to the chart; False if it is there already.

    Raises: RefusedError where the code is another account's, or not of its form.
    """
    if not (account.code.isascii() and account.code.isdigit() and len(account.code) == 4):
        raise RefusedError(["an account's code has four digits"])
    if not account.name.strip() or len(account.name) > 60 or not account.name.isprintable():
        raise RefusedError(["an account's name has 1 to 60 printable characters"])
    present = find_account(work, account.code)
    if present not in {None, account}:
        raise RefusedError([f"account {account.code} is another one"])
    work.run(
        "INSERT INTO accounts (code, name, kind) VALUES (:code, :name, :kind) ON CONFLICT (code) DO NOTHING",
        code=account.code,
        name=account.name,
        kind=account.kind,
    )
    return present is None


def accounts(work: Work) -> list[Account]:
    """
    The chart, by code.
    """
    return [_account(row) for row in work.rows("SELECT code, name, kind FROM accounts ORDER BY code")]


def find_account(work: Work, code: str) -> Account | None:
    """
    The account with this code.
    """
    row = work.row("SELECT code, name, kind FROM accounts WHERE code = :code", code=code)
    return _account(row) if row else None


def post(work: Work, draft: Draft, *, key: str | None = None) -> tuple[Entry, bool]:
    """
    Put an entry into the books, for good. With a key that was used before: the entry from then. The flag tells if it is new.

    Raises: RefusedError with every reason; KeyReusedError.
    """
    fingerprint = _fingerprint(draft)
    earlier = work.row("SELECT entry_id, fingerprint FROM requests WHERE key = :key", key=key) if key else None
    if earlier:
        if earlier["fingerprint"] != fingerprint:
            raise KeyReusedError
        return _entries(work, "WHERE id = :id", id=str(earlier["entry_id"]))[0], False
    if found := mistakes(draft):
        raise RefusedError(found)
    if found := _present_obstacles(work, draft):
        raise RefusedError(found, may_pass_later=True)
    entry = _write(work, draft)
    if key:
        work.run(
            "INSERT INTO requests (key, fingerprint, entry_id) VALUES (:key, :fingerprint, :entry)",
            key=key,
            fingerprint=fingerprint,
            entry=entry.id,
        )
    return entry, True


def is_closed(work: Work, day: date) -> bool:
    """
    True if this day, or a later one, is closed.
    """
    return work.number("SELECT count(*) FROM closed_days WHERE day >= :day", day=day.isoformat()) > 0


def trial_balance(work: Work, through: date | None = None) -> list[Balance]:
    """
    Every account's balance at the end of a day, or with all entries.
    """
    rows = work.rows(
        "SELECT code, name, kind, coalesce(sum(cents), 0) AS cents FROM accounts LEFT JOIN "
        "(SELECT account, cents FROM lines JOIN entries ON id = entry_id WHERE day <= :day) AS booked ON account = code "
        "GROUP BY code, name, kind ORDER BY code",
        day=(through or date.max).isoformat(),
    )
    return [Balance(account=_account(row), cents=int(row["cents"] or 0)) for row in rows]


def movements(work: Work, account: Account) -> list[Movement]:
    """
    The account's latest lines, oldest first, each with the balance after it.
    """
    # Both orders are the same: a balance means something only in the order in which entries are shown.
    entries = _entries(
        work,
        "WHERE id IN (SELECT entry_id FROM lines WHERE account = :account) ORDER BY day DESC, number DESC LIMIT :limit",
        account=account.code,
        limit=SHOWN_ENTRIES,
    )
    balance = work.number("SELECT sum(cents) FROM lines WHERE account = :account", account=account.code)
    found = []
    for entry in entries:
        cents = sum(line.cents for line in entry.lines if line.account == account.code)
        found.append(Movement(entry=entry, cents=cents, balance_cents=balance))
        balance -= cents
    return found[::-1]


def search(work: Work, text: str = "", limit: int = SHOWN_ENTRIES) -> list[Entry]:
    """
    The newest entries whose description has this text in it.
    """
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return _entries(
        work,
        "WHERE lower(description) LIKE :pattern ESCAPE '\\' ORDER BY number DESC LIMIT :limit",
        pattern=f"%{escaped}%",
        limit=limit,
    )


def _present_obstacles(work: Work, draft: Draft) -> list[str]:
    known = {account.code for account in accounts(work)}
    found = [f"there is no account {code}" for code in sorted({line.account for line in draft.lines} - known)]
    if is_closed(work, draft.day):
        found.append(f"{draft.day} is closed")
    return found


def _write(work: Work, draft: Draft) -> Entry:
    number = work.number("SELECT max(number) FROM entries") + 1
    entry = Entry(
        id=uuid.uuid4().hex,
        number=number,
        day=draft.day,
        description=draft.description,
        lines=draft.lines,
        posted_at=now(),
    )
    work.run(
        "INSERT INTO entries (id, number, day, description, posted_at) VALUES (:id, :number, :day, :description, :posted_at)",
        id=entry.id,
        number=number,
        day=entry.day.isoformat(),
        description=entry.description,
        posted_at=entry.posted_at,
    )
    for position, line in enumerate(entry.lines):
        work.run(
            "INSERT INTO lines (entry_id, position, account, cents) VALUES (:entry, :position, :account, :cents)",
            entry=entry.id,
            position=position,
            account=line.account,
            cents=line.cents,
        )
    return entry


def _entries(work: Work, which: str, **values: str | int) -> list[Entry]:
    """
    Entries with their lines; `which` is a constant of this module, never text from outside.
    """
    rows = work.rows(f"SELECT id, number, day, description, posted_at FROM entries {which}", **values)  # noqa: S608
    return [_entry(row, _lines(work, str(row["id"]))) for row in rows]


def _lines(work: Work, entry_id: str) -> list[Row]:
    return work.rows("SELECT account, cents FROM lines WHERE entry_id = :entry ORDER BY position", entry=entry_id)


def _entry(row: Row, lines: Sequence[Row]) -> Entry:
    return Entry(
        id=str(row["id"]),
        number=int(row["number"] or 0),
        day=date.fromisoformat(str(row["day"])),
        description=str(row["description"]),
        posted_at=str(row["posted_at"]),
        lines=tuple(Line(str(line["account"]), int(line["cents"] or 0)) for line in lines),
    )


def _account(row: Row) -> Account:
    return Account(code=str(row["code"]), name=str(row["name"]), kind=AccountKind(str(row["kind"])))


def _fingerprint(draft: Draft) -> str:
    facts = [draft.day.isoformat(), draft.description, [[line.account, line.cents] for line in draft.lines]]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
