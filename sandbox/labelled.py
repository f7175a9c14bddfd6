"""
Docker objects by their instance label: what an instance owns is found here even when all of its files are lost.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.instance import BLOCK_LABEL, CHECKOUT_LABEL, HOST_LABEL, INSTANCE_LABEL, Instance, exists


@dataclass(frozen=True)
class Owner:
    """
    An instance as the labels of its Docker objects tell it.
    """

    id: str
    checkout: Path
    block: int
    host: str = ""

    @property
    def is_dead(self) -> bool:
        """
        True when the checkout that made these objects was on this host and is no longer there.
        """
        return self.host == socket.gethostname() and not exists(self.checkout)

    def as_instance(self) -> Instance:
        """
        The instance as far as names, labels and addresses go.
        """
        return Instance(self.id, self.checkout, self.block)


def owners(client: Any) -> set[Owner]:
    """
    Every instance that owns a container, network or volume on this Docker daemon.
    """
    found = set()
    for labels in _all_labels(client):
        try:
            found.add(
                Owner(
                    labels[INSTANCE_LABEL], Path(labels[CHECKOUT_LABEL]), int(labels[BLOCK_LABEL]), labels.get(HOST_LABEL, "")
                )
            )
        except (KeyError, ValueError):
            continue  # somebody else's label that happens to look like ours
    return found


def _all_labels(client: Any) -> Iterable[dict[str, str]]:
    chosen = {"label": INSTANCE_LABEL}
    api = client.api
    for row in api.containers(all=True, filters=chosen):
        yield row.get("Labels") or {}
    for row in api.networks(filters=chosen):
        yield row.get("Labels") or {}
    for row in api.volumes(filters=chosen).get("Volumes") or []:
        yield row.get("Labels") or {}


def of(instance: Instance, *more: str) -> dict[str, list[str]]:
    """
    Docker's filter for what belongs to an instance and has these labels too.
    """
    return {"label": [f"{INSTANCE_LABEL}={instance.id}", *more]}
