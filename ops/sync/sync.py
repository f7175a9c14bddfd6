"""
Pushing to all remotes: look, decide, push, look again, and note it in `reports/syncs/`.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ops import lock, reports, shelf
from ops.confirm import Approval, Level
from ops.errors import FlotillaError, RefusedError, SettingsError
from ops.mutation import Operation, OperationFailedError, mutate
from ops.steps import Context, Parallel, Sequential, Step, StepStatus
from ops.sync import repository
from ops.sync.decide import (
    CONFLICTS,
    PUSHED_TO,
    Outcome,
    Relation,
    Tree,
    advice,
    needs_confirmation,
    obstacle,
    relation,
)

REPORT = "global"
CHECK_TIMEOUT_S = 1800
NOT_ALIGNED = frozenset({Outcome.CONFLICT, Outcome.UNREACHABLE, Outcome.REFUSED})
OFF = frozenset({"", "0", "no", "false", "off"})


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    What came of one remote. `before` and `after` are its commits; `delay_s` is how old the oldest commit was that it lacked,
    `duration_s` how long it took.
    """

    time: str
    remote: str
    branch: str
    before: str
    after: str
    delay_s: int | None
    duration_s: float
    outcome: Outcome
    detail: str = ""
    next_step: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """
    What was asked for: these remotes (all without one), only looking, and the tests first.
    """

    remotes: Sequence[str] = ()
    is_dry: bool = False
    is_checked: bool = False
    is_skipped: bool = False


def is_skipped(environment: Mapping[str, str] = os.environ) -> bool:
    """
    Whether SKIP_PUSH says that nothing is to be pushed.
    """
    return environment.get("SKIP_PUSH", "").strip().lower() not in OFF


def sync(checkout: Path, request: Request, approval: Approval, *, lock_wait_s: float = 0.0) -> list[Row]:
    """
    Bring every remote to the commit here, as far as nothing has to be forced. Returns one row for each remote.

    Raises: SettingsError where there is nothing that could be pushed; RefusedError where it was not confirmed, or another one
    pushes from here; OperationFailedError where it stopped before every remote was looked at.
    """
    tree, names = repository.tree(checkout), repository.remotes(checkout)
    if reason := obstacle(tree, repository.branches(checkout), names, request.remotes):
        raise SettingsError(reason) if "no such remote" in reason or "no git remote" in reason else RefusedError(reason)
    chosen = list(dict.fromkeys(request.remotes or names))
    if request.is_dry or request.is_skipped:
        with ThreadPoolExecutor(len(chosen)) as pool:
            rows = list(pool.map(lambda name: _one(checkout, name, tree, request), chosen))
        if request.is_skipped and not request.is_dry:
            note(checkout, rows)
        return rows
    return _push(checkout, request, tree, chosen, approval, lock_wait_s)


def _push(
    checkout: Path, request: Request, tree: Tree, chosen: Sequence[str], approval: Approval, lock_wait_s: float
) -> list[Row]:
    """
    As an operation of the checkout, which is no stack's. A remote that could not be brought to the commit makes it a failed
    one; what came of it is in its row.
    """
    rows: dict[str, Row] = {}
    reason = needs_confirmation(_last_report(checkout))
    operation = Operation(
        name="sync",
        what=f"Push {tree.branch} {tree.commit[:12]} to {', '.join(chosen)}{f' although {reason}' if reason else ''}",
        level=Level.IMPORTANT if reason else Level.STANDARD,
        stack=shelf.CHECKOUT,
        steps=_steps(checkout, request, tree, chosen, rows),
        lock=lock.SYNC,
        facts={"branch": tree.branch, "commit": tree.commit},
    )
    try:
        mutate(checkout, operation, approval, lock_wait_s=lock_wait_s)
    except OperationFailedError as error:
        if len(rows) < len(chosen) or error.document.get("status") != StepStatus.FAILED:
            raise
    return [rows[name] for name in chosen]


