"""
The names of an environment's secrets: what `flotilla:secrets` has, without the values.

    flotilla:secrets:
      projects:
        ledger: {SESSION_KEY: {secure: ...}}      for the processes of a project
      notifications: {ops: {secure: ...}}         addresses that alerts are sent to
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SECRETS = "secrets"
PROJECTS = "projects"
NOTIFICATIONS = "notifications"
# How Pulumi writes an encrypted value in the stack's file.
ENCRYPTED = "secure"


@dataclass(frozen=True, kw_only=True)
class SecretNames:
    """
    Which secrets have a value: {project: names}, and the names of addresses for alerts.
    """

    projects: Mapping[str, frozenset[str]]
    notifications: frozenset[str]


def read_names(written: object) -> SecretNames:
    """
    The names in `flotilla:secrets`; values are not looked at.
    """
    blocks = written if isinstance(written, dict) else {}
    projects = blocks.get(PROJECTS)
    return SecretNames(
        projects={name: _names(inner) for name, inner in (projects if isinstance(projects, dict) else {}).items()},
        notifications=_names(blocks.get(NOTIFICATIONS)),
    )


def _names(block: object) -> frozenset[str]:
    return frozenset(block) if isinstance(block, dict) else frozenset()
