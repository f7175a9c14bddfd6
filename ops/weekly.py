"""
A week of an environment, of what is kept in reports/: how the report's runs ended, what came and went, what was done. Pure.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops.page.records import DAY_S, Document, Records, collect, seconds
from ops.report import Status

WEEK_S = 7 * DAY_S
SCHEMA = 1


def of(checkout: Path, stack: str, now: float | None = None) -> Document:
    """
    The last seven days of a stack.
    """
    now = time.time() if now is None else now
    return weekly(stack, collect(checkout, stack, now - WEEK_S), now)


def weekly(stack: str, records: Records, now: float) -> Document:
    """
    The week as one document. Findings are compared between its first and its last run: `opened` are in the last only, `closed`
    in the first only; of one that could not be looked at in the last run it is not known, and it is not `closed`.
    """
    runs = sorted(records.runs, key=lambda run: seconds(run["timestamp"]))
    first, last = (_findings(runs[0]), _findings(runs[-1])) if runs else ({}, {})
    blind = _blind(runs[-1], runs[0]["checks"]) if runs else frozenset()
    gone = [key for key in first if key not in last]
    return {
        "schema": SCHEMA,
        "environment": stack,
        "from": _when(now - WEEK_S),
        "until": _when(now),
        "runs": len(runs),
        "statuses": _counted((run["status"] for run in runs), Status),
        "opened": [_row(key, last) for key in last if key not in first],
        "closed": [_row(key, first) for key in gone if not _is_blind(key, blind)],
        "not_known": [_row(key, first) for key in gone if _is_blind(key, blind)],
        "open": [_row(key, last) for key in last],
        "operations": _counted(f"{row.get('operation')} {row.get('status')}" for row in records.operations),
        "fixes": _counted(str(fix.get("status")) for row in records.fixes for fix in row.get("fixes", ())),
        "syncs": _counted(str(row.get("outcome")) for row in records.syncs),
        "problems": list(records.problems),
    }


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _counted(words: Iterable[str], order: Iterable[str] = ()) -> dict[str, int]:
    """
    {word: how often}, in this order or else by the alphabet.
    """
    counted = Counter(words)
    return {str(word): counted[word] for word in [*order, *sorted(counted.keys() - set(order))] if counted[word]}


Key = tuple[str, str, str]


def _findings(run: Document) -> dict[Key, str]:
    """
    What a run found, without what it could not look at: {(check, id, resource): severity}.
    """
    return {
        (name, row["id"], row["resource"]): row["severity"]
        for name, check in run["checks"].items()
        for row in check["findings"]
        if row["severity"] != Status.UNKNOWN
    }


def _blind(run: Document, checks: Iterable[str]) -> frozenset[tuple[str, str]]:
    """
    What a run could not look at: (check, resource). Those of the `checks` that it did not run, or that failed, stand there with
    "", every resource.
    """
    missed = {
        (name, row["resource"].partition(":")[0])
        for name, check in run["checks"].items()
        for row in check["findings"]
        if row["severity"] == Status.UNKNOWN
    }
    # A check that failed as a whole is its own resource.
    whole = {(name, "" if resource == name else resource) for name, resource in missed}
    return frozenset(whole | {(name, "") for name in checks if name not in run["checks"]})


def _is_blind(key: Key, blind: frozenset[tuple[str, str]]) -> bool:
    check, _, resource = key
    return (check, "") in blind or (check, resource.partition(":")[0]) in blind


def _row(key: Key, severities: Mapping[Key, str]) -> Document:
    check, identity, resource = key
    return {"check": check, "id": identity, "resource": resource, "severity": severities[key]}


def lines(found: Mapping[str, Any]) -> list[str]:
    """
    The week for people.
    """
    told = [f"{found['environment']}, {found['from'][:10]} to {found['until'][:10]}"]
    told.append(f"Runs of the report: {found['runs']}{_said(found['statuses'], ': ')}")
    for name, title in (("opened", "New"), ("closed", "Gone"), ("not_known", "Gone or not, not known")):
        told += _list(title, found[name])
    unseen = f", and {len(found['not_known'])} that could not be looked at" if found["not_known"] else ""
    told.append(f"Open now: {len(found['open'])}{unseen}" if found["runs"] else "Open now: unknown, there was no run")
    for name in ("operations", "fixes", "syncs"):
        told.append(f"{name.capitalize()}: {_said(found[name]) or 'none'}")
    return told + [f"Not read: {problem}" for problem in found["problems"]]


def _said(counted: Mapping[str, int], before: str = "") -> str:
    return before + ", ".join(f"{count} {word}" for word, count in counted.items()) if counted else ""


def _list(title: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{title}: {len(rows)}"] + [f"  {row['severity']:9} {row['id']}  {row['resource']}" for row in rows]
