"""
Which controls of laws and guides are met, as far as these facts show it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from ops.compliance.assess import assess, document
from ops.compliance.collect import newest
from ops.compliance.evidence import Evidence
from ops.compliance.render import NOTE, counts, frameworks
from ops.dossier.facts import Facts
from ops.dossier.page import Markdown, Page, body, code, file, paragraph, say, setting, source, strong
from ops.dossier.words import Words

TITLE = Words(en="Compliance", fr="Conformité")
AS_OF = Words(
    en="As of {day}, the newest fact or approval here. {command} judges as of now, shows the evidence itself, and writes the "
    "record of processing.",
    fr="En date du {day}, le fait ou l'autorisation la plus récente ici. {command} juge à l'instant présent, montre les "
    "preuves elles-mêmes et écrit le registre des traitements.",
)
BY_SETTINGS = Words(
    en="No report and no audit log was read for these pages: what only they can show is UNKNOWN here.",
    fr="Ni rapport ni journal d'audit n'ont été lus pour ces pages : ce qu'eux seuls peuvent montrer est INCONNU ici.",
)


def page(facts: Facts) -> Page:
    """
    The page.
    """
    found, language = _assessed(facts), facts.language
    content = body(
        paragraph(
            say(AS_OF, language, day=_day(facts).isoformat(), command=code(f"flotilla compliance -s {facts.stack} --markdown"))
        ),
        paragraph(strong(BY_SETTINGS.of(language))) if facts.is_declared else Markdown(),
        paragraph(NOTE.of(language)),
        counts(found),
        *frameworks(found),
        source(language, setting("environment"), file("ops/compliance/catalogue.py")),
    )
    return Page("compliance.md", TITLE.of(language), content)


def _day(facts: Facts) -> date:
    """
    The newest of what is dated: an approval counts from its day on, and no clock is asked.
    """
    return max([*filter(None, [facts.as_of]), *(row.date for row in facts.settings.environment.approvals)], default=date.max)


def _assessed(facts: Facts) -> dict[str, Any]:
    """
    By what the dossier knows. A preview of these settings is a plan of them.
    """
    documents = [found.document for found in facts.reports.values()]
    evidence = Evidence(
        settings=facts.settings,
        packs=facts.packs,
        now=datetime.combine(_day(facts), time.max, UTC),
        reports=newest(facts.settings.environment.name, documents),
        history=facts.history,
        history_problems=facts.history_problems,
        plan={"violations": [_violation(found) for found in facts.preview.findings]} if facts.preview else None,
    )
    return document(evidence, assess(evidence))


def _violation(found: Any) -> dict[str, Any]:
    return {"policy": found.policy, "message": found.message, "is_stopping": found.is_stopping}
