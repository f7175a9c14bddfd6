"""
When each secret was set: `flotilla:secret_records` in `Pulumi.<stack>.yaml`, which `flotilla secrets set` writes.

    flotilla:secret_records:
      projects.ledger.API_TOKEN: {since: "2026-11-26", of: sha256:0123456789ab}

`of` begins the digest of the encrypted value as the file has it, and tells nothing of the value. Where the file has another
encrypted value by now, nobody knows when that one was set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from settings.model import Model
from settings.problems import Finding, validate
from settings.secrets import ENCRYPTED, KEY, NOTIFICATIONS, OFFSITE, PROJECTS, REGISTRY, SecretNames
from settings.values import Day

RECORDS = "secret_records"
DIGEST = r"^sha256:[0-9a-f]{12}$"
DIGITS = 12

SecretPath = tuple[str, ...]
"""Where a secret is in `flotilla:secrets`: `("projects", "ledger", "API_TOKEN")`."""


class Age(StrEnum):
    """
    How a secret is on a day. `UNKNOWN`: no record is of the value that it has.
    """

    UNKNOWN = "unknown"
    OVERDUE = "overdue"
    GOOD = "good"


class SecretRecord(Model):
    """
    When an encrypted value was set, and which one it was.
    """

    since: Day = Field(description="The day on which it was set.")
    of: Annotated[str, Field(pattern=DIGEST)] = Field(description="How the digest of the encrypted value begins.")


class SecretRecords(Model):
    """
    {name of a secret: its record}. Those of secrets that are gone do no harm.
    """

    records: Mapping[str, SecretRecord]


def paths(names: SecretNames) -> list[SecretPath]:
    """
    Every secret that has a value, in the order in which documents have them.
    """
    return [
        *([(KEY,)] if names.has_key else []),
        *((PROJECTS, project, name) for project, found in sorted(names.projects.items()) for name in sorted(found)),
        *((NOTIFICATIONS, name) for name in sorted(names.notifications)),
        *((OFFSITE, name) for name in sorted(names.offsite)),
        *([(REGISTRY,)] if names.has_registry else []),
    ]


def read_records(value: Any) -> tuple[Mapping[str, SecretRecord], list[Finding]]:
    """
    The records, and what is wrong with them; none where nothing is said.
    """
    if value is None:
        return {}, []
    found, findings = validate(SecretRecords, {"records": value})
    mended = [Finding(location=row.location[1:], fact=row.fact, next_step=row.next_step) for row in findings]
    return (found.records if found else {}), mended


def set_on(path: SecretPath, in_file: Any, records: Mapping[str, SecretRecord]) -> date | None:
    """
    The day on which a secret got the value that it has; None where no record is of it. `in_file` is the file's own
    `flotilla:secrets`.
    """
    record, current = records.get(".".join(path)), digest(path, in_file)
    return record.since if record and record.of == current else None


def digest(path: SecretPath, in_file: Any) -> str | None:
    """
    What a record of a secret's encrypted value has; None where there is none.
    """
    for part in (*path, ENCRYPTED):
        in_file = in_file.get(part) if isinstance(in_file, Mapping) else None
    if not isinstance(in_file, str):
        return None
    return f"sha256:{hashlib.sha256(in_file.encode()).hexdigest()[:DIGITS]}"


def due_on(set_day: date, rotation_days: int) -> date:
    """
    The day on which a secret is to have another value.
    """
    return set_day + timedelta(days=rotation_days)


def age_of(set_day: date | None, today: date, rotation_days: int) -> Age:
    """
    On the day on which it is due, a secret is good still; a day to come is none on which it was set.
    """
    if set_day is None or set_day > today:
        return Age.UNKNOWN
    return Age.OVERDUE if due_on(set_day, rotation_days) < today else Age.GOOD
