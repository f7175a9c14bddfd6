"""
One hosted project: what runs, where it answers, and how it is released.

Written in `projects/<name>.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.model import Model
from settings.values import (
    Argument,
    Count,
    EnvironmentVariable,
    FilePath,
    Flag,
    Hostname,
    ImageRepository,
    Megabytes,
    MountPath,
    Name,
    Person,
    Port,
    Seconds,
    Text,
    UrlPath,
    UserId,
    refuse,
)


class Kind(StrEnum):
    """
    What sort of program a project is.
    """

    WEB = "web"


class Strategy(StrEnum):
    """
    How a new release takes over: beside the old one without a gap, or after stopping it (downtime).
    """

    BLUE_GREEN = "blue-green"
    RECREATE = "recreate"


class Health(Model):
    """
    When a container counts as healthy. Docker runs `command` (or the image's own HEALTHCHECK) in it; HAProxy asks for `path`.
    """

    path: UrlPath = Field(description="Answers 200 when the app can serve.")
    command: tuple[Argument, ...] = Field(
        default=(), description="What Docker runs in the container; empty: the image's own HEALTHCHECK."
    )
    interval_s: Seconds = Field(default=5, description="Time between two checks.")
    timeout_s: Seconds = Field(default=3, description="A check that takes longer has failed. At most `interval_s`.")
    start_period_s: Seconds = Field(
        default=30, description="Failures before this age do not count: a slow start is no failure."
    )
    retries: Count = Field(default=3, description="This many failures in a row make it unhealthy.")


class Domain(Model):
    """
    One name that the project answers to. A plain string in the file is a whole `name`; exactly one of the two is set.
    """

    name: Hostname | None = Field(default=None, description="The whole name.")
    subdomain: Name | None = Field(default=None, description="The part before the environment's `domain`.")

    @model_validator(mode="before")
    @classmethod
    def _from_plain_string(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.name is None) == (self.subdomain is None):
            raise refuse("a domain is either a `name` or a `subdomain`", "Keep one of them")
        return self

    def hostname(self, base_domain: str) -> str:
        """
        The whole name, in an environment with this base domain.
        """
        return self.name or f"{self.subdomain}.{base_domain}"


class Volume(Model):
    """
    A folder that outlives the containers.
    """

    name: Name = Field(description="Its name, unique in the project.")
    path: MountPath = Field(description="Where the container sees it.")
    shared: Flag = Field(default=False, description="The app tolerates two releases, and several replicas, on it at once.")


class Limits(Model):
    """
    What one container may use at most.
    """

    memory_mb: Megabytes = Field(default=256, description="Memory; a container that takes more is killed.")
    cpus: Annotated[float, Field(strict=True, ge=0.05, le=64, allow_inf_nan=False)] = Field(
        default=0.5, description="Processor cores."
    )


class Project(Model):
    """
    One project, complete.
    """

    name: Name = Field(description="The project's name, the same as its file's.")
    owner: Person = Field(description="Who answers for it.")
    kind: Kind = Field(default=Kind.WEB, description="What sort of program it is.")
    image: ImageRepository = Field(
        description="Image repository without tag or digest; without a host it is in the environment's registry."
    )
    source: FilePath | None = Field(
        default=None, description="Folder with a Dockerfile that the sandbox builds the image from."
    )
    port: Port = Field(description="The port that the app listens on in its container.")
    health: Health = Field(description="When a container counts as healthy.")
    domains: Annotated[tuple[Domain, ...], Field(min_length=1)] = Field(
        description="The names that it answers to; the first is the main one."
    )
    replicas: Count = Field(default=1, description="How many containers of a release run at once.")
    strategy: Strategy = Field(default=Strategy.BLUE_GREEN, description="How a new release takes over.")
    user_id: UserId = Field(
        default=10001, description="The numeric user and group that it runs as and that own its volumes; never root."
    )
    volumes: tuple[Volume, ...] = Field(default=(), description="Folders that outlive the containers.")
    limits: Limits = Field(default=Limits(), description="What one container may use at most.")
    env: Mapping[EnvironmentVariable, Text] = Field(default={}, description="Environment variables; never secrets.")

    def hostnames(self, base_domain: str) -> tuple[str, ...]:
        """
        Every name that it answers to, in an environment with this base domain; the first is the main one.
        """
        return tuple(domain.hostname(base_domain) for domain in self.domains)
