"""
What an engine that was killed had begun: operations of which its state does not know how they ended.

An update that was cut short is made good by the next one, since the state still has the old inputs. A creation may have made
something that nobody knows of: it is looked for in the cloud by its name, taken into the state where it is there, and made
again where it is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import stack as stacks
from ops.errors import FlotillaError

TIMEOUT_S = 1800
CREATING = "creating"
STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True, kw_only=True)
class Pending:
    """
    One operation: creating, updating, deleting, reading or importing; `name` is what the cloud knows the resource by.
    """

    operation: str
    urn: str
    type: str
    name: str


def of(checkout: Path, stack: str, known: Mapping[str, str]) -> tuple[Pending, ...]:
    """
    What the stack's state has of them.
    """
    return in_state(exported(checkout, stack, known))


def exported(checkout: Path, stack: str, known: Mapping[str, str]) -> dict[str, Any]:
    """
    The state as the engine gives it out, what is secret still encrypted.
    """
    answer = stacks.engine(["stack", "export", "--stack", stack, "--non-interactive"], checkout, known)
    if answer.returncode != 0:
        raise FlotillaError(
            f"{stack}: its state cannot be read: {' '.join(answer.stderr.split())}. Nothing was done. See `pulumi stack ls`."
        )
    return dict(json.loads(answer.stdout))


def targets(document: Mapping[str, Any], left: Sequence[Pending]) -> list[str]:
    """
    What the clouds are asked about: what was begun and is in the state, and the stack itself, which costs nothing.
    """
    rows = (document.get("deployment") or {}).get("resources") or []
    begun = {row.urn for row in left}
    return [row["urn"] for row in rows if row["urn"] in begun or row["type"] == STACK_TYPE]


def in_state(document: Mapping[str, Any]) -> tuple[Pending, ...]:
    """
    The pending operations of an exported state.
    """
    rows = (document.get("deployment") or {}).get("pending_operations") or []
    return tuple(
        Pending(
            operation=row["type"],
            urn=row["resource"]["urn"],
            type=row["resource"]["type"],
            name=str((row["resource"].get("inputs") or {}).get("name", "")),
        )
        for row in rows
    )


def settle(checkout: Path, stack: str, known: Mapping[str, str]) -> str:
    """
    Have the engine take in, or forget, what was begun, and ask the clouds about the rest.
    """
    from ops import pending_found

    document = exported(checkout, stack, known)
    left = in_state(document)
    if not left:
        return "nothing is cut short any more"
    created = [row for row in left if row.operation == CREATING]
    arguments = ["refresh", "--yes", "--skip-preview", "--non-interactive", "--stack", stack, "--suppress-outputs"]
    found = {row.urn: id for row in created if (id := pending_found.id_of(row.type, row.name, known))}
    for urn, id in found.items():
        arguments += ["--import-pending-creates", urn, "--import-pending-creates", id]
    arguments += ["--clear-pending-creates"] if len(found) < len(created) else []
    for urn in targets(document, left):
        arguments += ["--target", urn]
    done = stacks.engine(arguments, checkout, known, timeout_s=TIMEOUT_S)
    if done.returncode != 0:
        raise FlotillaError(
            f"{stack}: {len(left)} operations that were cut short could not be settled: {' '.join(done.stderr.split())}. "
            f"See `pulumi refresh -s {stack}`."
        )
    return f"{len(left)} operations were cut short; {len(found)} resources that they had made are in the state now"
