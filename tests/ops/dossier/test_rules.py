"""
Rules' own words in a document's language.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.audit.catalog import CHECKS
from ops.compliance.assess import assess, document
from ops.compliance.record import record
from ops.compliance.render import pages as compliance_pages
from ops.compliance.render import spoken
from ops.dossier import pages
from ops.dossier.facts import Preview
from ops.dossier.page import prose
from ops.dossier.rules import cited, retold
from ops.events import Violation
from policies.catalog import packs
from policies.framework import Reference
from policies.framework.judge import WAIVER_RULES
from policies.french import texts
from tests import dossier_facts as make
from tests.compliance_scenes import evidence
from tests.conftest import make_checkout

RULES = {rule.id: rule for pack in packs() for rule in pack.rules}


def test_a_rules_own_words_change_and_a_fact_stays() -> None:
    """As a pack reports it: the description, what was found, and the remedy."""
    rule = RULES["budget-set"]
    said = f"{rule.description}\nproduction: nobody has set it. {rule.remediation}"
    french = texts()[rule.id]
    assert retold(rule.id, said, "fr") == f"{french.description}\nproduction: nobody has set it. {french.remediation}"
    assert retold(rule.id, said, "en") == said


def test_what_belongs_to_no_rule_stays() -> None:
    """A fact of the settings, or a rule of another version of the packs."""
    assert retold("history-intact", "4 lines, each as it was written", "fr") == "4 lines, each as it was written"


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        (Reference("GDPR", "Art. 28", "processor"), "RGPD Art. 28 (sous-traitant)"),
        (Reference("ANSSI hygiene guide 2.0", "measure 9", "x"), "Guide d'hygiène de l'ANSSI 2.0 mesure 9 (x)"),
        (Reference("CWE", "250", "unnecessary privileges"), "CWE 250 (unnecessary privileges)"),
    ],
)
def test_where_it_is_asked_for(reference: Reference, told: str) -> None:
    """By its French name and subject where there is one; in an English document as the rule has it."""
    assert cited(reference, "fr") == told
    assert cited(reference, "en") == str(reference)


def test_the_policies_page_is_french(tmp_path) -> None:
    """Every rule's description and what a preview found; in English each is as it was."""
    facts = make.declared(make_checkout(tmp_path, ["guestbook", "journal", "ledger"]))
    [waiver, _] = WAIVER_RULES
    messages = {rule.id: f"{rule.description}\nx: it is so. {rule.remediation}" for rule in (waiver, RULES["budget-set"])}
    found = tuple(
        Violation(pack="pack", policy=name, level="mandatory", message=message, urn="urn::x")
        for name, message in messages.items()
    )
    facts = replace(facts, preview=Preview(resources={}, findings=found))
    french = replace(facts, settings=replace(facts.settings, language="fr"))
    said = {
        which.settings.language: next(page.content for page in pages.render(which) if page.path == "policies.md")
        for which in (facts, french)
    }
    for rule in RULES.values():
        assert f"| {prose(rule.description)} |" in said["en"]
        assert f"| {prose(rule.description)} |" not in said["fr"]
        assert f"| {prose(texts()[rule.id].description)} |" in said["fr"]
    for name in messages:
        assert prose(texts()[name].remediation) in said["fr"]
    assert "x: it is so." in said["fr"]


def test_evidence_is_french() -> None:
    """What holds, by policies and by the audit, with its state; the JSON that the page is made from is English."""
    known = evidence({"applied_days": 1, "reports_days": 1})
    known = replace(known, settings=replace(known.settings, language="fr"))
    found = document(known, assess(known))
    page = compliance_pages(found, record(known.settings))[0].content
    holds = {rule.id: rule.holds for check in CHECKS.values() for rule in check.rules}
    held = [piece for row in found["controls"] for piece in row["evidence"] if piece["state"] == "held"]
    english = holds | {rule.id: rule.description for rule in RULES.values()}
    told = [piece for piece in held if piece["name"] in english]
    assert told
    for piece in told:
        assert piece["said"] == english[piece["name"]]
        assert f"| {spoken(piece['said'])} |" not in page
        assert f"| {spoken(retold(piece['name'], piece['said'], 'fr'))} |" in page
    assert "**respecté**" in page and "**held**" not in page
