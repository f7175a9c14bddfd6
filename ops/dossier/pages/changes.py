"""
Who changed what, when and why: from the audit log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from ops.dossier import terms
from ops.dossier.facts import Facts, moment_of
from ops.dossier.page import Markdown, Page, body, code, file, joined, paragraph, say, source, table
from ops.dossier.words import Words

TITLE = Words(en="Changes", fr="Changements")
SHOWN = 200
NUMBER = Words(en="No", fr="N°")
WHO = Words(en="Who", fr="Qui")
EVENT = Words(en="Event", fr="Événement")
RECORD = Words(en="Report", fr="Rapport")
NOTHING = Words(
    en="The audit log has no line that could be read here. It is written by every command that changes something; "
    "{command} shows it.",
    fr="Le journal d'audit n'a aucune ligne lisible ici. Chaque commande qui change quelque chose y écrit ; {command} "
    "le montre.",
)
DECLARED = Words(
    en="The audit log was not read: this dossier is of the settings alone.",
    fr="Le journal d'audit n'a pas été lu : ce dossier ne porte que sur les réglages.",
)
OF = Words(
    en="The last {shown} of {count} lines, newest first.",
    fr="Les {shown} dernières lignes sur {count}, la plus récente d'abord.",
)


def page(facts: Facts) -> Page:
    """
    The page.
    """
    language = facts.language
    command = code(f"flotilla history -s {facts.stack}")
    if not facts.history:
        told = say(DECLARED, language) if facts.is_declared else say(NOTHING, language, command=command)
        return Page("changes.md", TITLE.of(language), paragraph(told))
    shown = list(reversed(facts.history[-SHOWN:]))
    headers = terms.heads(language, NUMBER, terms.WHEN, WHO, EVENT, terms.WHAT, terms.WHY, RECORD)
    content = body(
        paragraph(say(OF, language, shown=len(shown), count=len(facts.history))),
        table(headers, map(_row, shown)),
        source(language, file(f"flotilla history -s {facts.stack}")),
    )
    return Page("changes.md", TITLE.of(language), content)


def _row(line: Mapping[str, Any]) -> tuple[object, ...]:
    when = moment_of(line.get("at"))
    shown = when.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if when else _text(line.get("at"))
    event = joined((part for part in (_text(line.get("event")), _text(line.get("status"))) if part), " ")
    reason = _text(line.get("reason")) or _text(line.get("why"))
    return (
        _text(line.get("seq")),
        shown,
        _text(line.get("who")),
        event,
        _text(line.get("what")),
        reason,
        code(_text(line.get("report"))) or Markdown(),
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)
