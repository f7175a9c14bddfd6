"""
From the engine's steps to graded changes, each a plain line: what happens to what, of which project, who notices. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops import cost
from ops.confirm import Level
from ops.events import SECRET, Change, Step
from ops.risk import rule_of

FLEET: Final = "the fleet"
VERBS: Final[Mapping[Change, str]] = {
    Change.CREATE: "is made",
    Change.UPDATE: "changes",
    Change.REPLACE: "is made anew",
    Change.DELETE: "is removed",
    Change.IMPORT: "is taken over",
}
# Components that belong to a project and are called like it, or like one of its processes.
OF_PROJECTS: Final = (
    "flotilla:app:", "flotilla:ingress:Route", "flotilla:ingress:Site", "flotilla:network:Dns", "flotilla:data:Backup",
    "flotilla:data:Database", "flotilla:data:Migration",
)  # fmt: skip
NAMED_LIKE_PROJECTS: Final = ("flotilla:app:Secrets", "flotilla:ingress:Site", "flotilla:data:Database", "flotilla:data:Backup")
# The roles that names of resources end in.
ROLES: Final = re.compile(
    r"-(server|disk|attachment|address|firewall|group|network|balancer|ready|roles|mount|caddy|switch|timer|open|node|running"
    r"|configuration|folders|service|settled|interface)$"
)
DIGEST: Final = re.compile(r"@sha256:([0-9a-f]{8})[0-9a-f]{56}")
WORDS: Final[Mapping[str, str]] = {
    "serverType": "type",
    "size": "size in GB",
    "ipRange": "range",
    "deleteProtection": "protection from deletion",
    "rebuildProtection": "protection from rebuilding",
    "content": "leads to",
    "ttl": "TTL in s",
    "taskSpec.containerSpec.image": "release",
    "taskSpec.resources.limits.memoryBytes": "memory limit",
    "taskSpec.resources.limits.nanoCpus": "CPU limit",
    "mode.replicated.replicas": "replicas",
    "poolSize": "connections",
    "generation": "generation of its passwords",
    "zoneId": "zone",
    "budgetEur": "budget in EUR",
    "drillIntervalDays": "days between drills",
    "retentionDays": "days kept",
    "loadBalancerType": "type",
}
UNITS: Final[Mapping[str, tuple[int, str]]] = {"memoryBytes": (1024 * 1024, " MB"), "nanoCpus": (1_000_000_000, "")}
SHOWN_DETAILS: Final = 4
SHOWN_LENGTH: Final = 60


@dataclass(frozen=True, kw_only=True)
class Graded:
    """
    One change as a person reads it. `eur` is what it adds per month; None where a price is not known.
    """

    urn: str
    type: str
    change: Change
    level: Level
    project: str
    line: str
    reason: str
    downtime: str
    eur: float | None


def grade(steps: Iterable[Step], projects: Collection[str] = ()) -> tuple[Graded, ...]:
    """
    The changes, worst first, in the engine's order within a level. `projects` are those of the settings; ones that go are known
    by what goes.
    """
    chosen = tuple(steps)
    known = sorted({*projects, *_projects_of(chosen)}, key=len, reverse=True)
    gone = frozenset(step.urn for step in chosen if step.change is Change.DELETE)
    found = [graded for step in chosen if (graded := _graded(step, gone, known)) is not None]
    return tuple(sorted(found, key=lambda row: -row.level.rank))


def overall(changes: Iterable[Graded]) -> Level:
    """
    The level of all together: that of the worst.
    """
    return max((row.level for row in changes), key=lambda level: level.rank, default=Level.INFO)


def _graded(step: Step, gone: Collection[str], projects: Sequence[str]) -> Graded | None:
    rule = rule_of(step, gone)
    if rule is None:
        return None
    words = {
        "name": shown_name(step),
        "type": step.type,
        "verb": VERBS.get(step.change, "changes"),
        "gone": "removed" if step.change is Change.DELETE else "made anew",
        "details": ", ".join(details(step)) or "nothing that is shown",
        **{key: _text(step.after.get(key), key) for key in ("serverType", "location", "size")},
        "image": _text(_at(step.after, "taskSpec.containerSpec.image"), "image"),
    }
    return Graded(
        urn=step.urn,
        type=step.type,
        change=step.change,
        level=rule.level,
        project=project_of(step, projects),
        line=rule.says.format(**words),
        reason=rule.reason,
        downtime=rule.downtime,
        eur=cost.difference(step),
    )


def shown_name(step: Step) -> str:
    """
    What the thing is called: without the role that its name in the state ends in.
    """
    if step.type.startswith("cloudflare:index/dnsRecord"):
        known = step.after or step.before
        return f"{known.get('name', step.name)} {known.get('type', '')}".strip()
    return ROLES.sub("", step.name)


def project_of(step: Step, projects: Sequence[str]) -> str:
    """
    The project that it belongs to, or the fleet. `projects` are the longest first.
    """
    owner = step.urn if step.type.startswith("flotilla:") else step.parent
    parts = owner.split("::")
    if len(parts) < 4 or not parts[2].rpartition("$")[2].startswith(OF_PROJECTS):
        return FLEET
    return next((name for name in projects if parts[3] == name or parts[3].startswith(f"{name}-")), FLEET)


def _projects_of(steps: Iterable[Step]) -> set[str]:
    return {step.name for step in steps if step.type in NAMED_LIKE_PROJECTS}


def details(step: Step) -> list[str]:
    """
    What changes, as `type cx23 -> cx33`: plain values with both sides, all else by name.
    """
    if step.change not in (Change.UPDATE, Change.REPLACE):
        return []
    paths = step.differing or step.replacing
    found = list(dict.fromkeys(_detail(step, path) for path in paths if not path.startswith("__")))
    return found if len(found) <= SHOWN_DETAILS else [*found[:SHOWN_DETAILS], f"and {len(found) - SHOWN_DETAILS} more"]


def _detail(step: Step, path: str) -> str:
    before, after = _at(step.before, path), _at(step.after, path)
    word = WORDS.get(path) or path.removeprefix("taskSpec.").removeprefix("containerSpec.")
    if any(isinstance(value, dict | list) for value in (before, after)) or before == after:
        return WORDS.get(path, _top(path))
    old, new = _text(before, path), _text(after, path)
    if max(len(old), len(new)) > SHOWN_LENGTH or "\n" in old + new:
        return word
    return f"{word} {old} -> {new}"


def _top(path: str) -> str:
    return re.split(r"\[", path, maxsplit=1)[0].removeprefix("taskSpec.").removeprefix("containerSpec.")


def _at(value: Any, path: str) -> Any:
    """
    The value at a path such as `rules[0].port`; None where there is none.
    """
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        if key and isinstance(value, Mapping):
            value = value.get(key.strip('"'))
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value


def _text(value: Any, path: str) -> str:
    if value is None:
        return "none"
    if value == SECRET:
        return SECRET
    for ending, (divisor, unit) in UNITS.items():
        if path.endswith(ending) and isinstance(value, int | float):
            return f"{value / divisor:g}{unit}"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    return DIGEST.sub(r" \1", str(value)).rpartition("/")[2] if "@sha256:" in str(value) else str(value)
