"""
How the swarm's servers log in to the registry that images come from.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pulumi_docker as docker
from pulumi import Output

from components.naming import suffix

LABEL = "flotilla.registry-login"


@dataclass(frozen=True, kw_only=True)
class RegistryLogin:
    """
    `address` is the registry's host, and port if it has one; `password` is plain.

    Services get it from the provider and not from their own `auth`: another `auth` would replace each of them, and one with a
    fixed name is gone until the next one has started. Source: resource_docker_service.go of terraform-provider-docker, which
    the official provider is made from, read 2026-11-26.
    """

    address: str
    user: str
    password: str = field(repr=False)

    def for_provider(self) -> docker.ProviderRegistryAuthArgs:
        """
        As the docker provider takes it.
        """
        return docker.ProviderRegistryAuthArgs(address=self.address, username=self.user, password=Output.secret(self.password))

    def labels(self, image: str) -> list[docker.ServiceLabelArgs] | None:
        """
        The label of a service that runs this image, if the image is from here. It changes with the login, so that the service
        is updated then: a swarm pulls with the login that a service was last updated with, also onto a server that comes later.
        Containers that run go on running.
        """
        if image.partition("/")[0] != self.address:
            return None
        value: Output[str] = Output.secret(self.password).apply(self._suffix)
        # It costs something to guess from, like the names of secrets.
        return [docker.ServiceLabelArgs(label=LABEL, value=Output.unsecret(value))]

    async def _suffix(self, password: str) -> str:
        return await asyncio.to_thread(suffix, self.address, self.user, password)
