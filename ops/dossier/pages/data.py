"""
Where data is, how it is backed up, and when it was last seen that it can be restored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from components.declarations import backup, db
from components.naming import volume_home
from ops.dossier import terms
from ops.dossier.facts import Facts
from ops.dossier.page import (
    Markdown,
    Page,
    body,
    code,
    file,
    heading,
    link,
    paragraph,
    report,
    say,
    setting,
    source,
    strong,
    table,
)
from ops.dossier.words import Words
from settings.gaps import longest_gap_s

TITLE = Words(en="Data", fr="Données")
WHERE = Words(en="Where it is", fr="Où elles sont")
DATA = Words(en="Data", fr="Données")
KIND = Words(en="Kind", fr="Genre")
NO_DATA = Words(en="No project keeps data here.", fr="Aucun projet ne garde de données ici.")
POLICY = Words(en="How it is backed up", fr="Comment elles sont sauvegardées")
NOT_AT_ALL = Words(
    en="Nothing is backed up: the environment has no `backup` in its settings.",
    fr="Rien n'est sauvegardé : l'environnement n'a pas de `backup` dans ses réglages.",
)
LOST = Words(en="Lost at most, by the schedule", fr="Perte maximale, selon l'horaire")
HOURS = Words(
    en="{hours} h; of databases less, their log is fetched all the time",
    fr="{hours} h ; moins pour les bases, dont le journal est rapatrié en continu",
)
HOURS_ONLY = Words(en="{hours} h", fr="{hours} h")
KEPT = Words(en="{daily} days, {weekly} weeks, {monthly} months", fr="{daily} jours, {weekly} semaines, {monthly} mois")
OFFSITE = Words(en="Copy elsewhere", fr="Copie ailleurs")
TRIED = Words(en="Restored to try", fr="Restauré pour essai")
EVERY = Words(en="every {days} days", fr="tous les {days} jours")
SEEN = Words(en="Backups that there are", fr="Sauvegardes présentes")
LAST = Words(en="Last backup", fr="Dernière sauvegarde")
VERIFIED = Words(en="Last verified restore", fr="Dernière restauration vérifiée")
NEVER = Words(en="never", fr="jamais")
NUMBER = Words(en="Number kept", fr="Nombre gardé")
SIZE = Words(en="Size", fr="Taille")
NO_LIST = Words(
    en="What there is, is not known here: nobody kept what the backup server says. Run {command}, then write these pages "
    "again.",
    fr="Ce qu'il y a est inconnu ici : personne n'a gardé la réponse du serveur de sauvegarde. Lancez {command}, puis "
    "réécrivez ces pages.",
)
TRIALS = Words(en="Restores that were measured", fr="Restaurations mesurées")
RESULT = Words(en="Result", fr="Résultat")
GOOD, DIFFERS = Words(en="good", fr="bon"), Words(en="differs: {count} findings", fr="diffère : {count} constats")
RTO = Words(en="Took (RTO)", fr="Durée (RTO)")
RPO = Words(en="Not in it (RPO)", fr="Manquant (RPO)")
NO_TRIALS = Words(
    en="How long a restore takes is not known here: no trial was kept. Run {command}, then write these pages again.",
    fr="La durée d'une restauration est inconnue ici : aucun essai n'a été gardé. Lancez {command}, puis réécrivez ces pages.",
)
OF = Words(en="As of {when}.", fr="État au {when}.")
RESTORE = Words(en="How data comes back: {page}.", fr="Comment les données reviennent : {page}.")
LIST, TRIAL = "backup-list", "backup-trials"


def page(facts: Facts) -> Page:
    """
    The page.
    """
    parts = (_where(facts), _policies(facts), _seen(facts), _trials(facts))
    return Page("data.md", TITLE.of(facts.language), body(*parts))


def _where(facts: Facts) -> Markdown:
    language = facts.language
    rows = list(_places(facts))
    if not rows:
        return body(heading(WHERE.of(language)), paragraph(say(NO_DATA, language)))
    return body(
        heading(WHERE.of(language)),
        table(terms.heads(language, terms.PROJECT, DATA, KIND, terms.SERVER), rows),
        source(language, setting("projects/<name>.yaml: database, volumes"), setting("environment.servers")),
    )


def _places(facts: Facts) -> Iterator[tuple[object, ...]]:
    settings = facts.settings
    database, volume = Words(en="database", fr="base de données"), Words(en="volume", fr="volume")
    for name, project in sorted(settings.projects.items()):
        if project.database:
            yield (name, code(project.database.name), say(database, facts.language), code(db.home(settings) or ""))
        for found in backup.volumes(project):
            yield (name, code(found), say(volume, facts.language), code(volume_home(settings) or ""))


def _policies(facts: Facts) -> Markdown:
    language = facts.language
    if facts.settings.environment.backup is None:
        told = paragraph(strong(say(NOT_AT_ALL, language)))
        return body(heading(POLICY.of(language)), told, source(language, setting("environment.backup")))
    rows = [_policy(facts, policy) for policy in backup.policies(facts.settings)]
    headers = (terms.PROJECT, DATA, terms.SCHEDULE, LOST, terms.RETENTION, OFFSITE, TRIED)
    return body(
        heading(POLICY.of(language)),
        table(terms.heads(language, *headers), rows),
        source(language, setting("environment.backup"), setting("projects/<name>.yaml: backup")),
        paragraph(say(RESTORE, language, page=link("docs/backups.md", f"{facts.checkout}/docs/backups.md"))),
    )


def _policy(facts: Facts, policy: backup.Policy) -> tuple[object, ...]:
    language, offsite = facts.language, policy.offsite
    has_log = any(covered.startswith("database:") for covered in policy.covers)
    hours = f"{longest_gap_s(policy.schedule) / 3600:g}"
    return (
        policy.project,
        ", ".join(policy.covers),
        code(policy.schedule),
        say(HOURS if has_log else HOURS_ONLY, language, hours=hours),
        say(KEPT, language, **policy.retention.model_dump()),
        f"{offsite.kind.value}, {offsite.location}" if offsite else terms.NONE.of(language),
        say(EVERY, language, days=policy.drill_interval_days),
    )


def _seen(facts: Facts) -> Markdown:
    language, found = facts.language, facts.reports.get(LIST)
    command = code(f"flotilla backup list -s {facts.stack}")
    if found is None:
        return body(heading(SEEN.of(language)), paragraph(say(NO_LIST, language, command=command)))
    headers = (terms.PROJECT, DATA, LAST, SIZE, NUMBER, VERIFIED, OFFSITE)
    return body(
        heading(SEEN.of(language)),
        paragraph(say(OF, language, when=facts.moment(found))),
        table(terms.heads(language, *headers), [_source(facts, row) for row in rows_of(found.document, "sources")]),
        source(language, report(LIST)),
    )


def rows_of(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """
    The rows of a report's section; what is none is left out.
    """
    found = document.get(name)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def _source(facts: Facts, row: Mapping[str, Any]) -> tuple[object, ...]:
    size = row.get("size")
    shown = f"{size / 1e6:.1f} MB" if isinstance(size, int | float) else terms.NOT_KNOWN.of(facts.language)
    times = [_when(facts, row.get(key)) for key in ("at", "verified_at", "offsite_at")]
    return (row.get("project", ""), row.get("source", ""), times[0], shown, row.get("backups", ""), times[1], times[2])


def _when(facts: Facts, at: object) -> str:
    if not isinstance(at, int | float) or isinstance(at, bool) or at <= 0:
        return NEVER.of(facts.language)
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def _trials(facts: Facts) -> Markdown:
    language, found = facts.language, facts.reports.get(TRIAL)
    command = code(f"flotilla backup verify -s {facts.stack}")
    if found is None:
        return body(heading(TRIALS.of(language)), paragraph(say(NO_TRIALS, language, command=command)))
    headers = (terms.PROJECT, DATA, terms.WHEN, RESULT, RTO, RPO)
    return body(
        heading(TRIALS.of(language)),
        table(
            terms.heads(language, *headers),
            [_trial(facts, row, rows_of(found.document, "findings")) for row in rows_of(found.document, "records")],
        ),
        source(language, report(TRIAL), file("docs/backups.md")),
    )


def _trial(facts: Facts, row: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> tuple[object, ...]:
    """
    What is wrong is in the record, or is said of it: that nobody signed it, say.
    """
    language, resource = facts.language, f"{row.get('project')}/{row.get('source')}"
    said = [*rows_of(row, "findings"), *(found for found in findings if found.get("resource") == resource)]
    wrong = {(str(found.get("id")), str(found.get("fact"))) for found in said}
    result = say(DIFFERS, language, count=len(wrong)) if wrong else say(GOOD, language)
    took = [_seconds(facts, row.get(key)) for key in ("rto_s", "rpo_s")]
    return (row.get("project", ""), row.get("source", ""), _when(facts, row.get("at")), result, *took)


def _seconds(facts: Facts, value: object) -> str:
    is_known = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.1f} s" if is_known else terms.NOT_KNOWN.of(facts.language)
