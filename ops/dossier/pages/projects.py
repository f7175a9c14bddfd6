"""
What is hosted: a page with all projects, and one for each.
"""

from __future__ import annotations

from collections.abc import Iterator

from ops.dossier import terms
from ops.dossier.facts import Facts
from ops.dossier.page import (
    Markdown,
    Page,
    body,
    bullets,
    code,
    file,
    heading,
    joined,
    link,
    paragraph,
    say,
    setting,
    source,
    strong,
    table,
)
from ops.dossier.words import Words
from settings import Process, Project
from settings.release import ProjectReleases, Release

TITLE = Words(en="Projects", fr="Projets")
NO_PROJECTS = Words(en="No project lives here.", fr="Aucun projet ne vit ici.")
DOMAINS = Words(en="Names", fr="Noms")
PROCESSES = Words(en="Processes", fr="Processus")
DATABASE = Words(en="Database", fr="Base de données")
PROMISE = Words(en="Promise", fr="Engagement")
SERVED = Words(en="Served", fr="Servi")
UNSERVED = Words(en="no release yet", fr="aucune version encore")
OWNED = Words(en="{owner} answers for it. Its image is {image}.", fr="{owner} en répond. Son image est {image}.")
KIND = Words(en="Kind", fr="Genre")
REPLICAS = Words(en="Replicas", fr="Répliques")
LIMITS = Words(en="Limits of one container", fr="Limites d'un conteneur")
RESERVED = Words(en="Set aside", fr="Réservé")
STRATEGY = Words(en="New release", fr="Nouvelle version")
HEALTH = Words(en="Health", fr="Santé")
REDIRECTS = Words(en="Redirects", fr="Redirections")
RELEASES = Words(en="Releases that serve", fr="Versions servies")
BEFORE = Words(en="Releases before", fr="Versions d'avant")
RELEASE = Words(en="Release", fr="Version")
SLOT = Words(en="Slot", fr="Emplacement")
POOL = Words(
    en="{name}, at most {connections} connections; extensions: {extensions}. Logins are of generation {generation}.",
    fr="{name}, {connections} connexions au plus ; extensions : {extensions}. Comptes de génération {generation}.",
)
NO_DATABASE = Words(en="It has no database.", fr="Il n'a pas de base de données.")
VOLUMES = Words(en="Volumes", fr="Volumes")
SHARED = Words(en="Shared", fr="Partagé")
PATH = Words(en="Seen at", fr="Vu sous")
SLO = Words(
    en="{availability} % of requests succeed over 30 days; 95 of 100 are answered within {latency} ms.",
    fr="{availability} % des requêtes réussissent sur 30 jours ; 95 sur 100 reçoivent une réponse en {latency} ms.",
)
NO_SLO = Words(en="Nothing is promised.", fr="Aucun engagement.")
CANARY = Words(en="Canary", fr="Canari")
MAINTENANCE = Words(
    en="It is under maintenance: the ingress answers 503 with a page.",
    fr="Il est en maintenance : l'entrée répond 503 avec une page.",
)
SECRETS = Words(en="Secrets, by name: {names}.", fr="Secrets, par nom : {names}.")
COST = Words(en="{eur} EUR per month, by what it has reserved.", fr="{eur} EUR par mois, selon ce qu'il a réservé.")
COSTS = Words(en="Costs", fr="Coûts")


def pages(facts: Facts) -> Iterator[Page]:
    """
    All of them, and then each.
    """
    yield Page("projects.md", TITLE.of(facts.language), _all(facts))
    for name, project in sorted(facts.settings.projects.items()):
        yield Page(path_of(name), name, _one(facts, project))


def path_of(project: str) -> str:
    """
    Where a project's page is, in the dossier.
    """
    return f"projects/{project}.md"


def _all(facts: Facts) -> Markdown:
    language = facts.language
    rows = [_row(facts, project) for _, project in sorted(facts.settings.projects.items())]
    if not rows:
        return paragraph(say(NO_PROJECTS, language))
    headers = terms.heads(language, terms.PROJECT, terms.OWNER, DOMAINS, PROCESSES, DATABASE, PROMISE, SERVED)
    return body(
        table(headers, rows),
        source(language, setting("projects/*.yaml"), file(f"releases/{facts.stack}.yaml")),
    )


def _row(facts: Facts, project: Project) -> tuple[object, ...]:
    language = facts.language
    processes = project.all_processes()
    names = [name for process in processes.values() for name in facts.settings.hostnames(process)]
    releases = facts.settings.releases.projects.get(project.name)
    slo = project.slo
    return (
        link(project.name, path_of(project.name)),
        project.owner,
        joined(map(code, names)),
        ", ".join(f"{name} x{process.replicas}" for name, process in processes.items()),
        code(project.database.name) if project.database else "",
        f"{slo.availability_percent:g} %, {slo.latency_ms} ms" if slo else "",
        code(f"{releases.main.short_digest}") if releases else say(UNSERVED, language),
    )


