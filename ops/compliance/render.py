"""
An assessment and a record of processing as pages, for people who are to read or print them, in the environment's language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.compliance.assess import Status
from ops.compliance.control import Need
from ops.compliance.evidence import State
from ops.compliance.record import TO_FILL_IN, written
from ops.dossier import rules
from ops.dossier.page import Markdown, Page, body, bullets, code, heading, paragraph, say, strong, table, text
from ops.dossier.words import Language, Words

NOTE = Words(
    en="Each control is judged by evidence alone: policies, the audit's newest reports, settings and the audit log. UNKNOWN is "
    "what nobody has looked at, or not lately; part is what is so with exceptions, or where a part is not shown here. This is "
    "no certificate, and no advice on law.",
    fr="Chaque exigence est jugée sur preuves seulement : règles, derniers rapports de l'audit, réglages et journal d'audit. "
    "INCONNU est ce que personne n'a regardé, ou pas récemment ; « en partie » est ce qui souffre des exceptions, ou dont une "
    "partie n'est pas montrée ici. Ce n'est ni un certificat, ni un conseil juridique. Les faits constatés sont cités en "
    "anglais, comme dans les rapports.",
)
STATUSES: Mapping[str, Words] = {
    Status.MET: Words(en="met", fr="satisfaite"),
    Status.PART: Words(en="part", fr="en partie"),
    Status.NOT_MET: Words(en="not met", fr="non satisfaite"),
    Status.NOT_APPLICABLE: Words(en="not applicable", fr="sans objet"),
    Status.UNKNOWN: Words(en="UNKNOWN", fr="INCONNU"),
}
NEEDS: Mapping[str, Words] = {
    Need.POLICY: Words(en="policy", fr="règle"),
    Need.CHECK: Words(en="check", fr="contrôle"),
    Need.FACT: Words(en="fact", fr="fait"),
}
STATES: Mapping[str, Words] = {
    State.HELD: Words(en="held", fr="respecté"),
    State.WAIVED: Words(en="waived", fr="excusé"),
    State.BROKEN: Words(en="broken", fr="non respecté"),
    State.UNKNOWN: Words(en="unknown", fr="inconnu"),
}
CONTROLS_OF = Words(en="Controls of {name}", fr="Exigences de {name}")
RECORD_OF = Words(en="Record of processing: {name}", fr="Registre des traitements : {name}")
REHEARSAL = Words(
    en="This is the sandbox: it shows how the evidence is made, and nothing about a real environment.",
    fr="C'est le bac à sable : il montre comment les preuves sont faites, et rien d'un environnement réel.",
)
AS_OF = Words(en="As of {when}. ", fr="En date du {when}. ")
FRAMEWORK = Words(en="framework", fr="référentiel")
ALL = Words(en="all", fr="tous")
TO_DO = Words(en="What to do now", fr="Ce qu'il y a à faire")
EVIDENCE = Words(en="Evidence", fr="Preuves")
EVIDENCE_HEADS = Words(en="evidence, says, fact, where, when", fr="preuve, dit, fait, où, quand")
CONTROL_HEADS = Words(en="item, what it asks for, status, why", fr="point, ce qui est demandé, état, pourquoi")
DECIDED = Words(en="Approvals and exceptions", fr="Autorisations et exceptions")
APPROVAL_HEADS = Words(en="approved, by, when, why", fr="autorisé, par, quand, pourquoi")
EXCEPTION_HEADS = Words(en="exception of, for, owner, until, why", fr="exception à, pour, responsable, jusqu'au, pourquoi")
NO_APPROVAL = Words(en="Nobody has approved anything.", fr="Personne n'a rien autorisé.")
RECORD_NOTE = Words(
    en="Written from settings, as article 30 of the GDPR asks for it. What reads “{room}” is known to people only: complete it "
    "in your own record.",
    fr="Écrit à partir des réglages, comme le demande l'article 30 du RGPD. Ce qui porte « {room} » n'est connu que de "
    "personnes : complétez-le dans votre propre registre.",
)
CONTROLLER = Words(en="controller", fr="responsable du traitement")
OFFICER = Words(en="data protection officer", fr="délégué à la protection des données")
REGION = Words(en="data stays in", fr="les données restent en")
PROCESSORS = Words(en="Other companies that get data", fr="Autres entreprises qui reçoivent des données")
PROCESSOR_HEADS = Words(en="who, what, where", fr="qui, quoi, où")
WITHOUT = Words(
    en="Without personal data, as their owners say: {names}.",
    fr="Sans données personnelles, selon leurs responsables : {names}.",
)
NONE = Words(en="none", fr="aucun")
PROJECT = Words(en="Project {name}", fr="Projet {name}")
OWNER = Words(en="owner", fr="responsable")
APPROVED = Words(en="approved", fr="autorisé")
BY_NOBODY = Words(en="by nobody", fr="par personne")
NOT_SAID = Words(
    en="nobody has said whether it has personal data", fr="personne n'a dit s'il contient des données personnelles"
)
ANSWERS_AT = Words(en="answers at", fr="répond à")
KEPT_IN = Words(en="kept in", fr="gardé dans")
NOWHERE = Words(en="nowhere", fr="nulle part")
BACKUPS = Words(en="backups kept", fr="sauvegardes gardées")
LOGS = Words(en="logs kept", fr="journaux gardés")
DAYS = Words(en="{days} days", fr="{days} jours")


def pages(assessment: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[Page, Page]:
    """
    The two documents, as `--json` has them, as pages.
    """
    name, language = assessment["environment"], assessment["language"]
    return (
        Page("compliance.md", CONTROLS_OF.of(language).format(name=name), controls_page(assessment)),
        Page("record-of-processing.md", RECORD_OF.of(language).format(name=name), record_page(record)),
    )


def controls_page(found: Mapping[str, Any]) -> Markdown:
    """
    Counts, what to do, then every control with why, then the evidence itself.
    """
    language = found["language"]
    rehearsal = REHEARSAL.of(language) if found["is_rehearsal"] else ""
    return body(
        paragraph(say(AS_OF, language, when=found["timestamp"]), rehearsal),
        paragraph(NOTE.of(language)),
        counts(found),
        heading(TO_DO.of(language)),
        bullets(spoken(rules.retold(step.partition(":")[0], step, language)) for step in found["next_steps"]),
        *frameworks(found),
        *_decided(found),
        heading(EVIDENCE.of(language)),
        table(_heads(EVIDENCE_HEADS, language), _evidence(found)),
    )


def spoken(words: str) -> Markdown:
    """
    A sentence of ours with commands and names between backquotes, which become code; everything else is text.
    """
    parts = words.split("`")
    if len(parts) % 2 == 0:
        return text(words)
    return Markdown("".join(code(part) if number % 2 else text(part) for number, part in enumerate(parts)))


def _heads(words: Words, language: Language) -> list[str]:
    return words.of(language).split(", ")


def counts(found: Mapping[str, Any]) -> Markdown:
    """
    How many controls of each framework are met, in part, and so on.
    """
    language = found["language"]
    rows: list[list[object]] = [
        [rules.document(name, language), *counted.values()] for name, counted in found["frameworks"].items()
    ]
    rows.append([strong(ALL.of(language)), *found["summary"].values()])
    return table([FRAMEWORK.of(language), *(STATUSES[name].of(language) for name in found["summary"])], rows)


def frameworks(found: Mapping[str, Any]) -> Iterator[Markdown]:
    """
    Every control with its status and why, a table for each framework.
    """
    language = found["language"]
    for framework in found["frameworks"]:
        rows = [
            [
                rules.item(row["item"], language),
                spoken(row["title"]),
                strong(STATUSES[row["status"]].of(language)),
                spoken(row["why"]),
            ]
            for row in found["controls"]
            if row["framework"] == framework
        ]
        yield heading(rules.document(framework, language))
        yield table(_heads(CONTROL_HEADS, language), rows)


def _decided(found: Mapping[str, Any]) -> Iterator[Markdown]:
    language = found["language"]
    yield heading(DECIDED.of(language))
    rows = [[code(row["what"]), row["by"], row["date"], row["reason"]] for row in found["approvals"]]
    yield table(_heads(APPROVAL_HEADS, language), rows) if rows else paragraph(NO_APPROVAL.of(language))
    waived = [[code(row["rule"]), code(row["resource"]), row["owner"], row["until"], row["reason"]] for row in found["waivers"]]
    if waived:
        yield table(_heads(EXCEPTION_HEADS, language), waived)


def _evidence(found: Mapping[str, Any]) -> list[list[object]]:
    language = found["language"]
    pieces = {(row["need"], row["name"]): row for control in found["controls"] for row in control["evidence"]}
    return [
        [
            Markdown(f"{text(NEEDS[need].of(language))} {code(name)}"),
            strong(STATES[row["state"]].of(language)),
            spoken(rules.retold(name, row["said"], language)),
            row["source"],
            row["when"],
        ]
        for (need, name), row in sorted(pieces.items())
    ]


def record_page(found: Mapping[str, Any]) -> Markdown:
    """
    What article 30 asks for, with room for what settings do not know.
    """
    language = found["language"]
    room = TO_FILL_IN.of(language)
    processors = [[row["name"], row["what"], row["location"] or room] for row in found["processors"]]
    without = ", ".join(found["without_personal_data"]) or NONE.of(language)
    return body(
        paragraph(say(RECORD_NOTE, language, room=room)),
        table(
            ["", ""],
            [
                [CONTROLLER.of(language), found["controller"]],
                [OFFICER.of(language), found["data_protection_officer"]],
                [REGION.of(language), found["region"] or room],
            ],
        ),
        heading(PROCESSORS.of(language)),
        table(_heads(PROCESSOR_HEADS, language), processors),
        *(part for row in found["processings"] for part in _processing(row, language)),
        paragraph(say(WITHOUT, language, names=without)),
    )


def _processing(row: Mapping[str, Any], language: Language) -> tuple[Markdown, Markdown]:
    logs, nowhere, room = row["logs_kept_days"], NOWHERE.of(language), TO_FILL_IN.of(language)
    approved = (row["approved"] or BY_NOBODY.of(language)) if row["classified"] else NOT_SAID.of(language)
    rows: list[list[object]] = [
        [OWNER.of(language), row["owner"]],
        [APPROVED.of(language), approved],
        *([name, room] for name in row["open"]),
        [ANSWERS_AT.of(language), ", ".join(row["answers_at"]) or nowhere],
        [KEPT_IN.of(language), ", ".join(row["kept_in"]) or nowhere],
        [BACKUPS.of(language), written(row["backups_kept"], language)],
        [LOGS.of(language), DAYS.of(language).format(days=logs) if logs else room],
    ]
    return heading(PROJECT.of(language).format(name=row["project"])), table(["", ""], rows)
