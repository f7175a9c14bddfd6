"""
What is secret in a fleet: all that must not be seen anywhere else than where it belongs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from hosts import keys, ssh_key
from tests.e2e.conftest import Fleet

REGISTRY = "    registry: registry.flotilla.test:5000\n"
REGISTRY_USER = "canary"


def log_in_to_the_registry(fleet: Fleet) -> None:
    """
    Give the fleet a login for its registry, which asks for none: what would become of the password is the same.
    """
    file = fleet.checkout / "Pulumi.local.yaml"
    assert REGISTRY in file.read_text()
    file.write_text(file.read_text().replace(REGISTRY, f"{REGISTRY}    registry_user: {REGISTRY_USER}\n"))
    fleet.run("openssl rand -hex 20 | flotilla secrets set registry -s local")


def known_secrets(fleet: Fleet) -> Iterator[str]:
    """
    Every secret of the stack, and what is derived from its key.
    """
    config = json.loads(fleet.run("pulumi config -s local --show-secrets --json").stdout)["flotilla:secrets"]
    values = config.get("objectValue") or json.loads(config["value"])
    yield from _leaves(values)
    yield base64.b64encode(f"{REGISTRY_USER}:{values['registry']}".encode()).decode()
    key = values["key"]
    for database in ("guestbook", "ledger"):
        yield from (keys.secret(key, "postgresql", database, kind, 1) for kind in ("owner", "app", "read"))
    yield from (keys.secret(key, "postgresql", name) for name in ("backup", "monitoring"))
    yield from (keys.secret(key, "backup", name) for name in ("pgbackrest", "restic"))
    yield ssh_key.private(key, "backup", "ssh").splitlines()[2]


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    else:
        yield str(value)
