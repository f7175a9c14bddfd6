"""
systemd itself understands every schedule that settings let through, and means the same times.
"""

from __future__ import annotations

import random
import subprocess
from datetime import UTC, datetime, timedelta

from settings.schedule import on_calendar

START = datetime(2026, 11, 20, 11, 7, tzinfo=UTC)
COUNT = 4


def _random_field(chance: random.Random, lowest: int, highest: int) -> str:
    first, last = sorted(chance.sample(range(lowest, highest + 1), 2))
    forms = ["*", f"*/{chance.randint(2, 9)}", f"{first}", f"{first}-{last}", f"{first},{last}", f"{first}-{last}/2"]
    return chance.choice(forms)


def _random_cron(chance: random.Random) -> str:
    minute, hour, month = _random_field(chance, 0, 59), _random_field(chance, 0, 23), _random_field(chance, 1, 12)
    day, weekday = chance.choice([("*", "*"), (_random_field(chance, 1, 28), "*"), ("*", _random_field(chance, 0, 6))])
    return f"{minute} {hour} {day} {month} {weekday}"


def _matches(field: str, value: int, lowest: int, highest: int) -> bool:
    """Whether a value is one of a cron field's, as plainly as possible."""
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = lowest if first == "*" else int(first)
        end = highest if first == "*" else int(last or first)
        if start <= value <= end and (value - start) % int(step or 1) == 0:
            return True
    return False


def _times(cron: str) -> list[datetime]:
    """The first times after the start, found by trying every minute of every day that fits."""
    minute, hour, day, month, weekday = cron.split(" ")
    found: list[datetime] = []
    date = START.replace(hour=0, minute=0)
    while len(found) < COUNT:
        fits = _matches(day, date.day, 1, 31) and _matches(month, date.month, 1, 12)
        if fits and _matches(weekday, date.isoweekday() % 7, 0, 6):
            minutes = (date + timedelta(minutes=number) for number in range(24 * 60))
            found += [
                at for at in minutes if at > START and _matches(hour, at.hour, 0, 23) and _matches(minute, at.minute, 0, 59)
            ]
        date += timedelta(days=1)
    return found[:COUNT]


def _systemd_times(calendar: str) -> list[datetime]:
    command = ["systemd-analyze", "calendar", f"--iterations={COUNT}", f"--base-time={START:%Y-%m-%d %H:%M:%S} UTC", calendar]
    answer = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
        env={"TZ": "UTC", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin"},
    )
    stamps = [
        line.partition(": ")[2].strip()
        for line in answer.stdout.splitlines()
        if line.strip().startswith(("Next elapse: ", "Iteration #", "Iter. #"))
    ]
    return [datetime.strptime(stamp, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC) for stamp in stamps]


def test_systemd_means_the_same_times() -> None:
    """A hundred schedules: the next times are the same, whether systemd or the cron fields are asked."""
    chance = random.Random(20261120)  # noqa: S311 - a sample that repeats, not a secret
    for cron in ("30 2 * * *", "0 0 * * 7", "0 0 29 2 *", *(_random_cron(chance) for _ in range(100))):
        plain = cron.replace(" 7", " 0") if cron.endswith(" 7") else cron
        assert _systemd_times(on_calendar(cron)) == _times(plain), cron
