"""
One program that runs: a project's main one, or a further one beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from settings.model import Model
from settings.values import (
    Argument,
    Cores,
    Count,
    CronSchedule,
    EnvironmentVariable,
    FilePath,
    Flag,
    Hostname,
    ImageRepository,
    Megabytes,
    MountPath,
    Name,
    Port,
    RequestRate,
    Seconds,
    Text,
    UrlPath,
    UserId,
)
from settings.wording import refuse

STATIC_PORT = 8080
STATIC_PATH = "/"


class Kind(StrEnum):
    """
    What sort of program it is: `web` and `static` answer requests, a `worker` runs, a `job` starts on a schedule and ends.
    """

    WEB = "web"
    WORKER = "worker"
    STATIC = "static"
    JOB = "job"


class Strategy(StrEnum):
    """
    How a new release takes over: beside the old one without a gap, with a growing share, or after stopping it (downtime).
    """

    BLUE_GREEN = "blue-green"
    CANARY = "canary"
    RECREATE = "recreate"


class Health(Model):
    """
    When a container counts as healthy. Docker runs `command` (or the image's own HEALTHCHECK) in it; HAProxy asks for `path`.
    """

    path: UrlPath | None = Field(
        default=None, description="Answers 200 when it can serve. `web` needs one; `static` has `/` if nothing is said."
    )
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
    One name that a process answers to. A plain string in the file is a whole `name`; exactly one of the three is set.
    """

    name: Hostname | None = Field(default=None, description="The whole name.")
    subdomain: Name | None = Field(default=None, description="The part before the environment's `domain`.")
    apex: Literal[True] | None = Field(default=None, description="The environment's `domain` itself.")
    redirect: Flag = Field(default=False, description="Sends people to the main domain, which is the first that does not.")

    @model_validator(mode="before")
    @classmethod
    def _from_plain_string(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(part is not None for part in (self.name, self.subdomain, self.apex)) != 1:
            raise refuse("a domain is either a `name`, a `subdomain` or `apex: true`", "Keep one of them")
        return self

    def hostname(self, base_domain: str) -> str:
        """
        The whole name, in an environment with this base domain.
        """
        if self.apex:
            return base_domain
        return self.name or f"{self.subdomain}.{base_domain}"


class Volume(Model):
    """
    A folder that outlives the containers. Processes of a project that name the same one share it.
    """

    name: Name = Field(description="Its name in the project.")
    path: MountPath = Field(description="Where the container sees it.")
    shared: Flag = Field(
        default=False, description="It tolerates two releases, several replicas and several processes on it at once."
    )


class Limits(Model):
    """
    What one container may use at most.
    """

    memory_mb: Megabytes = Field(default=256, description="Memory; a container that takes more is killed.")
    cpus: Cores = Field(default=0.5, description="Processor cores.")


class Reservations(Model):
    """
    What one container is sure to get.
    """

    memory_mb: Megabytes = Field(description="Memory.")
    cpus: Cores = Field(description="Processor cores.")


class Process(Model):
    """
    One program that runs. Further ones have the image (with its `source` and `user_id`), `env` and `secrets` of their project.
    """

    kind: Kind = Field(default=Kind.WEB, description="What sort of program it is.")
    image: ImageRepository | None = Field(
        default=None,
        description="Image repository without tag or digest; without a host it is in the environment's registry. "
        "None: the project's image.",
    )
    source: FilePath | None = Field(
        default=None, description="Folder with a Dockerfile that the sandbox builds the image from."
    )
    command: tuple[Argument, ...] = Field(default=(), description="What runs in the container; empty: what the image says.")
    port: Port | None = Field(
        default=None, description="The port that it listens on in its container. `web` needs one; `static` has 8080."
    )
    health: Health | None = Field(
        default=None, description="When a container counts as healthy. `web` needs it; a `job` has none."
    )
    domains: tuple[Domain, ...] = Field(
        default=(),
        description="The names that it answers to; the first without `redirect` is the main one. `web` and `static` need one.",
    )
    rate_limit: RequestRate | None = Field(
        default=None,
        description="How many requests a second one client address may make, as the average of ten seconds; further ones are "
        "answered with 429. None: as many as it likes.",
    )
    replicas: Count = Field(default=1, description="How many containers of a release run at once.")
    strategy: Strategy = Field(default=Strategy.BLUE_GREEN, description="How a new release takes over.")
    schedule: CronSchedule | None = Field(default=None, description="When a `job` starts, as cron's five fields in UTC.")
    timeout_s: Annotated[int, Field(strict=True, ge=1, le=86_400)] = Field(
        default=3600, description="A `job` that takes longer is stopped."
    )
    stop_grace_s: Seconds = Field(default=30, description="Time to end after the signal to stop; then it is killed.")
    user_id: UserId = Field(
        default=10001, description="The numeric user and group that it runs as and that own its volumes; never root."
    )
    volumes: tuple[Volume, ...] = Field(default=(), description="Folders that outlive the containers.")
    limits: Limits = Field(default=Limits(), description="What one container may use at most.")
    reservations: Reservations | None = Field(
        default=None, description="What one container is sure to get. None: nothing is set aside."
    )
    env: Mapping[EnvironmentVariable, Text] = Field(default={}, description="Environment variables; never secrets.")
    secrets: tuple[EnvironmentVariable, ...] = Field(
        default=(),
        description="Names of secrets, whose values are in `flotilla:secrets`; each is a file, and `<NAME>_FILE` has its path.",
    )

    @model_validator(mode="before")
    @classmethod
    def _static_defaults(cls, value: object) -> object:
        """
        A static site listens on 8080 and is healthy when `/` answers, unless it says otherwise.
        """
        if not isinstance(value, dict) or value.get("kind") != Kind.STATIC:
            return value
        given = {key: inner for key, inner in value.items() if inner is not None or key not in ("port", "health")}
        health = given.get("health", {})
        if isinstance(health, dict):
            health = {"path": STATIC_PATH, **health}
        return {"port": STATIC_PORT, **given, "health": health}

    def hostnames(self, base_domain: str) -> tuple[str, ...]:
        """
        Every name that it answers to, in an environment with this base domain; the first is the main one.
        """
        return tuple(domain.hostname(base_domain) for domain in self.domains if not domain.redirect)

    def redirects(self, base_domain: str) -> tuple[str, ...]:
        """
        Every name that only sends people to the main one.
        """
        return tuple(domain.hostname(base_domain) for domain in self.domains if domain.redirect)
