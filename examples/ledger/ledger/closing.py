"""
The end of a day: check the books, keep the balances, and take no more entries for it. Run every night.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger import books
from ledger.money import format_amount
from ledger.storage import Work


@dataclass(frozen=True, kw_only=True)
class Closing:
    """
    What closing a day found. `mistakes` is empty where the books are right; only then the day is closed.
    """

    day: date
    entries: int
    debits_cents: int
    credits_cents: int
    is_new: bool
    mistakes: tuple[str, ...]


def close_day(work: Work, day: date) -> Closing:
    """
    Close a day. One that is closed already is checked against the balances kept then.
    """
    kept = _kept_balances(work, day)
    mistakes = _unbalanced(work) + (_changed(work, day, kept) if kept else [])
    debits, credits = _sums(work, day)
    if debits != credits:
        mistakes.append(f"debits of {format_amount(debits)} do not equal credits of {format_amount(credits)}")
    is_new = not mistakes and not kept
    if is_new:
        _keep(work, day)
    return Closing(
        day=day,
        entries=work.number("SELECT count(*) FROM entries WHERE day = :day", day=str(day)),
        debits_cents=debits,
        credits_cents=credits,
        is_new=is_new,
        mistakes=tuple(mistakes),
    )


def _sums(work: Work, day: date) -> tuple[int, int]:
    """
    All debits and all credits up to a day.
    """
    row = work.row(
        "SELECT sum(CASE WHEN cents > 0 THEN cents END) AS debits, sum(CASE WHEN cents < 0 THEN -cents END) AS credits "
        "FROM lines JOIN entries ON id = entry_id WHERE day <= :day",
        day=str(day),
    )
    return int((row or {}).get("debits") or 0), int((row or {}).get("credits") or 0)


def _unbalanced(work: Work) -> list[str]:
    rows = work.rows(
        "SELECT number, sum(cents) AS cents FROM entries JOIN lines ON entry_id = id GROUP BY number HAVING sum(cents) <> 0"
    )
    return [f"entry {row['number']} is out of balance by {format_amount(int(row['cents'] or 0))}" for row in rows]


def _kept_balances(work: Work, day: date) -> dict[str, int]:
    rows = work.rows("SELECT account, cents FROM balances WHERE day = :day", day=str(day))
    return {str(row["account"]): int(row["cents"] or 0) for row in rows}


def _changed(work: Work, day: date, kept: dict[str, int]) -> list[str]:
    return [
        f"account {balance.account.code} had {format_amount(kept.get(balance.account.code, 0))} when {day} was closed, "
        f"and has {format_amount(balance.cents)} now"
        for balance in books.trial_balance(work, day)
        if balance.cents != kept.get(balance.account.code, 0)
    ]


def _keep(work: Work, day: date) -> None:
    work.run("INSERT INTO closed_days (day, closed_at) VALUES (:day, :now)", day=str(day), now=books.now())
    for balance in books.trial_balance(work, day):
        work.run(
            "INSERT INTO balances (day, account, cents) VALUES (:day, :account, :cents)",
            day=str(day),
            account=balance.account.code,
            cents=balance.cents,
        )
