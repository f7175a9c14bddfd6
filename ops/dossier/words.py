"""
Words in the languages that documents are written in.
"""

from __future__ import annotations

from dataclasses import dataclass

from settings.language import LANGUAGES, Language

__all__ = ["LANGUAGES", "Language", "Words"]


@dataclass(frozen=True, kw_only=True)
class Words:
    """
    One text in every language, beside where it is used. `{names}` in it are filled by `ops.dossier.page.say`.
    """

    en: str
    fr: str

    def of(self, language: Language) -> str:
        """
        The text in one language.
        """
        return self.fr if language == "fr" else self.en