def _one(facts: Facts, project: Project) -> Markdown:
    language = facts.language
    releases = facts.settings.releases.projects.get(project.name)
    return body(
        paragraph(say(OWNED, language, owner=strong(project.owner), image=code(project.image))),
        paragraph(strong(MAINTENANCE.of(language))) if project.maintenance else Markdown(),
        _processes(facts, project),
        _domains(facts, project),
        _releases(facts, project, releases),
        _database(facts, project),
        _volumes(facts, project),
        _promise(facts, project),
        _costs(facts, project),
    )


def _processes(facts: Facts, project: Project) -> Markdown:
    language = facts.language
    rows = [
        (
            name,
            process.kind.value,
            process.replicas,
            f"{process.limits.memory_mb} MB, {process.limits.cpus:g} CPU",
            f"{process.reservations.memory_mb} MB, {process.reservations.cpus:g} CPU" if process.reservations else "",
            code(process.schedule or ""),
            process.strategy.value,
            _health(process),
        )
        for name, process in project.all_processes().items()
    ]
    named = sorted({name for process in project.all_processes().values() for name in process.secrets})
    headers = (terms.PROCESS, KIND, REPLICAS, LIMITS, RESERVED, terms.SCHEDULE, STRATEGY, HEALTH)
    return body(
        heading(PROCESSES.of(language)),
        table(terms.heads(language, *headers), rows),
        paragraph(say(SECRETS, language, names=joined(map(code, named)))) if named else Markdown(),
        source(language, setting(f"projects/{project.name}.yaml")),
    )


def _health(process: Process) -> Markdown:
    health = process.health
    if health is None:
        return Markdown()
    asked = [code(health.path)] if health.path else []
    return joined([*asked, *([code(" ".join(health.command))] if health.command else [])])


def _domains(facts: Facts, project: Project) -> Markdown:
    language = facts.language
    rows = [
        (name, joined(map(code, facts.settings.hostnames(process))), joined(map(code, facts.settings.redirects(process))))
        for name, process in project.all_processes().items()
        if process.domains
    ]
    if not rows:
        return Markdown()
    return body(
        heading(DOMAINS.of(language)),
        table(terms.heads(language, terms.PROCESS, DOMAINS, REDIRECTS), rows),
        source(language, setting(f"projects/{project.name}.yaml: domains"), setting("environment.domain")),
    )


def _releases(facts: Facts, project: Project, releases: ProjectReleases | None) -> Markdown:
    language = facts.language
    if releases is None:
        return body(heading(RELEASES.of(language)), paragraph(say(UNSERVED, language), "."))
    serving = [
        (code(release.short_digest), f"{release.weight} %", release.slot.value, joined(map(code, _images(release, project))))
        for release in releases.serving
    ]
    before = [
        Markdown(
            f"{code(past.short_digest)} {terms.UNTIL.of(language).lower()} {past.served_until.isoformat(timespec='minutes')}"
        )
        for past in releases.history
    ]
    return body(
        heading(RELEASES.of(language)),
        table(terms.heads(language, RELEASE, terms.WEIGHT, SLOT, terms.IMAGE), serving),
        body(heading(BEFORE.of(language), 3), bullets(before)) if before else Markdown(),
        source(language, file(f"releases/{facts.stack}.yaml")),
    )


def _images(release: Release, project: Project) -> list[str]:
    return list(dict.fromkeys(release.image_of(name) for name in project.all_processes()))


def _database(facts: Facts, project: Project) -> Markdown:
    language, database = facts.language, project.database
    if database is None:
        return body(heading(DATABASE.of(language)), paragraph(say(NO_DATABASE, language)))
    told = say(
        POOL,
        language,
        name=code(database.name),
        connections=database.pool_size,
        extensions=joined(map(code, database.extensions)) or terms.NONE.of(language),
        generation=database.generation,
    )
    return body(
        heading(DATABASE.of(language)), paragraph(told), source(language, setting(f"projects/{project.name}.yaml: database"))
    )


def _volumes(facts: Facts, project: Project) -> Markdown:
    language = facts.language
    rows = [
        (code(volume.name), name, code(volume.path), terms.yes_or_no(language, is_so=volume.shared))
        for name, process in project.all_processes().items()
        for volume in process.volumes
    ]
    if not rows:
        return Markdown()
    return body(
        heading(VOLUMES.of(language)),
        table(terms.heads(language, terms.NAME, terms.PROCESS, PATH, SHARED), rows),
        source(language, setting(f"projects/{project.name}.yaml: volumes")),
    )


def _promise(facts: Facts, project: Project) -> Markdown:
    language, slo = facts.language, project.slo
    if slo is None:
        told = say(NO_SLO, language)
    else:
        told = say(SLO, language, availability=f"{slo.availability_percent:g}", latency=slo.latency_ms)
    return body(heading(PROMISE.of(language)), paragraph(told), source(language, setting(f"projects/{project.name}.yaml: slo")))


def _costs(facts: Facts, project: Project) -> Markdown:
    language, eur = facts.language, facts.statement["projects"].get(project.name)
    if eur is None:
        return Markdown()
    return body(
        heading(COSTS.of(language)), paragraph(say(COST, language, eur=eur)), source(language, file("settings/prices.json"))
    )
