"""
Cron's five fields, as systemd writes the same times.
"""

from __future__ import annotations

import re

import pytest

from settings.schedule import on_calendar

SCHEDULES = [
    ("30 2 * * *", "*-*-* 02:30:00 UTC"),
    ("* * * * *", "*-*-* *:*:00 UTC"),
    ("*/15 * * * *", "*-*-* *:00,15,30,45:00 UTC"),
    ("5/20 * * * *", "*-*-* *:05,25,45:00 UTC"),
    ("0 8-18/5 * * *", "*-*-* 08,13,18:00:00 UTC"),
    ("0 0 1 */3 *", "*-01,04,07,10-01 00:00:00 UTC"),
    ("15 1 * * 1-5", "Mon,Tue,Wed,Thu,Fri *-*-* 01:15:00 UTC"),
    ("15 1 * * MON-fri", "Mon,Tue,Wed,Thu,Fri *-*-* 01:15:00 UTC"),
    ("0 0 * * 0", "Sun *-*-* 00:00:00 UTC"),
    ("0 0 * * 7", "Sun *-*-* 00:00:00 UTC"),
    ("0 0 * * 5-7", "Fri,Sat,Sun *-*-* 00:00:00 UTC"),
    ("0 0 * * */2", "Tue,Thu,Sat,Sun *-*-* 00:00:00 UTC"),
    ("0 0 29 feb *", "*-02-29 00:00:00 UTC"),
    ("59 23 31 1,12 *", "*-01,12-31 23:59:00 UTC"),
    ("0,30,0 0 * * *", "*-*-* 00:00,30:00 UTC"),
]


@pytest.mark.parametrize(("cron", "systemd"), SCHEDULES)
def test_schedule_for_systemd(cron: str, systemd: str) -> None:
    """A schedule is the same times for systemd, in UTC."""
    assert on_calendar(cron) == systemd


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("", "it needs five fields"),
        ("@daily", "it needs five fields"),
        ("* * * *", "it needs five fields"),
        ("* * * * * *", "it needs five fields"),
        ("0  2 * * *", "it needs five fields"),
        ("0 2 * * *\n", "the day of the week is neither"),
        ("60 * * * *", "the minute is 60 and not between 0 and 59"),
        ("0 24 * * *", "the hour is 24 and not between 0 and 23"),
        ("0 0 0 * *", "the day of the month is 0 and not between 1 and 31"),
        ("0 0 * 13 *", "the month is 13 and not between 1 and 12"),
        ("0 0 * * 8", "the day of the week is 8 and not between 0 and 7"),
        ("0 0 * JAM *", "the month has a name that is not one"),
        ("0 0 * * JAN", "the day of the week has a name that is not one"),
        ("5-1 * * * *", "the minute has a range that ends before it starts"),
        ("*/0 * * * *", "the minute has a step of 0"),
        ("*-5 * * * *", "the minute has a `*` that does not stand alone"),
        ("*,5 * * * *", "the minute has a `*` that does not stand alone"),
        ("1,,2 * * * *", "the minute is neither a number nor a list, range or step"),
        ("0 0 L * *", "the day of the month is neither a number"),
        ("\u0665 * * * *", "the minute is neither a number"),
        ("0 0 30 2 *", "there is no such day"),
        ("0 0 31 4,6 *", "there is no such day"),
        ("0 0 1 * 1", "both days of the month and days of the week"),
        ("1," * 60 + "1 * * * *", "it needs five fields"),
    ],
)
def test_what_is_no_schedule(cron: str, said: str) -> None:
    """What is no schedule, never comes, or means something else to cron than to systemd is refused, with the reason."""
    with pytest.raises(ValueError, match=re.escape(said)):
        on_calendar(cron)
