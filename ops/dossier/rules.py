"""
What rules say, in the language of a document: those of the policy packs and those of the audit.

Engine, terminal and JSON have them in English; so a document that quotes one of them puts the rule's own words into its
language here. Facts in between stay as they were reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from ops.audit.catalog import CHECKS
from ops.audit.french import HOLDS
from ops.dossier.words import Language, Words
from policies.catalog import packs
from policies.framework import Reference
from policies.framework.judge import WAIVER_RULES
from policies.french import texts
from policies.french_references import DOCUMENTS, ITEMS, SUBJECTS


def retold(rule: str, said: str, language: Language) -> str:
    """
    What was said of a rule, by its id, with the rule's own words in this language.
    """
    for words in _words().get(rule, ()):
        said = said.replace(words.en, words.of(language))
    return said


def document(name: str, language: Language) -> str:
    """
    The name of a law, a standard or a guide.
    """
    return DOCUMENTS.get(name, name) if language == "fr" else name


def item(name: str, language: Language) -> str:
    """
    How a document counts what it asks for.
    """
    return " ".join(ITEMS.get(word, word) for word in name.split(" ")) if language == "fr" else name


def cited(reference: Reference, language: Language) -> str:
    """
    Where it is asked for, with its subject.
    """
    subject = SUBJECTS.get(reference.document, {}).get(reference.item) if language == "fr" else None
    return str(Reference(document(reference.document, language), item(reference.item, language), subject or reference.title))


@cache
def _words() -> Mapping[str, tuple[Words, ...]]:
    return dict(_policies()) | {
        rule.id: (Words(en=rule.holds, fr=HOLDS[rule.id]),) for check in CHECKS.values() for rule in check.rules
    }


def _policies() -> Iterator[tuple[str, tuple[Words, ...]]]:
    french = texts()
    for rule in (*WAIVER_RULES, *(rule for pack in packs() for rule in pack.rules)):
        told = french[rule.id]
        yield (
            rule.id,
            (Words(en=rule.description, fr=told.description), Words(en=rule.remediation, fr=told.remediation)),
        )
