"""
One hosted project: what runs, where it answers, what it keeps, and how it is released.

Written in `projects/<name>.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from settings.canary import Canary
from settings.care import ProjectBackup
from settings.model import Model
from settings.process import Domain, Health, Kind, Limits, Process, Reservations, Strategy, Volume
from settings.values import Argument, DatabaseName, Extension, Flag, Generation, ImageRepository, Name, Person, Seconds

__all__ = [
    "Canary",
    "DataKind",
    "Database",
    "Domain",
    "Health",
    "Hooks",
    "Kind",
    "Limits",
    "Process",
    "Project",
    "ProjectBackup",
    "Reservations",
    "Slo",
    "Strategy",
    "Volume",
]


class Database(Model):
    """
    The project's own PostgreSQL database.
    """

    name: DatabaseName = Field(description="Its name; its users' names begin with it.")
    extensions: tuple[Extension, ...] = Field(default=(), description="PostgreSQL extensions that it has.")
    pool_size: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(
        default=10, description="How many connections the project's processes may have at once, all together."
    )
    generation: Generation = Field(
        default=1,
        description="Of its users' passwords. One more makes new ones; those of the generation before work until the next.",
    )
    imports: tuple[Volume, ...] = Field(
        default=(),
        description="Volumes that only the migration sees, such as one that the project kept its data in before. Processes of "
        "the release before may still write there: nothing is mounted for the others.",
    )
    migration_timeout_s: Seconds = Field(default=600, description="How long the migration may take.")
    migration: tuple[Argument, ...] = Field(
        default=(), description="What runs in the new release's container before it takes over; empty: nothing."
    )


class DataKind(StrEnum):
    """
    What the data of a project says about people.
    """

    PERSONAL = "personal"
    NONE = "none"


class Slo(Model):
    """
    What the project promises.
    """

    availability_percent: Annotated[float, Field(strict=True, ge=50, le=99.999, allow_inf_nan=False)] = Field(
        description="The share of requests that succeed, over 30 days."
    )
    latency_ms: Annotated[int, Field(strict=True, ge=1, le=60_000)] = Field(
        description="Of 100 requests, 95 are answered within this time."
    )


Command = Annotated[tuple[Argument, ...], Field(min_length=1)]


class Hooks(Model):
    """
    Commands around a release, each a list of its program and arguments: no shell reads them. They run in the checkout, with
    FLOTILLA_PROJECT, FLOTILLA_STACK and FLOTILLA_IMAGE in their environment.
    """

    before_deploy: tuple[Command, ...] = Field(
        default=(), description="Run before anything is changed; one that fails stops the release."
    )
    after_deploy: tuple[Command, ...] = Field(
        default=(), description="Run when the release serves; one that fails is noted, and the release serves on."
    )
    timeout_s: Seconds = Field(default=300, description="A command that takes longer is stopped, and has failed.")


class Project(Process):
    """
    One project, complete: its main process, and what belongs to all of its processes.
    """

    name: Name = Field(description="The project's name, the same as its file's.")
    owner: Person = Field(description="Who answers for it.")
    image: ImageRepository = Field(
        description="Image repository without tag or digest; without a host it is in the environment's registry."
    )
    processes: Mapping[Name, Process] = Field(
        default={},
        description="Further processes, by name, each with the keys `kind` to `secrets`. The main one is called like its kind.",
    )
    database: Database | None = Field(default=None, description="The project's PostgreSQL database. None: it has none.")
    backup: ProjectBackup | None = Field(
        default=None, description="What it does otherwise than the environment's backup policy."
    )
    data: DataKind | None = Field(
        default=None,
        description="Whether it keeps or sees data about people, in logs and backups too. `personal` needs an approval in "
        "the environment. None: nobody has said, which only the sandbox accepts.",
    )
    hooks: Hooks = Field(default=Hooks(), description="Commands before and after each of its releases.")
    slo: Slo | None = Field(default=None, description="What it promises. None: nothing.")
    canary: Canary = Field(default=Canary(), description="How a new release is tried on a share of the traffic.")
    maintenance: Flag = Field(default=False, description="The ingress answers 503 with a page instead of the project.")
    environments: Annotated[Mapping[Name, Mapping[str, Any]], Field(min_length=1)] | None = Field(
        default=None,
        description="The environments that it lives in, each with the keys that differ there; `{}`: as written. None: all.",
    )

    def lives_in(self, stack: str) -> bool:
        """
        Whether the project is there in this environment.
        """
        return self.environments is None or stack in self.environments

    def all_processes(self) -> dict[str, Process]:
        """
        Everything that runs, by name, ready to build: with the image, environment and secrets of the project. The main process
        is the first; a static one gets no secrets.
        """
        return {self.kind.value: self} | {name: self._complete(process) for name, process in self.processes.items()}

    def own_images(self) -> dict[str, str]:
        """
        The repositories of the processes that have one of their own: {process: repository}.
        """
        return {name: process.image for name, process in self.processes.items() if process.image not in (None, self.image)}

    def _complete(self, process: Process) -> Process:
        inherited: dict[str, Any] = {"env": {**self.env, **process.env}}
        if process.kind is not Kind.STATIC:
            inherited["secrets"] = tuple(dict.fromkeys((*self.secrets, *process.secrets)))
        if process.image is None:
            inherited |= {"image": self.image, "source": self.source}
            if "user_id" not in process.model_fields_set:
                inherited["user_id"] = self.user_id
        return process.model_copy(update=inherited)
