"""
Words on diagrams, in the language of an environment's documents, and lists that stay short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops.dossier.words import Language


@dataclass(frozen=True)
class Speech:
    """
    Says things in one language: `speech("{count} servers", "{count} serveurs", count=3)`. What is filled in
    is never looked into.
    """

    language: Language

    def __call__(self, en: str, fr: str, **values: object) -> str:
        return (fr if self.language == "fr" else en).format(**values)

    def listed(self, names: Sequence[str], most: int = 6) -> str:
        """
        Names with commas; of more than `most`, the first ones and how many more there are.
        """
        if len(names) <= most:
            return ", ".join(names)
        return self(
            "{first} and {count} more",
            "{first} et {count} autres",
            first=", ".join(names[: most - 1]),
            count=len(names) - most + 1,
        )

    def few(self, lines: Sequence[str], most: int = 4) -> tuple[str, ...]:
        """
        Lines of their own; of more than `most`, the first ones and how many more there are.
        """
        if len(lines) <= most:
            return tuple(lines)
        return (*lines[: most - 1], self("and {count} more", "et {count} autres", count=len(lines) - most + 1))

    def when(self, schedule: str) -> str:
        """
        A schedule in cron's words as people say it, where it is one of the usual ones; else as it is.
        """
        minute, hour, day, month, weekday, *_ = [*schedule.split(), *[""] * 5]
        if not (minute.isdecimal() and month == "*"):
            return f"{schedule} UTC"
        if (hour, day, weekday) == ("*", "*", "*"):
            return self("hourly at minute {minute}", "chaque heure à la minute {minute}", minute=minute)
        if hour.isdecimal() and (day, weekday) == ("*", "*"):
            return self("daily at {time} UTC", "chaque jour à {time} UTC", time=f"{int(hour):02d}:{int(minute):02d}")
        return f"{schedule} UTC"
