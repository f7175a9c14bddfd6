"""
What the backup server was told by its role: where everything is, and what is asked of it. Secrets are in files beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path("/etc/flotilla/backup")
CONFIG = FOLDER / "config.json"
# Who owns the repositories, and who handles what servers hand over: the two never meet.
KEEPER = "flotilla-backup"
GUEST = "flotilla-restore"
METRICS = Path("/var/lib/prometheus/node-exporter")


@dataclass(frozen=True, kw_only=True)
class Stanza:
    """
    One database cluster. `databases` is {database: its project}.
    """

    name: str
    address: str
    port: int
    version: int
    data_directory: str
    databases: Mapping[str, str]

    @property
    def resource(self) -> str:
        """
        How findings call it.
        """
        return f"cluster:{self.name}"


@dataclass(frozen=True, kw_only=True)
class Source:
    """
    One piece of a project's data. `path` is a volume's, on its server; None for a database. `left_out` are names in it that are
    not fetched.
    """

    kind: str
    name: str
    server: str
    address: str
    path: str | None = None
    left_out: Sequence[str] = ()

    @property
    def covered(self) -> str:
        """
        How measures and findings call it: `database:ledger`, `volume:data`.
        """
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, kw_only=True)
class Project:
    """
    How a project is backed up. `longest_gap_s` is the longest time between two runs of its schedule.
    """

    name: str
    longest_gap_s: int
    retention: Mapping[str, int]
    drill_interval_days: int
    sources: tuple[Source, ...]


@dataclass(frozen=True, kw_only=True)
class Config:
    """
    All of it. `serve_port` is where a restored cluster answers while data is taken from it.
    """

    environment: str
    server: str
    address: str
    repository: Path
    serve_port: int
    stanzas: Mapping[str, Stanza]
    projects: Mapping[str, Project]
    offsite: Mapping[str, Any] | None

    @property
    def wal(self) -> Path:
        """
        Where the write-ahead log arrives.
        """
        return self.repository / "wal"

    @property
    def manifests(self) -> Path:
        """
        What backups are compared with.
        """
        return self.repository / "manifests"

    @property
    def records(self) -> Path:
        """
        The signed outcomes of restores.
        """
        return self.repository / "records"

    @property
    def staging(self) -> Path:
        """
        Copies of volumes, for the next difference to be small.
        """
        return self.repository / "staging"

    @property
    def scratch(self) -> Path:
        """
        Where backups are restored to be looked at.
        """
        return self.repository / "scratch"

    @property
    def lock(self) -> Path:
        """
        Held by whoever changes repositories.
        """
        return Path("/run/flotilla-backup/lock")

    def clusters_of(self, projects: Iterable[Project]) -> list[Stanza]:
        """
        The clusters that projects have databases in, each once, by name.
        """
        names = {wanted.server for project in projects for wanted in project.sources if wanted.kind == "database"}
        return [self.stanzas[name] for name in sorted(names)]

    def source_stanza(self, source: Source) -> Stanza:
        """
        The cluster that a database is in.
        """
        return self.stanzas[source.server]


def load(path: Path = CONFIG) -> Config:
    """
    The configuration in a file.
    """
    return parse(json.loads(path.read_text()))


def parse(document: Mapping[str, Any]) -> Config:
    """
    The configuration in a document, as the role writes it.
    """
    stanzas = {name: Stanza(name=name, **found) for name, found in document["stanzas"].items()}
    projects = {
        name: Project(name=name, **{**found, "sources": tuple(Source(**source) for source in found["sources"])})
        for name, found in document["projects"].items()
    }
    more = {"repository": Path(document["repository"]), "stanzas": stanzas, "projects": projects}
    return Config(**{**document, **more})
