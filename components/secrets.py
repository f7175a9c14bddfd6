"""
A project's secrets, from the stack's configuration to files in its containers (DESIGN section 4).
"""

from __future__ import annotations

import asyncio
import base64
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions

from components.cluster import Cluster
from components.naming import suffix
from components.service import SecretFile


@dataclass(frozen=True, kw_only=True)
class SecretsArgs:
    """
    `values` is {name of the environment variable: value}, in plain. `after` has to be there before anybody uses them.
    """

    cluster: Cluster
    values: Mapping[str, Input[str]]
    after: Sequence[pulumi.Resource] = ()


class Secrets(pulumi.ComponentResource):
    """
    One swarm secret per name. Another value is another secret: containers move to it before the old one is removed.
    """

    names: Output[list[str]]

    def __init__(self, name: str, args: SecretsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:app:Secrets", name, None, opts)
        self._secrets = {key: self._secret(name, key, value, args) for key, value in sorted(args.values.items())}
        self.names = Output.all(*(secret.name for secret in self._secrets.values()))
        self.register_outputs({"names": self.names})

    def _secret(self, project: str, key: str, value: Input[str], args: SecretsArgs) -> docker.Secret:
        plain: Output[str] = Output.from_input(value)
        name: Output[str] = plain.apply(functools.partial(_secret_name, project, key))
        encoded: Output[str] = plain.apply(lambda text: base64.b64encode(text.encode()).decode())
        data: Output[str] = Output.secret(encoded)
        after = ResourceOptions(depends_on=list(args.after))
        return docker.Secret(
            f"{project}-{key}",
            # Names are no secrets, whatever they are made of.
            name=Output.unsecret(name),
            data=data,
            opts=ResourceOptions.merge(args.cluster.resource_options(self), after),
        )

    def files(self, keys: Iterable[str]) -> list[SecretFile]:
        """
        Those of these names, for a container.
        """
        chosen = ((key, self._secrets[key]) for key in keys)
        return [SecretFile(name=key, secret_id=secret.id, secret_name=secret.name) for key, secret in chosen]


async def _secret_name(project: str, key: str, value: str) -> str:
    """
    Computed on the side: the suffix takes longer than everything else about a secret.
    """
    return f"{project}-{key.lower()}-{await asyncio.to_thread(suffix, project, key, value)}"
