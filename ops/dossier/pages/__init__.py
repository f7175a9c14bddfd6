"""
The pages of a dossier: each module here makes some of them, as pure functions of the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ops.diagrams import pages as diagrams
from ops.dossier.facts import Facts
from ops.dossier.page import Page
from ops.dossier.pages import (
    access,
    architecture,
    changes,
    compliance,
    costs,
    data,
    index,
    inventory,
    monitoring,
    network,
    policies,
    projects,
    secrets,
)
from ops.runbooks import pages as runbooks


def _one(page: Callable[[Facts], Page]) -> Callable[[Facts], Iterable[Page]]:
    return lambda facts: (page(facts),)


# In the order of the index.
PAGES: tuple[Callable[[Facts], Iterable[Page]], ...] = (
    _one(architecture.page),
    _one(inventory.page),
    _one(network.page),
    projects.pages,
    _one(data.page),
    _one(access.page),
    _one(secrets.page),
    _one(monitoring.page),
    runbooks.pages,
    _one(costs.page),
    _one(policies.page),
    _one(compliance.page),
    _one(changes.page),
    diagrams.pages,
)


def render(facts: Facts) -> tuple[Page, ...]:
    """
    The whole dossier, the index first.
    """
    others = [page for pages in PAGES for page in pages(facts)]
    return (index.page(facts, others), *others)
