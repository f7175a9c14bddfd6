"""
What rules say in French, for documents in that language; what engine, terminal and JSON say is English everywhere.

Each pack has its texts in its folder `french/`, beside its rules. A rule without one fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from policies.catalog import FOLDER


@dataclass(frozen=True)
class French:
    """
    A rule's `description` and `remediation`, with the same settings and commands between backquotes as in English.
    """

    description: str
    remediation: str


WAIVERS = {
    "waiver-expired": French(
        "Une dérogation vaut jusqu'à sa date de fin, puis se décide à nouveau.",
        "Corriger ce qu'elle excuse et la supprimer de `waivers` dans Pulumi.<stack>.yaml, ou faire fixer une nouvelle date "
        "par son responsable.",
    ),
    "waiver-unused": French(
        "Une dérogation excuse quelque chose qui existe.",
        "La supprimer de `waivers` dans Pulumi.<stack>.yaml.",
    ),
}


@cache
def texts() -> Mapping[str, French]:
    """
    {id of a rule: its words}: those of every pack, and those about waivers, which all packs have.
    """
    names = sorted(path.parent.name for path in FOLDER.glob("*/french/"))
    return {
        **WAIVERS,
        **{rule: text for name in names for rule, text in import_module(f"policies.{name}.french").TEXTS.items()},
    }
