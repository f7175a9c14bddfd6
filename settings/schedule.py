"""
Schedules as people write them: cron's five fields, and the same times as systemd's OnCalendar.

    30 2 * * *        each day at 02:30        *-*-* 02:30:00 UTC
    */15 * * * 1-5    Mondays to Fridays       Mon,Tue,Wed,Thu,Fri *-*-* *:00,15,30,45:00 UTC

Times are UTC. Stricter than cron: no `@daily`, and either days of the month or days of the week, because cron takes both as
"or" and systemd as "and".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# The most that a month ever has.
DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
LONGEST = 100


class _Field(NamedTuple):
    name: str
    lowest: int
    highest: int
    words: Sequence[str] = ()


# Day 7 is Sunday too.
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, MONTHS),
    _Field("day of the week", 0, 7, WEEKDAYS),
)
_PART = re.compile(r"(?P<first>\*|[0-9]{1,2}|[A-Z]{3})(-(?P<last>[0-9]{1,2}|[A-Z]{3}))?(/(?P<step>[0-9]{1,2}))?", re.ASCII)


def on_calendar(cron: str) -> str:
    """
    The schedule as systemd writes it.

    Raises: ValueError with what is wrong, if this is not a schedule or one that never comes.
    """
    texts = cron.split(" ") if len(cron) <= LONGEST else []
    if len(texts) != len(_FIELDS):
        raise ValueError("it needs five fields with one space between them: minute, hour, day, month, day of the week")
    minutes, hours, days, months, weekdays = (_values(field, text) for field, text in zip(_FIELDS, texts, strict=True))
    if days and weekdays:
        raise ValueError("it names both days of the month and days of the week")
    if days and months and min(days) > max(DAYS_OF_MONTH[month - 1] for month in months):
        raise ValueError("there is no such day")
    names = sorted({weekday % 7 for weekday in weekdays}, key=lambda weekday: (weekday - 1) % 7)
    prefix = ",".join(WEEKDAYS[weekday].capitalize() for weekday in names)
    return f"{prefix} *-{_joined(months)}-{_joined(days)} {_joined(hours)}:{_joined(minutes)}:00 UTC".lstrip()


def _joined(values: Sequence[int]) -> str:
    return ",".join(f"{value:02d}" for value in values) or "*"


def _values(field: _Field, text: str) -> list[int]:
    """
    Every value that a field names, in order; none for `*`.
    """
    found = {value for part in text.split(",") for value in _part(field, part)} if text != "*" else set()
    return sorted(found)


def _part(field: _Field, text: str) -> range:
    match = _PART.fullmatch(text.upper() if text.isascii() else "")
    if match is None:
        raise ValueError(f"the {field.name} is neither a number nor a list, range or step")
    is_any = match["first"] == "*"
    if is_any and (match["last"] or not match["step"]):
        raise ValueError(f"the {field.name} has a `*` that does not stand alone")
    first = field.lowest if is_any else _number(field, match["first"])
    # Without its end, a range goes to the end of the field, as in `5/15`.
    is_open = is_any or (match["step"] and not match["last"])
    last = (6 if field.words is WEEKDAYS else field.highest) if is_open else _number(field, match["last"] or match["first"])
    if last < first:
        raise ValueError(f"the {field.name} has a range that ends before it starts")
    step = int(match["step"] or 1)
    if step == 0:
        raise ValueError(f"the {field.name} has a step of 0")
    return range(first, last + 1, step)


def _number(field: _Field, text: str) -> int:
    if text.isdigit():
        value = int(text)
    elif text in field.words:
        value = field.words.index(text) + field.lowest
    else:
        raise ValueError(f"the {field.name} has a name that is not one")
    if not field.lowest <= value <= field.highest:
        raise ValueError(f"the {field.name} is {value} and not between {field.lowest} and {field.highest}")
    return value
