"""
What the docker types share: the host, waiting with a bound, and objects that an interrupted create left behind.
"""

from __future__ import annotations

import contextlib
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

from sandbox.plugins.docker.fields import OWNER_LABEL
from sandbox.plugins.provider import Context, Provider, Resource

POLL_S: Final = 0.2
Client: TypeAlias = Any
"""docker.APIClient, whose published types leave out services and configs."""
_Found = TypeVar("_Found")


class DockerHost(Provider):
    """
    A provider that reaches a Docker host.
    """

    host: str

    @abstractmethod
    def api(self, login: Mapping[str, Any] | None = None) -> Client:
        """
        A client.
        """


class DockerResource(Resource):
    """
    A resource type of a Docker host.
    """

    auto_named = "name"
    docker_host: DockerHost

    def __init__(self, provider: DockerHost) -> None:
        super().__init__(provider)
        self.docker_host = provider

    @property
    def api(self) -> Client:
        """
        The client.
        """
        return self.docker_host.api()


def owned(labels: Mapping[str, str] | None, context: Context) -> dict[str, str]:
    """
    Labels with the mark of the resource that the object is made for.
    """
    return {**(labels or {}), OWNER_LABEL: context.urn}


def is_left_behind(labels: Mapping[str, str] | None, context: Context) -> bool:
    """
    Whether an object whose name is taken was made for this same resource. The engine creates only what its state does not have,
    and deletes first where a name stays the same: such an object comes from a create that was interrupted.
    """
    return (labels or {}).get(OWNER_LABEL) == context.urn


def api_error() -> Any:
    """
    The class of Docker's refusals. The client is imported when it is first needed: a preview needs none.
    """
    from docker.errors import APIError

    return APIError


def found_or_none(look: Callable[[], _Found]) -> _Found | None:
    """
    What is looked up, or None where Docker does not know it.
    """
    from docker.errors import NotFound

    with contextlib.suppress(NotFound):
        return look()
    return None


def wait_until(is_reached: Callable[[], bool], timeout_s: float, context: Context) -> bool:
    """
    Ask until it is so; False when time is up or the operation is cancelled.
    """
    deadline = time.monotonic() + timeout_s
    while not is_reached():
        if time.monotonic() > deadline or context.cancelled.wait(POLL_S):
            return False
    return True
