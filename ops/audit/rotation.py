"""
Check `security`: secrets that people set are not older than the environment lets them be.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, date, datetime

from ops.audit.rule import Fault, unknown, warning
from ops.audit.scene import Fleet, Scene
from ops.audit.security import CHECK
from ops.report import Status
from settings.secret_records import Age, age_of, due_on
from settings.secrets import KEY


@CHECK.rule(
    "secret-overdue", Fleet, worst=Status.WARNING, holds="every secret has had another value within `secret_rotation_days`"
)
def secret_overdue(fleet: Fleet, scene: Scene) -> Iterator[Fault]:
    """
    By the records beside the encrypted values. A value that no record is of may be of any age.
    """
    told, today = scene.wanted["secrets"], datetime.fromtimestamp(scene.now, UTC).date()
    for name, day in told["set_on"].items():
        found, rotation_days = date.fromisoformat(day) if day else None, told["rotation_days"]
        age = age_of(found, today, rotation_days)
        if age is Age.UNKNOWN:
            yield unknown(
                of=name,
                message="how old the secret is cannot be said: no record is of the value that it has",
                evidence=f"flotilla:secret_records in Pulumi.{scene.stack}.yaml: {day or 'none of this value'}",
                fix=_command(name, scene.stack),
            )
        elif age is Age.OVERDUE and found is not None:
            yield warning(
                of=name,
                message=f"the secret was to have another value by {due_on(found, rotation_days)}",
                evidence=f"set on {found}, secret_rotation_days {rotation_days}",
                fix=_command(name, scene.stack),
            )


def _command(name: str, stack: str) -> str:
    """
    Another key of the environment takes more than a value.
    """
    words = ["runbook", "rotate-key"] if name == KEY else ["secrets", "set", name]
    return shlex.join(["flotilla", *words, "-s", stack])
