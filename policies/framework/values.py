"""
Properties as rules see them: plain values, `UNKNOWN` where a preview cannot know yet, `Secret` where Pulumi keeps it secret.

Pulumi's own proxies raise when an unknown value is touched, and a rule that raised says nothing more about the resource. Here
an unknown value is a value like others, so that a rule still finds what is wrong beside it. What was unknown in the preview
is checked by `up`, before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final


class Unknown:
    """
    A value that is computed when the plan is carried out. There is one, `UNKNOWN`.
    """

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("UNKNOWN is neither true nor false: compare with `is`, or read it with get(), text(), each(), lacks()")


UNKNOWN: Final = Unknown()


class Secret(str):
    """
    A text that is secret in Pulumi's state and never shown.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(...)"


def get(value: Any, path: str) -> Any:
    """
    What is at a path such as `taskSpec.containerSpec.image`: None when it is not there, UNKNOWN when that cannot be said.
    """
    for key in path.split("."):
        if value is UNKNOWN:
            return UNKNOWN
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def lacks(value: Any, path: str) -> bool:
    """
    Whether there is certainly nothing at the path: not there, null, or an empty text, list or mapping.
    """
    found = get(value, path)
    return found is None or (isinstance(found, str | Mapping | Sequence) and len(found) == 0)


def text(value: Any, path: str) -> str:
    """
    The text at the path; empty where there is none, where it is not known yet, and where it is not a text.
    """
    found = get(value, path)
    return found if isinstance(found, str) else ""


def number(value: Any, path: str) -> float | None:
    """
    The number at the path; None where there is none or it is not known yet.
    """
    found = get(value, path)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def each(value: Any, path: str) -> Iterator[Any]:
    """
    The known entries of the list at the path; none where there is no list or it is not known yet.
    """
    found = get(value, path)
    if isinstance(found, Sequence) and not isinstance(found, str):
        yield from (entry for entry in found if entry is not UNKNOWN)
