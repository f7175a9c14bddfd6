"""
Giving data back: a project's database or volume, or everything that a lost database server had.

Without further words what is restored is put beside what is there, under a new name. In the place of what is there it is put
only when that was asked for, after a fresh backup, and what was there is kept under another name. What cannot be read any more
cannot be backed up either: it is replaced without that only where somebody says so.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops import backup, hosts, remote, restore_volumes
from ops.backup import Fleet
from ops.confirm import Approval, Level
from ops.errors import FlotillaError, SettingsError
from ops.mutation import Operation, OperationFailedError, mutate
from ops.steps import Context, Sequential, Step

PULL = "/usr/local/lib/flotilla/restore-pull"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """
    One database or volume. `target` is the name or path that it gets; with `is_over` it then takes the place of what is there.
    """

    project: str
    kind: str
    name: str
    server: str
    target: str
    path: str | None = None
    is_over: bool = False

    @property
    def called(self) -> dict[str, str]:
        """
        As documents name it.
        """
        return {"project": self.project, "kind": self.kind, "name": self.name, "server": self.server}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    What is to be restored. `at` is a moment in seconds since 1970, None for all that there is. `is_rebuild`: the server of the
    databases is another one than the backups are of. `is_backed_up`: what is there is backed up before it is replaced.
    """

    pieces: tuple[Piece, ...]
    at: float | None
    label: str | None
    is_rebuild: bool = False
    is_backed_up: bool = True

    @property
    def level(self) -> Level:
        """
        How much it can do.
        """
        return Level.CRITICAL if self.is_rebuild or any(piece.is_over for piece in self.pieces) else Level.STANDARD

    @property
    def lines(self) -> list[str]:
        """
        What it does, for people.
        """
        moment = (
            f"as of {datetime.fromtimestamp(self.at, UTC).isoformat()}" if self.at else "as of the last moment that there is"
        )
        told = []
        for piece in self.pieces:
            place = "over the existing one" if self.is_backed_up else "over the existing one, which is not backed up before,"
            where = f"{place} on {piece.server}" if piece.is_over else f"as {piece.target} on {piece.server}"
            told.append(f"{piece.project}'s {piece.kind} {piece.name} is restored {moment}, {where}.")
        return told


def plan(
    policies: Sequence[Mapping[str, Any]],
    project: str,
    *,
    volume: str | None,
    is_over: bool,
    at: float | None,
    label: str | None,
    now: float,
    is_backed_up: bool = True,
) -> Plan:
    """
    What restoring one project means: pure.

    Raises: SettingsError for what there is not.
    """
    sources = [source for policy in policies if policy["project"] == project for source in policy["sources"]]
    kind, name = ("volume", volume) if volume else ("database", None)
    found = [source for source in sources if source["kind"] == kind and name in (None, source["name"])]
    if not found:
        known = ", ".join(f"{source['kind']} {source['name']}" for source in sources) or "nothing that is backed up"
        raise SettingsError(f"{project}: it has no {kind}{f' {volume}' if volume else ''}. Nothing was done. It has: {known}.")
    if volume and at:
        raise SettingsError("--to: a volume has snapshots, not moments. Nothing was done. Choose one with `--label`.")
    if not is_over and not is_backed_up:
        raise SettingsError("--without-backup: nothing is replaced. Nothing was done. Leave it out, or add `--over-existing`.")
    pieces = tuple(_piece(project, source, is_over, now) for source in found)
    return Plan(pieces=pieces, at=at, label=label, is_backed_up=is_backed_up)


def plan_all(policies: Sequence[Mapping[str, Any]], at: float | None, now: float) -> Plan:
    """
    What rebuilding a lost database server means: every database, in its place.
    """
    pieces = [
        _piece(policy["project"], source, True, now)
        for policy in policies
        for source in policy["sources"]
        if source["kind"] == "database"
    ]
    return Plan(pieces=tuple(pieces), at=at, label=None, is_rebuild=True)


def _piece(project: str, source: Mapping[str, Any], is_over: bool, now: float) -> Piece:
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d%H%M%S")
    path = source.get("path")
    return Piece(
        project=project,
        kind=source["kind"],
        name=source["name"],
        server=source["server"],
        target=f"{path}_restored_{stamp}" if path else f"{source['name']}_restored_{stamp}",
        path=path,
        is_over=is_over,
    )


