"""
What a project does otherwise in one environment: `environments.<stack>` over the rest of the file, before anything is
validated. Blocks are merged key by key; lists and single values are replaced as a whole. Errors point into the override if that
is where the value was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from settings.problems import Finding, Location, Problem, Source

ENVIRONMENTS = "environments"
# What a project is, whatever the environment.
FIXED = ("name", ENVIRONMENTS)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """
    A project's file as one environment has it. `replaced` are the places in `data` that the override has set; without a `stack`
    it is the file as it is written.
    """

    data: object
    source: Source
    stack: str | None = None
    replaced: frozenset[Location] = frozenset()

    def problem(self, finding: Finding) -> Problem:
        """
        The finding where it was written.
        """
        is_ours = any(finding.location[:end] in self.replaced for end in range(1, len(finding.location) + 1))
        return self.override_problem(finding) if is_ours else self.source.problem(finding)

    def override_problem(self, finding: Finding) -> Problem:
        """
        The finding inside the override, even if what it misses is nowhere: without the override it would not be there.
        """
        location = (ENVIRONMENTS, str(self.stack), *finding.location)
        return self.source.problem(Finding(location=location, fact=finding.fact, next_step=finding.next_step))


def written(data: object, source: Source) -> Variant:
    """
    The file as it is.
    """
    return Variant(data=data, source=source)


def environments_of(data: object, *otherwise: str) -> tuple[str, ...]:
    """
    The environments that the file lists, or `otherwise` if it has no such list.
    """
    listed = data.get(ENVIRONMENTS) if isinstance(data, dict) else None
    return tuple(listed) if isinstance(listed, dict) else otherwise


def variants(data: object, source: Source) -> dict[str, Variant]:
    """
    The file as each environment that it lists has it: {stack: variant}. None if it lists none or if the list has no such form.
    """
    overrides = data.get(ENVIRONMENTS) if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(overrides, dict):
        return {}
    return {
        stack: _variant(data, stack, override, source) for stack, override in overrides.items() if isinstance(override, dict)
    }


def check_fixed(data: object) -> Iterator[Finding]:
    """
    Keys in overrides that cannot differ.
    """
    overrides = data.get(ENVIRONMENTS) if isinstance(data, dict) else None
    for stack, override in overrides.items() if isinstance(overrides, dict) else ():
        for key in FIXED if isinstance(override, dict) else ():
            if key in override:
                yield Finding(
                    location=(ENVIRONMENTS, stack, key),
                    fact=f"`{key}` is the same in every environment",
                    next_step="Remove it here",
                )


def _variant(data: dict[str, Any], stack: str, override: Mapping[str, Any], source: Source) -> Variant:
    replaced: set[Location] = set()
    different = {key: value for key, value in override.items() if key not in FIXED}
    return Variant(data=_merged(data, different, (), replaced), source=source, stack=stack, replaced=frozenset(replaced))


def _merged(
    base: Mapping[str, Any], override: Mapping[str, Any], location: Location, replaced: set[Location]
) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        place = (*location, key)
        before = merged.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[key] = _merged(before, value, place, replaced)
        else:
            merged[key] = value
            replaced.add(place)
    return merged