def _steps(checkout: Path, request: Request, tree: Tree, chosen: Sequence[str], rows: dict[str, Row]) -> Sequential:
    """
    The tests where they are wanted, each remote beside the others, then the note of all. Fills `rows`, {remote: its row}.
    """

    def push(name: str, _: Context) -> str:
        row = rows[name] = _one(checkout, name, tree, request)
        told = f"{row.outcome}: {row.detail}" if row.detail else str(row.outcome)
        if row.outcome in NOT_ALIGNED:
            raise FlotillaError(told)
        return told

    def keep(context: Context) -> str:
        found = [rows[name] for name in chosen if name in rows]
        context.facts["remotes"] = [document(row) for row in found]
        return str(note(checkout, found).relative_to(checkout))

    def judge(_: Context) -> str:
        left = [name for name in chosen if name not in rows or rows[name].outcome in NOT_ALIGNED]
        if left:
            raise FlotillaError(f"{', '.join(left)}: not brought to {tree.commit[:12]}")
        return f"{len(rows)} remotes"

    tests = [Step(name="make check", run=lambda _: _require_tests(checkout))] if request.is_checked else []
    remotes = [Step(name=f"push to {name}", run=partial(push, name), is_blocking=False) for name in chosen]
    return Sequential(
        steps=(*tests, Parallel(steps=tuple(remotes)), Step(name="note", run=keep), Step(name="alignment", run=judge))
    )


def _one(checkout: Path, remote: str, tree: Tree, request: Request) -> Row:
    started = time.monotonic()
    seen = repository.look(checkout, remote, tree.branch, tree.commit)
    found = relation(tree.commit, seen)
    outcome, after, detail = _act(checkout, remote, tree, request, found)
    lag = repository.waiting_since(checkout, tree.commit, seen.commit) if found in PUSHED_TO else None
    return Row(
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        remote=remote,
        branch=tree.branch,
        before=seen.commit,
        after=after or seen.commit,
        delay_s=None if lag is None else max(0, int(time.time()) - lag),
        duration_s=round(time.monotonic() - started, 3),
        outcome=outcome,
        detail=detail or seen.problem or (found if outcome is Outcome.CONFLICT else ""),
        next_step=advice(found, remote, tree.branch) or (f"Run `flotilla sync --remote {remote}` again" if detail else ""),
    )


def _act(checkout: Path, remote: str, tree: Tree, request: Request, found: Relation) -> tuple[Outcome, str, str]:
    """
    What was done about one remote: (outcome, its commit afterwards where that was looked at, why it failed).
    """
    if found is Relation.UNREACHABLE:
        return Outcome.UNREACHABLE, "", ""
    if found in CONFLICTS:
        return Outcome.CONFLICT, "", ""
    if found is Relation.ALIGNED:
        return Outcome.ALIGNED, "", ""
    if request.is_skipped:
        return Outcome.SKIPPED, "", "SKIP_PUSH is set"
    if request.is_dry:
        return Outcome.DUE, "", ""
    if problem := repository.push(checkout, remote, tree.branch, tree.commit):
        return Outcome.REFUSED, repository.look(checkout, remote, tree.branch, tree.commit).commit, problem
    after = repository.look(checkout, remote, tree.branch, tree.commit)
    if after.commit != tree.commit:
        there = after.commit[:12] or after.problem or "nothing"
        return Outcome.REFUSED, after.commit, f"it took the push, and has {there} now"
    return Outcome.PUSHED, after.commit, ""


def _require_tests(checkout: Path) -> None:
    done = subprocess.run(["make", "check"], cwd=checkout, timeout=CHECK_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise FlotillaError("make check: it failed. Nothing was pushed. Mend what it says, then sync again.")


def _last_report(checkout: Path) -> Mapping[str, object] | None:
    try:
        found = json.loads(reports.path_of(checkout, REPORT).read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def log_of(checkout: Path) -> Path:
    """
    Where every sync is noted, one JSON document on each line.
    """
    return checkout / "reports" / "syncs" / "syncs.jsonl"


def note(checkout: Path, rows: Iterable[Row]) -> Path:
    """
    Add what was done to the log.
    """
    path = log_of(checkout)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = "".join(json.dumps(document(row)) + "\n" for row in rows)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return path


def document(row: Row) -> dict[str, Any]:
    """
    A row as the log has it.
    """
    return asdict(row)


def require_aligned(rows: Iterable[Row]) -> None:
    """
    Raises: FlotillaError where a remote could not be brought to the commit here, for other reasons than commits of its own.
    """
    failed = [row for row in rows if row.outcome in (Outcome.UNREACHABLE, Outcome.REFUSED)]
    if failed:
        told = "; ".join(f"{row.remote}: {row.detail}" for row in failed)
        raise FlotillaError(f"sync: {told}. The other remotes were not held up. {failed[0].next_step}.")
