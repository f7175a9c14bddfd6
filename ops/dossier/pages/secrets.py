"""
Which secrets there are, by name only.
"""

from __future__ import annotations

from collections.abc import Iterator

from hosts import logins
from ops.dossier import terms
from ops.dossier.facts import Facts
from ops.dossier.page import Markdown, Page, body, code, heading, joined, link, paragraph, say, setting, source, table
from ops.dossier.words import Words
from settings.secret_records import due_on
from settings.secrets import KEY, NOTIFICATIONS, OFFSITE, PROJECTS, REGISTRY

TITLE = Words(en="Secrets", fr="Secrets")
GIVEN = Words(en="Values that people have set", fr="Valeurs que des gens ont données")
HIDDEN = Words(
    en="Only names are here. Values are encrypted in {file}, and reach containers as files.",
    fr="Il n'y a ici que des noms. Les valeurs sont chiffrées dans {file}, et arrivent aux conteneurs sous forme de fichiers.",
)
NONE_SET = Words(en="No secret has a value.", fr="Aucun secret n'a de valeur.")
USED = Words(en="Used by", fr="Utilisé par")
SINCE = Words(en="Set on", fr="Donné le")
DUE = Words(en="Due", fr="À remplacer le")
SET = Words(en="Set anew with", fr="Se remplace par")
RECORDED = Words(
    en="The day is that of the record beside the encrypted value, in {file}. It is not known where there is no record of the "
    "value that is there now. A secret is due {days} days after it was set: {setting}.",
    fr="Le jour est celui de la note à côté de la valeur chiffrée, dans {file}. Il est inconnu quand aucune note ne "
    "correspond à la valeur actuelle. Un secret est à remplacer {days} jours après : {setting}.",
)
DERIVED = Words(en="Derived from the environment's key", fr="Dérivés de la clé de l'environnement")
DERIVED_TEXT = Words(
    en="These are not kept anywhere: each is computed from {key} when it is needed. Replacing the key replaces all of them.",
    fr="Ceux-ci ne sont gardés nulle part : chacun est calculé à partir de {key} quand il le faut. Remplacer la clé les "
    "remplace tous.",
)
NO_KEY = Words(
    en="The environment has no key, so nothing is derived.", fr="L'environnement n'a pas de clé : rien n'est dérivé."
)
GENERATION = Words(en="Generation", fr="Génération")
LOGINS = Words(en="Logins that work", fr="Comptes valides")
NEW = Words(
    en="A database's passwords are changed by one more {generation}: {page}.",
    fr="On change les mots de passe d'une base en augmentant {generation} : {page}.",
)
ALERTS = Words(en="alerts", fr="alertes")
COPIES = Words(en="copies of the backups", fr="copies des sauvegardes")
EVERYTHING = Words(en="databases, backups", fr="bases de données, sauvegardes")
IMAGES = Words(en="pulling images", fr="récupération des images")


def page(facts: Facts) -> Page:
    """
    The page.
    """
    return Page("secrets.md", TITLE.of(facts.language), body(_given(facts), _derived(facts)))


def _given(facts: Facts) -> Markdown:
    language, stack_file = facts.language, f"Pulumi.{facts.stack}.yaml"
    rows = [
        (code(".".join(path)), used, *_days(facts, path), code(f"flotilla secrets set {'.'.join(path)} -s {facts.stack}"))
        for path, used in _named(facts)
    ]
    headers = terms.heads(language, terms.NAME, USED, SINCE, DUE, SET)
    days = facts.settings.environment.secret_rotation_days
    told = say(RECORDED, language, file=code(stack_file), days=days, setting=code("secret_rotation_days"))
    return body(
        heading(GIVEN.of(language)),
        paragraph(say(HIDDEN, language, file=code(stack_file))),
        table(headers, rows) if rows else paragraph(say(NONE_SET, language)),
        paragraph(told) if rows else Markdown(),
        source(language, setting("secrets"), setting("secret_records"), setting("secret_rotation_days")),
    )


def _days(facts: Facts, path: tuple[str, ...]) -> tuple[Markdown, Markdown]:
    """
    When a secret was set and when it is due: dates, never ages, so that the page is the same on any day.
    """
    found = facts.settings.secrets_set.get(path)
    if found is None:
        return say(terms.NOT_KNOWN, facts.language), say(terms.NOT_KNOWN, facts.language)
    due = due_on(found, facts.settings.environment.secret_rotation_days)
    return code(found.isoformat()), code(due.isoformat())


def _named(facts: Facts) -> Iterator[tuple[tuple[str, ...], Markdown]]:
    language, names = facts.language, facts.settings.secrets
    if names.has_key:
        yield (KEY,), say(EVERYTHING, language)
    for project, found in sorted(names.projects.items()):
        for name in sorted(found):
            yield (PROJECTS, project, name), _users(facts, project, name)
    for name in sorted(names.notifications):
        yield (NOTIFICATIONS, name), say(ALERTS, language)
    for name in sorted(names.offsite):
        yield (OFFSITE, name), say(COPIES, language)
    if names.has_registry:
        yield (REGISTRY,), say(IMAGES, language)


def _users(facts: Facts, project: str, name: str) -> Markdown:
    found = facts.settings.projects.get(project)
    processes = found.all_processes().items() if found else ()
    return joined(f"{project}/{process}" for process, program in processes if name in program.secrets)


def _derived(facts: Facts) -> Markdown:
    language = facts.language
    if not facts.settings.secrets.has_key:
        return body(heading(DERIVED.of(language)), paragraph(say(NO_KEY, language)))
    rows = [
        (
            name,
            code(project.database.name),
            project.database.generation,
            joined(map(code, _logins(project.database.name, project.database.generation))),
        )
        for name, project in sorted(facts.settings.projects.items())
        if project.database
    ]
    database = Words(en="Database", fr="Base de données")
    page_of_databases = link("docs/databases.md", f"{facts.checkout}/docs/databases.md")
    return body(
        heading(DERIVED.of(language)),
        paragraph(say(DERIVED_TEXT, language, key=code(KEY))),
        table(terms.heads(language, terms.PROJECT, database, GENERATION, LOGINS), rows) if rows else Markdown(),
        paragraph(say(NEW, language, generation=code("database.generation"), page=page_of_databases)),
        source(language, setting("projects/<name>.yaml: database.generation")),
    )


def _logins(database: str, generation: int) -> list[str]:
    return [logins.login(database, kind, number) for number in logins.generations(generation) for kind in logins.KINDS]
