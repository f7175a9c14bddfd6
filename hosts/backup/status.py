"""
What there is of every source, read from the repositories, and what is wrong with it. Nothing here trusts a job's exit code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hosts.backup import keys, pgbackrest, restic, signed, volumes
from hosts.backup.config import Config, Project, Source, Stanza
from hosts.backup.errors import BackupError, Finding
from hosts.backup.pgbackrest import Backup, Information
from hosts.backup.restic import Snapshot

# As components/declarations/promises.py has it: a backup takes time, and a server may be restarted meanwhile.
GRACE_S = 6 * 3600
DAY_S = 86_400
RENEW = "Take a full backup: `flotilla backup run --full`"


@dataclass(frozen=True, kw_only=True)
class State:
    """
    One source: its last complete backup, and when one was last restored and compared. Times in seconds since 1970.
    """

    project: str
    source: str
    label: str | None
    at: int | None
    size: int | None
    verified_at: int | None
    verified_label: str | None
    backups: int


@dataclass(frozen=True, kw_only=True)
class ClusterFacts:
    """
    What the repository has of a cluster. `archived` is of the current archive.
    """

    known: Information
    labels: tuple[str, ...]
    archived: tuple[str, ...]
    manifests: frozenset[str]


def collect(config: Config, projects: Collection[Project], now: float) -> tuple[list[State], list[Finding]]:
    """
    The state of every source of these projects, and all that is wrong there.
    """
    findings: list[Finding] = []
    clusters: dict[str, ClusterFacts | None] = {}
    sources = [(project, wanted) for project in projects for wanted in project.sources]
    for stanza in config.clusters_of(projects):
        try:
            clusters[stanza.name] = facts(config, stanza)
        except BackupError as error:
            clusters[stanza.name] = None
            findings.append(error.finding)
    for name, found in clusters.items():
        if found:
            findings += of_cluster(config.stanzas[name], found)
    snapshots = _snapshots(config, sources, findings)
    states: list[State] = []
    for project, wanted in sources:
        if wanted.kind == "volume":
            state = _of_volume(config, project, wanted, snapshots) if snapshots is not None else None
        else:
            state = _of_database(config, project, wanted, clusters[wanted.server])
        if state:
            states.append(state)
            findings += of_state(project, wanted, state, now)
    return states, findings


def _snapshots(
    config: Config, sources: Iterable[tuple[Project, Source]], findings: list[Finding]
) -> dict[str, list[Snapshot]] | None:
    """
    {tag: snapshots}, asked for at once: restic needs a second for opening its repository. None where it does not open.
    """
    found: dict[str, list[Snapshot]] = {}
    repository = volumes.repository(config)
    if not any(wanted.kind == "volume" for _, wanted in sources) or not restic.exists(repository):
        return found
    try:
        for snapshot in restic.snapshots(repository):
            for tag in snapshot.tags:
                found.setdefault(tag, []).append(snapshot)
    except BackupError as error:
        findings.append(error.finding)
        return None
    return found


def facts(config: Config, stanza: Stanza) -> ClusterFacts:
    """
    Read a cluster's part of the repository.
    """
    known = pgbackrest.information(stanza)
    names = tuple(path.stem for path in sorted((config.manifests / stanza.name).glob("*.json")))
    key = keys.record()
    genuine = [name for name in names if signed.read(config.manifests / stanza.name / f"{name}.json", key)]
    return ClusterFacts(
        known=known,
        labels=tuple(pgbackrest.labels(stanza)) if known.backups else (),
        archived=tuple(pgbackrest.archived(stanza, known.archive_id)) if known.archive_id else (),
        manifests=frozenset(genuine),
    )


def of_cluster(stanza: Stanza, found: ClusterFacts) -> Iterator[Finding]:
    """
    What is wrong with a cluster's backups as they lie there: pure.
    """
    there = {backup.label for backup in found.known.backups}
    for label in found.labels:
        if label not in there and not found.known.is_running:
            fact = f"backup {label} was begun and not finished"
            yield Finding(id="backup-interrupted", resource=stanza.resource, fact=fact, next_step="Run `flotilla backup run`")
    for backup in found.known.backups:
        if backup.is_damaged:
            fact = f"backup {backup.label} has pages whose checksum was wrong on the database server"
            yield Finding(id="pages-damaged", resource=stanza.resource, fact=fact, next_step="See the database server's disk")
        if backup.label not in found.manifests:
            fact = f"backup {backup.label} has no genuine manifest, so a restore of it cannot be judged"
            yield Finding(id="manifest-missing", resource=stanza.resource, fact=fact, next_step="Run `flotilla backup run`")
    yield from _gaps(stanza, found)


def _gaps(stanza: Stanza, found: ClusterFacts) -> Iterator[Finding]:
    current = [backup for backup in found.known.backups if backup.archive_id == found.known.archive_id]
    missing = {name for backup in current for name in _needed(backup) if name not in found.archived}
    fulls = [backup for backup in current if backup.kind == "full"]
    if fulls:
        missing |= set(pgbackrest.gaps(found.archived, fulls[-1].start))
    for name in sorted(missing):
        fact = f"segment {name} of the log is missing in the archive"
        yield Finding(id="log-missing", resource=stanza.resource, fact=fact, next_step=RENEW)


def _needed(backup: Backup) -> Iterator[str]:
    from hosts.backup import segments

    yield from segments.between(backup.start, backup.stop) if backup.start[:8] == backup.stop[:8] else ()


def _of_volume(config: Config, project: Project, wanted: Source, snapshots: Mapping[str, Sequence[Snapshot]]) -> State:
    found = snapshots.get(volumes.tag(project, wanted), ())
    last = found[-1] if found else None
    return State(
        **_tried(config, project, wanted),
        label=last.id if last else None,
        at=last.at if last else None,
        size=volumes.size(config, project, wanted, last.id) if last else None,
        backups=len(found),
    )


def _of_database(config: Config, project: Project, wanted: Source, cluster: ClusterFacts | None) -> State | None:
    if cluster is None:
        return None
    current = cluster.known.backups
    newest = current[-1] if current else None
    return State(
        **_tried(config, project, wanted),
        label=newest.label if newest else None,
        at=newest.stopped if newest else None,
        size=newest.size if newest else None,
        backups=len(current),
    )


def _tried(config: Config, project: Project, wanted: Source) -> dict[str, Any]:
    """
    Which source it is, and its last restore that went well: what states of databases and of volumes have alike.
    """
    record = last_record(config, project, wanted)
    tried = {"verified_at": record and record["at"], "verified_label": record and record["label"]}
    return {"project": project.name, "source": wanted.covered, **tried}


def of_state(project: Project, wanted: Source, state: State, now: float) -> Iterator[Finding]:
    """
    What is wrong with what there is of one source: pure.
    """
    resource, next_step = volumes.resource(project, wanted), f"Run `flotilla backup run --project {project.name}`"
    if state.at is None:
        yield Finding(id="no-backup", resource=resource, fact="there is no backup", next_step=next_step)
    elif now - state.at > project.longest_gap_s + GRACE_S:
        fact = f"the last backup is {_age(now - state.at)} old, and there should be one every {_age(project.longest_gap_s)}"
        yield Finding(id="backup-old", resource=resource, fact=fact, next_step=next_step)


def _age(seconds: float) -> str:
    return f"{seconds / DAY_S:.1f} days" if seconds >= DAY_S else f"{seconds / 3600:.1f} hours"


def records(config: Config, project: Project, wanted: Source) -> list[dict[str, Any]]:
    """
    The genuine records of restores of a source, the oldest first.
    """
    folder = config.records / project.name / wanted.covered.replace(":", "-")
    key = keys.record()
    found = [signed.read(path, key) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    return [document for document in found if document]


def last_record(config: Config, project: Project, wanted: Source) -> dict[str, Any] | None:
    """
    The last restore that went well.
    """
    good = [document for document in records(config, project, wanted) if not document["findings"]]
    return good[-1] if good else None


def measures(states: Sequence[State], offsite_at: Mapping[str, int]) -> dict[str, list[tuple[dict[str, str], float]]]:
    """
    What Prometheus is told: pure. `offsite_at` is {"project/source": when it was last copied and the copy read}.
    """
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for state in states:
        labels = {"project": state.project, "source": state.source}
        values = {
            "flotilla_backup_success_timestamp_seconds": state.at,
            "flotilla_backup_size_bytes": state.size,
            "flotilla_backup_drill_timestamp_seconds": state.verified_at,
            "flotilla_backup_offsite_timestamp_seconds": offsite_at.get(f"{state.project}/{state.source}"),
        }
        for name, value in values.items():
            if value is not None:
                found.setdefault(name, []).append((labels, float(value)))
    return found
