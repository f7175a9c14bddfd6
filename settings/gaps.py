"""
How long a schedule may be silent, so that silence beyond that means that something is wrong.
"""

from __future__ import annotations

import functools
import itertools
from datetime import date, timedelta

from settings.schedule import on_calendar

# Two years with a leap year in them.
FIRST_DAY = date(2027, 1, 1)
DAYS = 731
DAY_S = 86_400
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@functools.cache
def longest_gap_s(cron: str) -> int:
    """
    The longest time between two runs of a schedule, in seconds.
    """
    *weekdays, day, clock, _ = on_calendar(cron).split(" ")
    _, months, days = (_numbers(part) for part in day.split("-"))
    hours, minutes, _ = (_numbers(part) for part in clock.split(":"))
    names = set(weekdays[0].split(",")) if weekdays else set(WEEKDAYS)
    times = sorted(3600 * hour + 60 * minute for hour in hours or range(24) for minute in minutes or range(60))
    found = [
        DAY_S * index
        for index in range(DAYS)
        if _matches(FIRST_DAY + timedelta(days=index), months, days)
        and WEEKDAYS[(FIRST_DAY + timedelta(days=index)).weekday()] in names
    ]
    within = [later - earlier for earlier, later in itertools.pairwise(times)]
    between = [later + times[0] - earlier - times[-1] for earlier, later in itertools.pairwise(found)]
    return max([*within, *between], default=DAYS * DAY_S)


def _numbers(text: str) -> list[int]:
    return [] if text == "*" else [int(part) for part in text.split(",")]


def _matches(day: date, months: list[int], days: list[int]) -> bool:
    return (not months or day.month in months) and (not days or day.day in days)
