"""
What the engine says while it works, from its event log (`--event-log`): one JSON object a line. Parsing is pure.

Values that are secret or not known yet are `SECRET` and `UNKNOWN` here, whatever the engine writes for them.

Source: sdk/go/common/apitype/events.go of Pulumi 3.259.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

SECRET: Final = "[secret]"  # noqa: S105 - what is shown in its place
UNKNOWN: Final = "[not known yet]"
COLOURS: Final = re.compile(r"<\{%.*?%\}>")
# sdk/go/common/resource: SigKey with SecretSig, and plugin.UnknownStringValue and its like for other types.
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - Pulumi's mark, no secret
UNKNOWN_VALUES: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # a text
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


class Change(StrEnum):
    """
    What becomes of a resource.
    """

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    IMPORT = "import"
    REFRESH = "refresh"


REFRESH: Final = Change.REFRESH.value
GONE: Final = "it is gone"
# The engine's operations by what they come to; the parts of a replacement are told once, by `replace`.
OPERATIONS: Final[Mapping[str, Change]] = {
    **{change.value: change for change in Change},
    "read-replacement": Change.READ,
    "import-replacement": Change.IMPORT,
    "discard": Change.READ,
    "discard-replaced": Change.READ,
}
PARTS: Final = frozenset({"create-replacement", "delete-replaced", "remove-pending-replace"})


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    What is about to happen to one resource. `before` and `after` are its inputs, `outputs` what it was before. `differing` are
    the paths of inputs that change, such as `rules[0].port`, and `replacing` the properties that no provider changes in place.
    """

    change: Change
    urn: str
    type: str
    parent: str = ""
    provider: str = ""
    id: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    differing: tuple[str, ...] = ()
    replacing: tuple[str, ...] = ()
    was_protected: bool = False
    is_protected: bool = False

    @property
    def name(self) -> str:
        """
        The resource's name in the program.
        """
        return self.urn.rpartition("::")[2]

    @property
    def properties(self) -> frozenset[str]:
        """
        The top-level inputs that change.
        """
        return frozenset(re.split(r"[.\[]", path, maxsplit=1)[0] for path in (*self.differing, *self.replacing))


@dataclass(frozen=True, kw_only=True)
class Finished:
    """
    A resource is done with; where it failed, a diagnostic says why. `differing`, of a refresh: the paths that the cloud has
    otherwise than the state. Only then is it known: the step before was told before the cloud was asked.
    """

    operation: str
    urn: str
    type: str
    is_ok: bool = True
    differing: tuple[str, ...] = ()

    @property
    def is_change(self) -> bool:
        """
        Whether something was to be done: not where it stays as it is, or is only looked at.
        """
        return self.operation not in ("same", REFRESH)


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """
    A message; `severity` is debug, info, info#err, warning or error.
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

    @property
    def is_stopping(self) -> bool:
        """
        Whether the engine goes no further because of it.
        """
        return self.level in ("mandatory", "remediate")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """
    The engine is done. `changes` is {operation: how many}; `packs` are the policy packs that were asked.
    """

    is_ok: bool
    is_preview: bool
    changes: Mapping[str, int]
    packs: tuple[str, ...] = ()


Event = Step | Finished | Diagnostic | Violation | Summary


def parse(lines: Iterable[str]) -> Iterator[Event]:
    """
    The events of a log in their order. Kinds that nobody here asks for are left out; so is a last line that was cut off.
    """
    for line in lines:
        try:
            written = json.loads(line)
        except ValueError:
            continue
        if (event := event_of(written)) is not None:
            yield event


def event_of(written: Mapping[str, Any]) -> Event | None:
    """
    One event of the log, or None for the kinds that nobody asks for.
    """
    if found := written.get("resourcePreEvent"):
        return _step(found["metadata"])
    if found := written.get("resOutputsEvent") or written.get("resOpFailedEvent"):
        metadata = found["metadata"]
        is_ok = "resOutputsEvent" in written
        differing = _drifted(metadata) if metadata["op"] == REFRESH else ()
        return Finished(operation=metadata["op"], urn=metadata["urn"], type=metadata["type"], is_ok=is_ok, differing=differing)
    if found := written.get("diagnosticEvent"):
        return diagnostic_of(found)
    if found := written.get("policyEvent"):
        return violation_of(found)
    if found := written.get("summaryEvent"):
        return Summary(
            is_ok=found.get("result") == "succeeded",
            is_preview=bool(found.get("isPreview")),
            changes=found.get("resourceChanges") or {},
            packs=tuple(name.partition("|")[0] for name in sorted(found.get("PolicyPacks") or {})),
        )
    return None


def diagnostic_of(found: Mapping[str, Any]) -> Diagnostic | None:
    """
    A message that stays; None for one that a display shows for a moment only, and for what is meant for debugging.
    """
    if found.get("ephemeral") or found["severity"] == "debug":
        return None
    return Diagnostic(severity=found["severity"], message=plain(found["message"]), urn=found.get("urn", ""))


def violation_of(found: Mapping[str, Any]) -> Violation:
    """
    What a policy pack reports.
    """
    return Violation(
        pack=found["policyPackName"],
        policy=found["policyName"],
        level=found["enforcementLevel"],
        message=plain(found["message"]),
        urn=found.get("resourceUrn", ""),
    )


def _step(metadata: Mapping[str, Any]) -> Step | None:
    if metadata["op"] in PARTS:
        return None
    old, new = metadata.get("old") or {}, metadata.get("new") or {}
    known = new or old
    return Step(
        change=OPERATIONS.get(metadata["op"], Change.UPDATE),
        urn=metadata["urn"],
        type=metadata["type"],
        parent=known.get("parent", ""),
        provider=known.get("provider", ""),
        id=old.get("id", ""),
        before=shown(old.get("inputs") or {}),
        after=shown(new.get("inputs") or {}),
        outputs=shown(old.get("outputs") or {}),
        differing=tuple(sorted(metadata.get("detailedDiff") or metadata.get("diffs") or _differing(old, new))),
        replacing=tuple(sorted(metadata.get("keys") or ())),
        was_protected=bool(old.get("protect")),
        is_protected=bool(new.get("protect")),
    )


def _drifted(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """
    What a refresh found to be otherwise.
    """
    if not metadata.get("new"):
        return (GONE,)
    return tuple(sorted(metadata.get("detailedDiff") or metadata.get("diffs") or ()))


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """
    The paths where inputs differ: for components, of which the engine only says that they do.
    """
    return list(_paths(old.get("inputs") or {}, new.get("inputs") or {}, "")) if old and new else []


def _paths(old: Any, new: Any, path: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _paths(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
    elif old != new:
        yield path


def shown(value: Any) -> Any:
    """
    A value with `SECRET` and `UNKNOWN` in the places of the engine's marks.
    """
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return SECRET
        return {key: shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return UNKNOWN if isinstance(value, str) and value in UNKNOWN_VALUES else value


def plain(text: str) -> str:
    """
    A message without the engine's marks for colours.
    """
    return COLOURS.sub("", text).strip()
