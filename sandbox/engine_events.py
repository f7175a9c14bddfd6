"""
What the engine said while it worked, read from its event log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.events import Diagnostic, Violation, diagnostic_of, violation_of

# What stands for a value that only an update brings. Source: pulumi 3, sdk/python/lib/pulumi/runtime/rpc.py, `UNKNOWN`.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
STACK = "pulumi:pulumi:Stack"


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
class Events:
    """
    One run of the engine. `outputs` are the stack's, with `UNKNOWN` in them where it was a preview.
    """

    steps: list[Step] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    outputs: Mapping[str, Any] = field(default_factory=dict)


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
    outputs: Mapping[str, Any] = {}
    for line in lines:
        event = json.loads(line)
        if found := event.get("resourcePreEvent"):
            steps.append(_step(found["metadata"]))
        elif found := event.get("diagnosticEvent"):
            if diagnostic := diagnostic_of(found):
                diagnostics.append(diagnostic)
        elif found := event.get("policyEvent"):
            violations.append(violation_of(found))
        elif (found := event.get("resOutputsEvent")) and found["metadata"]["type"] == STACK:
            outputs = (found["metadata"].get("new") or {}).get("outputs") or {}
    return Events(steps=steps, diagnostics=diagnostics, violations=violations, outputs=outputs)


def _step(metadata: Mapping[str, Any]) -> Step:
    state = metadata.get("new") or metadata.get("old") or {}
    return Step(
        operation=metadata["op"],
        urn=metadata["urn"],
        type=metadata["type"],
        inputs=state.get("inputs") or {},
        is_protected=bool(state.get("protect")),
    )
