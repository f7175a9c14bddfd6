"""
What the engine said while it worked, read from its event log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

COLOURS: Final = re.compile(r"<\{%.*?%\}>")


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    What would happen to one resource: `operation` is create, update, replace, delete, same or read. `inputs` as the engine has
    them: secrets and unknown values are placeholders.
    """

    operation: str
    urn: str
    type: str
    inputs: Mapping[str, Any]
    is_protected: bool

    @property
    def name(self) -> str:
        """
        The resource's name in the program.
        """
        return self.urn.rpartition("::")[2]

    @property
    def compared(self) -> dict[str, Any]:
        """
        What makes this step differ from the same resource's in another preview.
        """
        return {**self.inputs, "protect": self.is_protected}


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """
    A message; `severity` is info, info#err, warning or error.
    """

    severity: str
    message: str
    urn: str


@dataclass(frozen=True, kw_only=True)
class Violation:
    """
    A policy that was not held; `level` is advisory, mandatory or remediate.
    """

    pack: str
    policy: str
    level: str
    message: str
    urn: str


@dataclass(frozen=True, kw_only=True)
class Events:
    """
    One run of the engine.
    """

    steps: list[Step] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)


def read_events(path: Path) -> Events:
    """
    The log as far as it was written; an engine that never came to work has none.
    """
    return parse(path.read_text().splitlines()) if path.exists() else Events()


def parse(lines: Iterable[str]) -> Events:
    """
    Events of kinds that nobody here asks for are left out.
    """
    steps, diagnostics, violations = [], [], []
    for line in lines:
        event = json.loads(line)
        if found := event.get("resourcePreEvent"):
            steps.append(_step(found["metadata"]))
        elif found := event.get("diagnosticEvent"):
            if not found.get("ephemeral"):
                diagnostics.append(
                    Diagnostic(severity=found["severity"], message=plain(found["message"]), urn=found.get("urn", ""))
                )
        elif found := event.get("policyEvent"):
            violations.append(
                Violation(
                    pack=found["policyPackName"],
                    policy=found["policyName"],
                    level=found["enforcementLevel"],
                    message=plain(found["message"]),
                    urn=found.get("resourceUrn", ""),
                )
            )
    return Events(steps=steps, diagnostics=diagnostics, violations=violations)


def _step(metadata: Mapping[str, Any]) -> Step:
    state = metadata.get("new") or metadata.get("old") or {}
    return Step(
        operation=metadata["op"],
        urn=metadata["urn"],
        type=metadata["type"],
        inputs=state.get("inputs") or {},
        is_protected=bool(state.get("protect")),
    )


def plain(text: str) -> str:
    """
    A message without the engine's marks for colours.
    """
    return COLOURS.sub("", text).strip()