def moment(text: str | None) -> float | None:
    """
    A moment that somebody wrote, such as `2026-11-26T01:30:00Z`. Without a time zone it is UTC.

    Raises: SettingsError for what is none, or not over yet.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        at = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise SettingsError(f"--to: {text} is no moment. Nothing was done. Write it like 2026-11-26T01:30:00Z.") from None
    if at > time.time():
        raise SettingsError(f"--to: {text} is in the future. Nothing was done. Leave it out for all that there is.")
    return at


def execute(known: Fleet, wanted: Plan) -> dict[str, Any]:
    """
    Restore, compare, and have it noted. Returns {pieces, findings, rto_s, recovered_until}.
    """
    started = time.time()
    document: dict[str, Any] = {"pieces": [], "findings": []}
    # Before the fresh backup, which may be the last one then, and takes the place of the one before of the same day.
    rows = {
        piece: restore_volumes.bring(known, piece, wanted.label, document) for piece in wanted.pieces if piece.kind == "volume"
    }
    if document["findings"]:
        return document
    if any(piece.is_over for piece in wanted.pieces) and wanted.is_backed_up and not wanted.is_rebuild:
        projects = sorted({piece.project for piece in wanted.pieces})
        document["findings"] += backup.ask(known, ["run", *backup.options(projects, {})])["findings"]
        if document["findings"]:
            document["findings"].append(_left_alone(projects))
            return document
    for server in sorted({piece.server for piece in wanted.pieces if piece.kind == "database"}):
        pieces = [piece for piece in wanted.pieces if piece.kind == "database" and piece.server == server]
        _databases(known, server, pieces, wanted, document)
    for piece, row in rows.items():
        if piece.is_over:
            restore_volumes.put_in_place(known, piece, row, document)
    document["rto_s"] = round(time.time() - started, 2)
    if document["findings"]:
        return document
    _settle(known, wanted, document)
    _note(known, document, started)
    return document


def _left_alone(projects: Sequence[str]) -> dict[str, str]:
    fact = "what is there could not be backed up, so nothing was put in its place"
    step = "Mend that; or, where it cannot be read any more, restore with `--without-backup`"
    return {"id": "not-replaced", "resource": ", ".join(projects), "fact": fact, "next_step": step}


def change(checkout: Path, known: Fleet, wanted: Plan, approval: Approval, *, lock_wait_s: float = 0.0) -> dict[str, Any]:
    """
    Restore as an operation: confirmed, locked, kept in the history. Returns what `execute` does, with reason and report.

    No backup gate: a restore over something takes a fresh backup first, and a rebuild brings back what the gate would ask for.
    """
    document: dict[str, Any] = {}

    def run(context: Context) -> str:
        document.update(execute(known, wanted))
        context.facts["restore"] = dict(document)
        if document["findings"]:
            raise FlotillaError("; ".join(f"{row['id']}: {row['resource']}: {row['fact']}" for row in document["findings"]))
        return f"{len(document['pieces'])} restored"

    operation = Operation(
        name="restore",
        what=" ".join(wanted.lines).rstrip("."),
        level=wanted.level,
        stack=known.stack,
        project=wanted.pieces[0].project if len({piece.project for piece in wanted.pieces}) == 1 else None,
        steps=Sequential(steps=(Step(name="restore", run=run),)),
        is_gated=False,
    )
    try:
        report = mutate(checkout, operation, approval, lock_wait_s=lock_wait_s)
    except OperationFailedError as error:
        if not document:
            raise
        report = dict(error.document)
    return {**document, "reason": approval.reason, "report": report["report"]}


def _databases(known: Fleet, server: str, pieces: Sequence[Piece], wanted: Plan, document: dict[str, Any]) -> None:
    target = known.servers[server]
    password = secrets.token_urlsafe(32)
    reader = target.declaration["roles"]["db"]["address"]
    wish = {"password": password, "at": wanted.at, "label": wanted.label, "reader": reader}
    with _served(known, server, wish) as served:
        if "port" not in served:
            document["findings"] += served["findings"]
            return
        document |= {name: served[name] for name in ("recovered_until", "reached", "durations", "label")}
        with remote.connected(target) as connection:
            for piece in pieces:
                _pull(connection, piece, served, password, document)


def _pull(
    connection: remote.Connection, piece: Piece, served: Mapping[str, Any], password: str, document: dict[str, Any]
) -> None:
    facts = served["databases"].get(piece.name)
    if facts is None:
        resource = f"{piece.project}/database:{piece.name}"
        fact = f"backup {served['label']} has no database {piece.name}"
        document["findings"].append({"id": "wrong-database", "resource": resource, "fact": fact})
        return
    request = {
        **{name: served[name] for name in ("address", "port", "user")},
        "password": password,
        "source": piece.name,
        "target": piece.target,
        "replace": piece.name if piece.is_over else None,
        "facts": facts,
    }
    answer = _document(connection, connection.run([PULL], json.dumps(request)))
    document["pieces"].append({**piece.called, **answer})
    document["findings"] += answer["findings"]


@contextmanager
def _served(known: Fleet, stanza: str, wish: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """
    A restored cluster that answers, for as long as this lasts; or the findings of why there is none.
    """
    with remote.connected(known.keeper) as connection:
        process = connection.start([backup.COMMAND, "serve", stanza])
        if process.stdin is None or process.stdout is None:
            raise FlotillaError("ssh: it has no standard input. Nothing was restored. Try again.")
        try:
            process.stdin.write(f"{json.dumps(wish)}\n".encode())
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise FlotillaError(f"{connection.name}: it gave no answer. Nothing was restored. See its words above.")
            yield dict(json.loads(line))
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _settle(known: Fleet, wanted: Plan, document: dict[str, Any]) -> None:
    """
    Databases that came into the place of others get their rights from the role; a new cluster gets backups.
    """
    replaced = sorted({piece.server for piece in wanted.pieces if piece.is_over and piece.kind == "database"})
    for outcome in hosts.converge([known.servers[name] for name in replaced], is_dry=False) if replaced else ():
        if outcome.error:
            document["findings"].append({"id": "not-converged", "resource": outcome.server, "fact": outcome.error})
    if wanted.is_rebuild:
        words = ["run", *backup.options([piece.project for piece in wanted.pieces], {"full": True, "new-cluster": True})]
        document["findings"] += backup.ask(known, words)["findings"]


def _note(known: Fleet, document: Mapping[str, Any], started: float) -> None:
    rows = [
        {
            "at": int(started),
            "kind": "restore",
            "project": piece["project"],
            "source": f"{piece['kind']}:{piece['name']}",
            "label": document.get("label"),
            "rto_s": document["rto_s"],
            "recovered_until": document.get("recovered_until"),
            "rows": piece.get("rows"),
            "findings": [],
        }
        for piece in document["pieces"]
    ]
    backup.ask(known, ["note"], json.dumps(rows))


def _document(connection: remote.Connection, done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        raise FlotillaError(
            f"{connection.name}: no answer (exit code {done.returncode}). A database may have been restored in part. "
            f"See `\\l` on the server; what was there before is as it was."
        ) from None
