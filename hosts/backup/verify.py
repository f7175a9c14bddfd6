"""
Trying a backup: restore it into a throw-away cluster, compare it with its manifest, recover on to the end of the log, and write
down, signed, what came of it and how long it took.

RTO is the time from the first byte restored to a cluster that takes connections, at the end of the log; comparing is not part
of it. RPO is how much of the present a restore would not have: the time between what the cluster's server had written when the
trial began and the last transaction that was recovered; 0 where everything was.
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hosts.backup import fingerprint, keys, pgbackrest, receivewal, restic, segments, signed, status, throwaway, volumes
from hosts.backup.config import Config, Project, Source, Stanza
from hosts.backup.errors import BackupError, Finding, failed
from hosts.backup.pgbackrest import Backup
from hosts.backup.session import SessionError

RENEW = "Take a full backup: `flotilla backup run --full`"


def verify(config: Config, projects: Sequence[Project], label: str | None, *, is_deep: bool) -> list[dict[str, Any]]:
    """
    Try the last backup (or the one of this label) of everything that these projects have. One record for each source; what is
    wrong with the repositories as a whole is in the records of all that are in them.
    """
    rows: list[dict[str, Any]] = []
    for stanza in config.clusters_of(projects):
        concerned = [(project, wanted) for project, wanted in _sources(projects, "database") if wanted.server == stanza.name]
        rows += _cluster(config, stanza, concerned, label, is_deep=is_deep)
    damage = restic.check(volumes.repository(config), "100%") if is_deep and _sources(projects, "volume") else []
    for project, wanted in _sources(projects, "volume"):
        rows.append(_volume(config, project, wanted, label, damage))
    return [keep(config, row) for row in rows]


def _sources(projects: Sequence[Project], kind: str) -> list[tuple[Project, Source]]:
    return [(project, wanted) for project in projects for wanted in project.sources if wanted.kind == kind]


def keep(config: Config, row: Mapping[str, Any]) -> dict[str, Any]:
    """
    Sign a record and keep it.
    """
    at = datetime.fromtimestamp(row["at"], UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{at}-{secrets.token_hex(2)}.json"
    path = config.records / row["project"] / row["source"].replace(":", "-") / name
    return signed.write(path, {"version": 1, "environment": config.environment, "server": config.server, **row}, keys.record())


def _cluster(
    config: Config, stanza: Stanza, concerned: Sequence[tuple[Project, Source]], label: str | None, *, is_deep: bool
) -> list[dict[str, Any]]:
    common: dict[str, Any] = {"at": int(time.time()), "label": label}
    findings: list[Finding] = []
    told: dict[str, list[Finding]] = {}
    try:
        facts = status.facts(config, stanza)
        findings += [found for found in status.of_cluster(stanza, facts) if found.id != "manifest-missing"]
        chosen = choose(stanza, facts.known.backups, label)
        common["label"] = chosen.label
        if is_deep:
            findings += pgbackrest.check_all(stanza)
        trial = _Trial(config, stanza, chosen)
        told = trial.run([wanted.name for _, wanted in concerned])
        common |= trial.measured
    except BackupError as error:
        findings.append(error.finding)
    # One that is restored from a damaged repository may be whole itself, and is not called good all the same.
    found_once = list(dict.fromkeys(findings))
    return [
        {
            **common,
            "project": project.name,
            "source": wanted.covered,
            "findings": [vars(found) for found in (*found_once, *told.get(wanted.name, ()))],
        }
        for project, wanted in concerned
    ]


def choose(stanza: Stanza, backups: Sequence[Backup], label: str | None) -> Backup:
    """
    The backup of a label; the last one without.

    Raises: BackupError where there is none.
    """
    found = [backup for backup in backups if label in (None, backup.label)]
    if not found:
        raise failed(
            "no-backup", stanza.resource, f"there is no backup{f' {label}' if label else ''}", "Run `flotilla backup run`"
        )
    return found[-1]


def choose_for_time(stanza: Stanza, backups: Sequence[Backup], at: float) -> Backup:
    """
    The backup that a moment is reached from: the last one that had ended by then.

    Raises: BackupError where that moment is before all of them.
    """
    found = [backup for backup in backups if backup.stopped < at]
    if not found:
        oldest = min((backup.stopped for backup in backups), default=None)
        told = f"; the first one ended at {datetime.fromtimestamp(oldest, UTC).isoformat()}" if oldest else ""
        raise failed("no-backup", stanza.resource, f"no backup is as old as that{told}", "Choose a later moment")
    return found[-1]


class _Trial:
    """
    One restore of a cluster. `measured` goes into the records.
    """

    def __init__(self, config: Config, stanza: Stanza, chosen: Backup) -> None:
        self.config, self.stanza, self.chosen = config, stanza, chosen
        self.measured: dict[str, Any] = {}

    def run(self, databases: Sequence[str]) -> dict[str, list[Finding]]:
        """
        What is wrong with each database.
        """
        manifest, written = self._manifest(), _position(self.stanza)
        with throwaway.restored(self.config, self.stanza, self.chosen) as cluster:
            cluster.recover_through(manifest["end"])
            started = time.monotonic()
            there = self._databases(cluster)
            told = {name: self._compared(cluster, name, manifest, there) for name in databases}
            compared_s = time.monotonic() - started
            cluster.go_on()
            self._measure(cluster, manifest, written, compared_s)
        return told

    def _manifest(self) -> dict[str, Any]:
        path = self.config.manifests / self.stanza.name / f"{self.chosen.label}.json"
        manifest = signed.read(path, keys.record())
        if manifest is None:
            fact = f"backup {self.chosen.label} has no genuine manifest, so a restore of it cannot be judged"
            raise failed("manifest-missing", self.stanza.resource, fact, "Run `flotilla backup run`")
        if manifest["version"] != fingerprint.VERSION:
            fact = f"the manifest of backup {self.chosen.label} was written by another version, which hashed content otherwise"
            raise failed("manifest-old", self.stanza.resource, fact, "Run `flotilla backup run`")
        if manifest["system_id"] != self.chosen.system_id or manifest["label"] != self.chosen.label:
            fact = f"backup {self.chosen.label} is of cluster {self.chosen.system_id}, its manifest of {manifest['system_id']}"
            raise failed("wrong-database", self.stanza.resource, fact, RENEW)
        return manifest

    @staticmethod
    def _databases(cluster: throwaway.Cluster) -> list[str]:
        with cluster.session("postgres") as session:
            return list(json.loads(session.ask("SELECT json_agg(datname)::text FROM pg_database WHERE NOT datistemplate")))

    def _compared(
        self, cluster: throwaway.Cluster, name: str, manifest: Mapping[str, Any], there: Sequence[str]
    ) -> list[Finding]:
        resource = f"database:{name}"
        wanted = manifest["databases"].get(name)
        if wanted is None or name not in there:
            where = "in the manifest" if wanted is None else "in what was restored"
            fact = f"backup {self.chosen.label} is not of this database: there is no `{name}` {where}"
            return [Finding(id="wrong-database", resource=resource, fact=fact, next_step=RENEW)]
        try:
            with cluster.session(name) as session:
                found = fingerprint.take(session, fingerprint.tables(session))
        except SessionError as error:
            fact = f"backup {self.chosen.label} cannot be read: {error}"
            return [Finding(id="unreadable", resource=resource, fact=fact, next_step=RENEW)]
        self.measured.setdefault("tables", {})[name] = len(found["tables"])
        self.measured.setdefault("rows", {})[name] = fingerprint.total_rows([found])
        return [
            Finding(id="content-differs", resource=resource, fact=f"backup {self.chosen.label}: {told}", next_step=RENEW)
            for told in fingerprint.differences(wanted, found)
        ]

    def _measure(
        self, cluster: throwaway.Cluster, manifest: Mapping[str, Any], written: Mapping[str, Any] | None, compared_s: float
    ) -> None:
        reached = cluster.require_end()
        steps = {name: round(seconds, 2) for name, seconds in cluster.durations.items()}
        self.measured |= {
            "restore_point": manifest["restore_point"],
            "recovered_until": cluster.last_transaction,
            "reached": reached,
            "rto_s": round(sum(cluster.durations.values()), 2),
            "rpo_s": rpo_s(written, reached, cluster.last_transaction),
            "steps_s": {**steps, "compare": round(compared_s, 2)},
            "bytes": self.chosen.size,
        }


def _position(stanza: Stanza) -> dict[str, Any] | None:
    """
    How far the server has come, and when, by this server's clock; None where it does not answer: then that is not known.
    """
    try:
        return {"position": receivewal.identity(stanza).position, "now": time.time()}
    except BackupError:
        return None


def rpo_s(written: Mapping[str, Any] | None, reached: str, last_transaction: str | None) -> float | None:
    """
    How much of the present is not in what was recovered, in seconds; None where nobody knows. Pure.
    """
    if written is None:
        return None
    if segments.offset(reached) >= segments.offset(written["position"]):
        return 0.0
    if last_transaction is None:
        return None
    at: float = datetime.fromisoformat(last_transaction).replace(tzinfo=UTC).timestamp()
    return max(0.0, round(float(written["now"]) - at, 2))


def _volume(config: Config, project: Project, wanted: Source, label: str | None, damage: Sequence[Finding]) -> dict[str, Any]:
    started = time.time()
    row: dict[str, Any] = {"at": int(started), "label": label, "project": project.name, "source": wanted.covered}
    findings = list(damage)
    try:
        throwaway.sweep(config)
        found = restic.snapshots(volumes.repository(config), volumes.tag(project, wanted))
        chosen = choose_snapshot(project, wanted, found, label)
        resource = volumes.resource(project, wanted)
        row["label"] = chosen.id
        manifest = snapshot_manifest(config, project, wanted, chosen.id)
        folder = config.scratch / f"volume-{secrets.token_hex(4)}"
        try:
            place = volumes.restore(config, project, wanted, chosen.id, folder)
            row["rto_s"] = round(time.time() - started, 2)
            row["rpo_s"] = round(started - chosen.at, 2)
            there = volumes.listed(place, {}, {})
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        row["files"] = len(there)
        findings += [
            Finding(id="content-differs", resource=resource, fact=f"snapshot {chosen.id}: {told}", next_step="Back up again")
            for told in volumes.differences(manifest["files"], there)
        ]
    except BackupError as error:
        findings.append(error.finding)
    return {**row, "findings": [vars(found) for found in dict.fromkeys(findings)]}


def choose_snapshot(project: Project, wanted: Source, found: Sequence[restic.Snapshot], label: str | None) -> restic.Snapshot:
    """
    The snapshot of this id; the last one without.

    Raises: BackupError where there is none.
    """
    chosen = [snapshot for snapshot in found if label in (None, snapshot.id)]
    if not chosen:
        fact = f"there is no snapshot{f' {label}' if label else ''}"
        raise failed("no-backup", volumes.resource(project, wanted), fact, "Run `flotilla backup run`")
    return chosen[-1]


def snapshot_manifest(config: Config, project: Project, wanted: Source, snapshot: str) -> dict[str, Any]:
    """
    What a snapshot of a volume has to have.

    Raises: BackupError where nobody noted it.
    """
    document = volumes.manifest(config, project, wanted, snapshot)
    if document is not None:
        return document
    fact = f"snapshot {snapshot} has no genuine manifest, so a restore of it cannot be judged"
    raise failed("manifest-missing", volumes.resource(project, wanted), fact, "Run `flotilla backup run`")


def due(config: Config, now: float) -> list[Project]:
    """
    The projects of which a source was not tried for as long as their policy says.
    """
    return [
        project
        for project in config.projects.values()
        if any(_is_due(config, project, wanted, now) for wanted in project.sources)
    ]


def _is_due(config: Config, project: Project, wanted: Source, now: float) -> bool:
    record = status.last_record(config, project, wanted)
    # Half a day early: the timer looks once a day, and must not be late by one.
    return record is None or now - record["at"] > project.drill_interval_days * status.DAY_S - status.DAY_S / 2
