"""
Who may log in to new servers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Output, ResourceOptions


@dataclass(frozen=True, kw_only=True)
class SshKeysArgs:
    """
    `public_keys` is {administrator: public key}.
    """

    public_keys: Mapping[str, str]
    labels: Mapping[str, str]


class SshKeys(pulumi.ComponentResource):
    """
    The administrators' public keys at Hetzner. A server gets them when it is made; a later change does not reach it.
    """

    key_ids: Output[list[str]]

    def __init__(self, name: str, args: SshKeysArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:access:SshKeys", name, None, opts)
        keys = [
            hcloud.SshKey(
                f"{name}-{administrator}",
                name=f"{name}-{administrator}-{_suffix(public_key)}",
                public_key=public_key,
                labels=args.labels,
                # Otherwise the engine would make every server anew with it, although they pass over their keys' changes.
                opts=ResourceOptions(parent=self, delete_before_replace=False),
            )
            for administrator, public_key in sorted(args.public_keys.items())
        ]
        self.key_ids = Output.all(*(key.id for key in keys))
        self.register_outputs({"key_ids": self.key_ids})


def _suffix(public_key: str) -> str:
    """
    Another key has another name, so that it can be there beside the one that it replaces.
    """
    return hashlib.sha256(public_key.encode()).hexdigest()[:8]
