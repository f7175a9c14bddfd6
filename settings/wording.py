"""
How values are shown in errors, and what people are told to do about them.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable

from pydantic_core import PydanticCustomError

REFUSED = "refused"
EXCERPT_CHARACTERS = 60


def excerpt(value: object) -> str:
    """
    A value as it is shown in an error: quoted, control characters escaped, never longer than a line.
    """
    try:
        text = repr(value) if isinstance(value, str) else reprlib.repr(value)
    except ValueError:
        text = "a very long number"
    return text if len(text) <= EXCERPT_CHARACTERS else f"{text[:EXCERPT_CHARACTERS]}..."


def refuse(fact: str, next_step: str) -> PydanticCustomError:
    """
    The error of a value that is not allowed; `settings.problems` renders both halves as they are.
    """
    return PydanticCustomError(REFUSED, "{fact}", {"fact": fact, "next_step": next_step})


def suggest(word: str, known: Iterable[str]) -> str:
    """
    The next step after a word that is not known: the nearest one that is, or all of them.
    """
    choices = sorted(known)
    nearest = difflib.get_close_matches(word[:100], choices, n=1, cutoff=0.6)
    return f"Write `{nearest[0]}` if you meant that" if nearest else f"Known are {', '.join(choices)}"
