"""
The shape of the outputs document. `python -m components.outputs_shape` writes docs/outputs.schema.json from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired

from pulumi import Output
from pydantic import ConfigDict, SkipValidation, TypeAdapter, WithJsonSchema, with_config
from typing_extensions import TypedDict

SCHEMA = Path(__file__).parents[1] / "docs" / "outputs.schema.json"
VERSION: Literal[2] = 2

# What there is not is left out of the document: Pulumi's outputs have no empty values.
# What only the cloud knows: text once it is there.
Text = Annotated[Output[str], SkipValidation, WithJsonSchema({"type": "string"})]
TextOrNothing = Annotated[Output[str | None], SkipValidation, WithJsonSchema({"type": ["string", "null"]})]
_complete = with_config(ConfigDict(extra="forbid", arbitrary_types_allowed=True))


@_complete
class EnvironmentOutput(TypedDict):
    """
    Which environment this is.
    """

    name: str
    stack: str
    domain: str
    zones: Sequence[str]
    location: str
    registry: str
    budget_eur: NotRequired[float | None]


@_complete
class NetworkOutput(TypedDict):
    """
    The private network. `subnets` is {Hetzner's network zone: range}.
    """

    cidr: str
    subnets: Mapping[str, str]
    overlay: str
    ipv6: bool


@_complete
class ServerOutput(TypedDict):
    """
    One server; `type` and `location` are Hetzner's names. `host_key` is the public SSH key by which it is known.
    """

    ipv4: Text
    ipv6: NotRequired[TextOrNothing]
    private_ip: Text
    host_key: Text
    type: str
    location: str
    pool: str
    roles: Sequence[str]
    volume_gb: NotRequired[int | None]


@_complete
class EntryOutput(TypedDict):
    """
    Where requests get in. `kind` is `server`, `floating-ip` or `load-balancer`.
    """

    kind: str
    ipv4: Text
    ipv6: NotRequired[TextOrNothing]


@_complete
class ReleaseOutput(TypedDict):
    """
    A release that is served, with its share of the traffic in percent. `images` is {process: image with digest}.
    """

    images: Mapping[str, str]
    slot: str
    weight: int


@_complete
class ProcessOutput(TypedDict):
    """
    One program of a project; the first of its URLs is the main one. `schedule` is a job's, in cron's words.
    """

    kind: str
    urls: Sequence[str]
    redirects: Sequence[str]
    replicas: int
    strategy: str
    schedule: NotRequired[str | None]
    memory_mb: int
    cpus: float


@_complete
class DatabaseOutput(TypedDict):
    """
    A project's database, on the private network.
    """

    name: str
    server: str
    port: int
    extensions: Sequence[str]
    pool_size: int


@_complete
class BackupOutput(TypedDict):
    """
    How a project's data is backed up. `covers` names it: `database:<name>`, `volume:<name>`.
    """

    schedule: str
    retention: Mapping[str, int]
    offsite: NotRequired[str | None]
    drill_interval_days: int
    covers: Sequence[str]


@_complete
class ProjectOutput(TypedDict):
    """
    A project that is served. `processes` is by name; the main one is the first. `volumes` are names.
    """

    owner: str
    processes: Mapping[str, ProcessOutput]
    releases: Sequence[ReleaseOutput]
    database: NotRequired[DatabaseOutput | None]
    volumes: Sequence[str]
    backup: NotRequired[BackupOutput | None]
    slo: NotRequired[Mapping[str, float] | None]
    maintenance: bool


@_complete
class ReceiverOutput(TypedDict):
    """
    Who is told. Addresses that are secret are not here.
    """

    name: str
    kind: str


@_complete
class MonitoringOutput(TypedDict):
    """
    What is watched.
    """

    retention_days: int
    receivers: Sequence[ReceiverOutput]
    alerts: Sequence[str]


@_complete
class BackupsOutput(TypedDict):
    """
    The environment's policy for backups. `covers` names what is no project's: the ingress servers' certificates, which go under
    the project `ingress`.
    """

    schedule: str
    retention: Mapping[str, int]
    offsite: NotRequired[str | None]
    drill_interval_days: int
    covers: Sequence[str]


@_complete
class Outputs(TypedDict):
    """
    Version 2 of the document. `servers` and `projects` are by name; `unserved` are projects that have no release here yet.
    """

    version: Literal[2]
    environment: EnvironmentOutput
    network: NetworkOutput
    servers: Mapping[str, ServerOutput]
    entry: NotRequired[EntryOutput | None]
    projects: Mapping[str, ProjectOutput]
    unserved: Sequence[str]
    backup: NotRequired[BackupsOutput | None]
    monitoring: NotRequired[MonitoringOutput | None]


def schema() -> dict[str, Any]:
    """
    The document's JSON Schema.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The outputs of a Flotilla stack",
        **TypeAdapter(Outputs).json_schema(),
    }


def render_schema() -> str:
    """
    The schema's file.
    """
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(render_schema(), encoding="utf-8")
