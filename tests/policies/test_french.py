"""
What rules say in French: every rule says it, and of the same settings and commands as in English.
"""

from __future__ import annotations

import re

import pytest

from policies.catalog import packs
from policies.framework.judge import WAIVER_RULES
from policies.framework.rule import Metadata
from policies.french import texts
from policies.french_references import DOCUMENTS, ITEMS, SUBJECTS
from tests.french import spans, untidy

RULES: list[Metadata] = [*WAIVER_RULES, *(rule for pack in packs() for rule in pack.rules)]
REFERENCES = {(one.document, one.item) for rule in RULES for one in rule.references}
# Those whose documents are in English only.
ENGLISH = {"CIS Docker Benchmark 1.6.0", "CIS Debian Linux 12 Benchmark 1.1.0", "CWE", "RFC"}


def test_every_rule_has_its_words_and_nothing_else_has() -> None:
    """A new rule needs a text in French; a text of a rule that is gone is to be deleted."""
    assert texts().keys() == {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_settings_and_commands_are_not_translated(rule: Metadata) -> None:
    """What is between backquotes, files and numbers are the same in both; the rest is not."""
    french = texts()[rule.id]
    for english, told in ((rule.description, french.description), (rule.remediation, french.remediation)):
        assert spans(english) == spans(told)
        assert english != told
        assert told[0].isupper()
        assert told.endswith(".")
        assert untidy(told) == []


def test_two_rules_that_say_different_things_do_so_in_french() -> None:
    """A description belongs to one rule, as it does in English."""
    said = [texts()[rule.id].description for rule in RULES]
    assert len(set(said)) == len({rule.description for rule in RULES})


def test_what_rules_cite_has_a_subject_in_french() -> None:
    """Except where the document itself is in English only."""
    named = {(document, item) for document, items in SUBJECTS.items() for item in items}
    assert named == {(document, item) for document, item in REFERENCES if document not in ENGLISH}
    assert DOCUMENTS.keys() <= SUBJECTS.keys()
    assert [subject for items in SUBJECTS.values() for subject in items.values() if untidy(subject)] == []
    words = {word for _, item in REFERENCES for word in re.findall(r"\b[a-z]{2,}", item)}
    assert words == ITEMS.keys()
