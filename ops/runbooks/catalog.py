"""
Every runbook, and which one answers what.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from ops.errors import SettingsError
from ops.runbooks import (
    care,
    databases,
    disasters,
    growing,
    losses,
    machines,
    releases,
    restoring,
    secrets,
    servers,
    sites,
    upkeep,
    watching,
    ways_in,
)
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation

Build = Callable[[Names], Runbook]

BUILDS: tuple[Build, ...] = (
    *disasters.RUNBOOKS,
    *losses.RUNBOOKS,
    *servers.RUNBOOKS,
    *upkeep.RUNBOOKS,
    *sites.RUNBOOKS,
    *ways_in.RUNBOOKS,
    *databases.RUNBOOKS,
    *restoring.RUNBOOKS,
    *watching.RUNBOOKS,
    *releases.RUNBOOKS,
    *machines.RUNBOOKS,
    *growing.RUNBOOKS,
    *care.RUNBOOKS,
    *secrets.RUNBOOKS,
)


def every(names: Names) -> tuple[Runbook, ...]:
    """
    All of them, filled, in the order of the index.
    """
    order = list(Situation)
    return tuple(sorted((build(names) for build in BUILDS), key=lambda found: order.index(found.situation)))


def answering(runbooks: tuple[Runbook, ...]) -> Mapping[str, Runbook]:
    """
    {a runbook's own name, or that of an alert, a finding, a runbook elsewhere: the runbook}.
    """
    return {word: found for found in runbooks for word in (found.slug, *sorted(found.answers))}


def find(names: Names, word: str) -> Runbook:
    """
    The runbook of that name, or the one that answers an alert or a finding.

    Raises: SettingsError where there is none.
    """
    known = answering(every(names))
    if word in known:
        return known[word]
    near = get_close_matches(word, known, n=3)
    step = f"Did you mean {', '.join(near)}?" if near else f"`flotilla runbook -s {names.stack}` lists all of them."
    raise SettingsError(f"{word}: there is no such runbook. Nothing was done. {step}")
