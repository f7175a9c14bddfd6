"""
The language that documents about an environment are written in: `flotilla:language` in `Pulumi.<stack>.yaml`.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from settings.problems import Finding
from settings.wording import excerpt, suggest

LANGUAGE = "language"
Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT: Language = "en"


def read_language(value: Any) -> tuple[Language, list[Finding]]:
    """
    The language that is asked for, and what is wrong with it; English where nothing is said.
    """
    if value is None:
        return DEFAULT, []
    for language in LANGUAGES:
        if value == language:
            return language, []
    shown = excerpt(value) if isinstance(value, str) else "this"
    finding = Finding(location=(), fact=f"{shown} is no language of documents", next_step=suggest(str(value), LANGUAGES))
    return DEFAULT, [finding]
