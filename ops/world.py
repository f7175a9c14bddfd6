"""
What a plan is made for: settings, releases and state, each as a digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops import stack as stacks
from ops.errors import SettingsError

# What decides on what a stack is to be, beside its own state.
SETTINGS: Final = ("Pulumi.yaml", "Pulumi.{stack}.yaml", "projects/*.yaml", "releases/{stack}.yaml")


@dataclass(frozen=True, kw_only=True)
class World:
    """
    What a plan was made for: digests of the settings, the releases and the state.
    """

    settings: str
    state: str


def world_of(checkout: Path, stack: str, known: Mapping[str, str]) -> World:
    """
    What a plan is made for, at this moment.

    Raises: SettingsError where there is no such stack.
    """
    answer = stacks.engine(["stack", "export", "--stack", stack, "--non-interactive"], checkout, known)
    if answer.returncode != 0:
        said = " ".join(answer.stderr.split())
        raise SettingsError(f"{stack}: its state cannot be read: {said}. Nothing was done. See `pulumi stack ls`.")
    return World(settings=digest_of_settings(checkout, stack), state=digest_of_state(json.loads(answer.stdout)))


def digest_of_settings(checkout: Path, stack: str) -> str:
    """
    One digest of the files that say what the stack is to be.
    """
    digest = hashlib.sha256()
    for pattern in SETTINGS:
        for path in sorted(checkout.glob(pattern.format(stack=stack))):
            digest.update(f"{path.relative_to(checkout)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def digest_of_state(document: Mapping[str, Any]) -> str:
    """
    One digest of what there is: when the state was written, and every resource with its id.
    """
    deployment = document.get("deployment") or {}
    rows = [[row["urn"], row.get("id", "")] for row in deployment.get("resources") or []]
    pending = [[row.get("type"), row.get("resource", {}).get("urn")] for row in deployment.get("pending_operations") or []]
    found = [deployment.get("manifest", {}).get("time"), rows, pending]
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()
