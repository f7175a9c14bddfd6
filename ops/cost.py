"""
What a step of the engine does to the bill, in EUR per month. Pure.
"""

from __future__ import annotations

from typing import Final

from ops.costs import bill
from ops.events import Change, Step
from settings.billing import items_of

MAKING: Final = frozenset({Change.CREATE, Change.IMPORT})
BILLED: Final = MAKING | {Change.UPDATE, Change.REPLACE, Change.DELETE}


def difference(step: Step) -> float | None:
    """
    What the step adds per month, negative where it saves; None where a price is not known.
    """
    if step.change not in BILLED:
        return 0.0
    before = () if step.change in MAKING else items_of(step.type, step.name, step.before)
    after = () if step.change is Change.DELETE else items_of(step.type, step.name, step.after)
    found = bill.difference(before, after)
    return None if found.unpriced else float(bill.cents(found.eur))
