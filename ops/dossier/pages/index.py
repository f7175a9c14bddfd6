"""
Where a reader begins: what the environment is, how it is, how old each source is, and what is on the other pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from components.naming import all_servers
from ops.dossier import terms
from ops.dossier.difference import differences
from ops.dossier.facts import Facts
from ops.dossier.page import (
    Markdown,
    Page,
    body,
    bullets,
    code,
    heading,
    joined,
    link,
    paragraph,
    prose,
    say,
    setting,
    source,
    strong,
    table,
)
from ops.dossier.pages.costs import total
from ops.dossier.words import Words

TITLE = Words(en="{stack}: dossier", fr="{stack} : dossier")
SUMMARY = Words(
    en="{stack} is {servers} servers in {locations} that serve {projects} projects under {domain}: {names}. {backup} {costs}",
    fr="{stack}, ce sont {servers} serveurs à {locations} qui servent {projects} projets sous {domain} : {names}. {backup} "
    "{costs}",
)
BACKED_UP = Words(
    en="Data is backed up ({schedule}) and restored to try every {days} days.",
    fr="Les données sont sauvegardées ({schedule}) et restaurées pour essai tous les {days} jours.",
)
NOT_BACKED_UP = Words(en="Nothing is backed up.", fr="Rien n'est sauvegardé.")
STATUS = Words(en="Its last report says {status}, {when}.", fr="Son dernier rapport dit {status}, {when}.")
NO_STATUS = Words(
    en="How it is, is not known here: there is no report. Run {command}.",
    fr="Son état est inconnu ici : il n'y a pas de rapport. Lancez {command}.",
)
STATUS_DECLARED = Words(
    en="How it is, is not said here: this dossier is of the settings alone. {command} says it.",
    fr="Son état n'est pas dit ici : ce dossier ne porte que sur les réglages. {command} le dit.",
)
UNSERVED = Words(en="Without a release yet: {names}.", fr="Sans version encore : {names}.")
WRITTEN = Words(
    en="Written by {command} from the sources below, and never by hand: what is typed here is lost.",
    fr="Écrit par {command} à partir des sources ci-dessous, jamais à la main : ce qui est tapé ici est perdu.",
)
PAGES = Words(en="Pages", fr="Pages")
SOURCES = Words(en="Sources, and how old they are", fr="Sources, et leur âge")
SOURCE = Words(en="Source", fr="Source")
OF = Words(en="Of", fr="Du")
SETTINGS = Words(en="settings: {files}", fr="réglages : {files}")
CHECKOUT = Words(en="this checkout", fr="ce dépôt")
OUTPUTS = Words(en="stack outputs", fr="sorties de la pile")
READ = Words(en="when these pages were written", fr="l'écriture de ces pages")
PLANNED = Words(
    en="a preview, as it plans them: nothing of it is there yet", fr="un aperçu, tel qu'il les prévoit : rien n'existe encore"
)
MISSING = Words(en="not there: {why}", fr="absentes : {why}")
REPORT = Words(en="report {name}", fr="rapport {name}")
NO_REPORT = Words(en="none of this environment in {folder}", fr="aucun de cet environnement dans {folder}")
REPORTS = Words(en="reports", fr="rapports")
HISTORY = Words(en="audit log", fr="journal d'audit")
LINES = Words(en="{count} lines, the last of {when}", fr="{count} lignes, la dernière du {when}")
PREVIEW = Words(en="offline preview", fr="aperçu hors ligne")
NOT_READ = Words(en="not read", fr="pas lus")
NO_LINES = Words(en="no line could be read", fr="aucune ligne n'a pu être lue")
PRICES = Words(en="prices", fr="prix")
NEWEST = Words(
    en="The newest fact here is of {day}. No clock is asked: compare it with today's date.",
    fr="Le fait le plus récent ici est du {day}. Aucune horloge n'est consultée : comparez avec la date du jour.",
)
NOT_THE_SAME = Words(en="Asked for, and not brought up as asked", fr="Demandé, et pas mis en place comme demandé")
NOT_THE_SAME_TEXT = Words(
    en="The settings were changed since the last update, or it was not carried out to its end. {command} shows what is to be "
    "done.",
    fr="Les réglages ont changé depuis la dernière mise à jour, ou elle n'est pas allée au bout. {command} montre ce qui reste "
    "à faire.",
)
WANTED, FOUND = Words(en="Settings", fr="Réglages"), Words(en="Stack outputs", fr="Sorties de la pile")
PROBLEMS = Words(en="What could not be read", fr="Ce qui n'a pas pu être lu")


def page(facts: Facts, others: Sequence[Page]) -> Page:
    """
    The page, with links to the others.
    """
    parts = (_summary(facts), _pages(facts, others), _differences(facts), _problems(facts), _sources(facts))
    return Page("index.md", TITLE.of(facts.language).format(stack=facts.stack), body(*parts))


def command(facts: Facts) -> str:
    """
    What writes these pages again.
    """
    return f"flotilla docs -s {facts.stack}{' --declared' if facts.is_declared else ''}{' --preview' if facts.preview else ''}"


def _summary(facts: Facts) -> Markdown:
    language, environment = facts.language, facts.settings.environment
    servers = all_servers(facts.settings)
    locations = sorted({pool.location or environment.location for _, pool in servers.values()})
    names = [project.name for project, _ in facts.settings.served]
    if environment.backup:
        schedule = code(environment.backup.schedule)
        backup = say(BACKED_UP, language, schedule=schedule, days=environment.backup.drill_interval_days)
    else:
        backup = strong(say(NOT_BACKED_UP, language))
    told = say(
        SUMMARY,
        language,
        stack=strong(facts.stack),
        servers=len(servers),
        locations=", ".join(locations),
        projects=len(names),
        domain=code(environment.domain),
        names=_some(names) or terms.NONE.of(language),
        backup=backup,
        costs=total(facts),
    )
    unserved = facts.settings.unserved
    return body(
        paragraph(told),
        paragraph(_status(facts)),
        paragraph(say(UNSERVED, language, names=_some(unserved))) if unserved else Markdown(),
        paragraph(say(WRITTEN, language, command=code(command(facts)))),
    )


MOST_NAMES = 12
FURTHER = " … (+{count})"


def _some(names: Sequence[str]) -> str:
    """
    Not all of two hundred.
    """
    further = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (FURTHER.format(count=further) if further > 0 else "")


def _status(facts: Facts) -> Markdown:
    language, found = facts.language, facts.reports.get("global")
    asked = code(f"flotilla report -s {facts.stack}")
    if facts.is_declared:
        return say(STATUS_DECLARED, language, command=asked)
    if found is None:
        return strong(say(NO_STATUS, language, command=asked))
    status = found.document.get("status", terms.NOT_KNOWN.of(language))
    return say(STATUS, language, status=strong(status), when=facts.moment(found))


def _pages(facts: Facts, others: Sequence[Page]) -> Markdown:
    """
    Those of the folder itself; what is in folders below is linked from there.
    """
    rows = [
        link(page.title, page.path) for page in others if page.path.endswith(".md") and len(PurePosixPath(page.path).parts) == 1
    ]
    return body(heading(PAGES.of(facts.language)), bullets(rows))


def _differences(facts: Facts) -> Markdown:
    language, found = facts.language, differences(facts)
    if not found:
        return Markdown()
    none = terms.NONE.of(language)
    rows = [(code(row.what), row.wanted or none, row.found or none) for row in found]
    plan = code(f"flotilla plan -s {facts.stack}")
    return body(
        heading(NOT_THE_SAME.of(language)),
        paragraph(strong(say(NOT_THE_SAME_TEXT, language, command=plan))),
        table(terms.heads(language, terms.WHAT, WANTED, FOUND), rows),
    )


def _problems(facts: Facts) -> Markdown:
    return body(heading(PROBLEMS.of(facts.language)), bullets(map(prose, facts.problems))) if facts.problems else Markdown()


def _sources(facts: Facts) -> Markdown:
    language = facts.language
    newest = paragraph(say(NEWEST, language, day=facts.as_of.isoformat())) if facts.as_of else Markdown()
    return body(
        heading(SOURCES.of(language)),
        table(terms.heads(language, SOURCE, OF), _ages(facts)),
        newest,
        source(language, setting("environment")),
    )


def _ages(facts: Facts) -> Iterator[tuple[object, ...]]:
    language = facts.language
    files = joined(map(code, (f"Pulumi.{facts.stack}.yaml", "projects/*.yaml", f"releases/{facts.stack}.yaml")))
    yield (say(SETTINGS, language, files=files), say(CHECKOUT, language))
    up = say(PLANNED if facts.is_planned else READ, language)
    if facts.outputs is None:
        up = say(MISSING, language, why=prose(facts.why_no_outputs))
    yield (say(OUTPUTS, language), up)
    if facts.preview is not None:
        yield (say(PREVIEW, language), say(READ, language))
    if facts.is_declared:
        yield (say(REPORTS, language), say(NOT_READ, language))
        yield (say(HISTORY, language), say(NOT_READ, language))
        yield (say(PRICES, language), facts.statement["prices"]["priced_on"])
        return
    if not facts.reports:
        yield (say(REPORTS, language), say(NO_REPORT, language, folder=code("reports/")))
    for name, found in sorted(facts.reports.items()):
        yield (say(REPORT, language, name=code(name)), facts.moment(found))
    if facts.history:
        last = str(facts.history[-1].get("at", ""))[:16].replace("T", " ")
        yield (say(HISTORY, language), say(LINES, language, count=len(facts.history), when=last))
    else:
        yield (say(HISTORY, language), say(NO_LINES, language))
    yield (say(PRICES, language), facts.statement["prices"]["priced_on"])
