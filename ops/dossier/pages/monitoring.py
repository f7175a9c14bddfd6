"""
What is watched, when somebody is told, and who.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.declarations import alerts, dns, exporters, targets
from components.naming import all_servers
from ops.dossier import terms
from ops.dossier.facts import Facts
from ops.dossier.page import (
    Markdown,
    Page,
    body,
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

TITLE = Words(en="Monitoring", fr="Surveillance")
NOTHING = Words(
    en="Nothing is watched: the environment has no `monitoring` in its settings.",
    fr="Rien n'est surveillé : l'environnement n'a pas de `monitoring` dans ses réglages.",
)
TARGETS = Words(en="Servers", fr="Serveurs")
ASKED = Words(en="Asked every {seconds} s", fr="Interrogé toutes les {seconds} s")
SITES = Words(en="Sites, asked every {seconds} s", fr="Sites, interrogés toutes les {seconds} s")
SITE = Words(en="Address", fr="Adresse")
ANSWER = Words(en="Has to", fr="Doit")
ANSWERS = {
    "site": Words(en="answer 200", fr="répondre 200"),
    "redirect": Words(en="redirect", fr="rediriger"),
    "maintenance": Words(en="answer 503, it is under maintenance", fr="répondre 503, il est en maintenance"),
}
NAMES = Words(
    en="Where names lead is asked of {resolvers} every {seconds} s.",
    fr="Où mènent les noms est demandé à {resolvers} toutes les {seconds} s.",
)
NAMES_NOT = Words(en="Where names lead is asked of nobody here.", fr="Où mènent les noms n'est demandé à personne ici.")
ALERTS = Words(en="Alerts", fr="Alertes")
TOLD = Words(
    en="{critical} are critical and wake somebody up; {warning} are warnings for the morning.",
    fr="{critical} sont critiques et réveillent quelqu'un ; {warning} sont des avertissements pour le matin.",
)
ALERT = Words(en="Alert", fr="Alerte")
SEVERITY = Words(en="Severity", fr="Gravité")
CONDITION = Words(en="Threshold", fr="Seuil")
HOLD = Words(en="For", fr="Pendant")
RUNBOOK = Words(en="Runbook", fr="Procédure")
RECEIVERS = Words(en="Who is told", fr="Qui est prévenu")
HOW = Words(en="How", fr="Comment")
TO = Words(en="Where", fr="Où")
SECRET = Words(en="secret {name}", fr="secret {name}")
KEPT = Words(en="Measures are kept for {days} days.", fr="Les mesures sont gardées {days} jours.")
LOOK = Words(en="How to look at it: {page}.", fr="Comment la consulter : {page}.")


def page(facts: Facts) -> Page:
    """
    The page.
    """
    title, language = TITLE.of(facts.language), facts.language
    if facts.settings.environment.monitoring is None:
        told = paragraph(strong(say(NOTHING, language)))
        return Page("monitoring.md", title, body(told, source(language, setting("environment.monitoring"))))
    return Page("monitoring.md", title, body(_servers(facts), _sites(facts), _alerts(facts), _receivers(facts)))


def _servers(facts: Facts) -> Markdown:
    language = facts.language
    rows = [
        (name, joined(code(f"{job}:{port}") for job, port in exporters.jobs(facts.settings, name).items()))
        for name in all_servers(facts.settings)
    ]
    asked = say(ASKED, language, seconds=targets.INTERVAL_S)
    return body(
        heading(TARGETS.of(language)),
        table([terms.SERVER.of(language), asked], rows),
        source(language, setting("environment.servers"), file("components/declarations/exporters.py")),
    )


def _sites(facts: Facts) -> Markdown:
    language, monitoring = facts.language, facts.settings.environment.monitoring
    rows = [(site.project, code(site.url), say(ANSWERS[site.module], language)) for site in targets.sites(facts.settings)]
    if dns.are_asked(facts.settings) and monitoring:
        told = say(NAMES, language, resolvers=joined(map(code, monitoring.resolvers)), seconds=dns.INTERVAL_S)
    else:
        told = say(NAMES_NOT, language)
    return body(
        heading(say(SITES, language, seconds=targets.PROBE_INTERVAL_S)),
        table(terms.heads(language, terms.PROJECT, SITE, ANSWER), rows) if rows else Markdown(),
        paragraph(told),
        source(language, setting("projects/<name>.yaml: domains"), setting("environment.monitoring.resolvers")),
    )


def _alerts(facts: Facts) -> Markdown:
    language = facts.language
    found = [alert for _, rules in sorted(alerts.groups(facts.settings).items()) for alert in rules]
    rows = [
        (
            Markdown(f"{alert.name} ({alert.project})") if alert.project else alert.name,
            alert.severity,
            code(alert.expression),
            alert.hold,
            code(alert.runbook),
        )
        for alert in found
    ]
    critical = sum(alert.severity == "critical" for alert in found)
    return body(
        heading(ALERTS.of(language)),
        paragraph(say(TOLD, language, critical=critical, warning=len(found) - critical)),
        table(terms.heads(language, ALERT, SEVERITY, CONDITION, HOLD, RUNBOOK), rows),
        source(language, file("components/declarations/alerts.py"), setting("environment.monitoring")),
    )


def _receivers(facts: Facts) -> Markdown:
    language = facts.language
    monitoring = facts.settings.environment.monitoring
    page_of_monitoring = link("docs/monitoring.md", f"{facts.checkout}/docs/monitoring.md")
    return body(
        heading(RECEIVERS.of(language)),
        table(terms.heads(language, terms.NAME, HOW, TO), _told(facts)),
        paragraph(say(KEPT, language, days=monitoring.retention_days)) if monitoring else Markdown(),
        paragraph(say(LOOK, language, page=page_of_monitoring)),
        source(language, setting("environment.monitoring.receivers")),
    )


def _told(facts: Facts) -> Iterator[tuple[object, ...]]:
    monitoring = facts.settings.environment.monitoring
    for receiver in monitoring.receivers if monitoring else ():
        if receiver.secret:
            where = say(SECRET, facts.language, name=code(f"notifications.{receiver.secret}"))
        else:
            where = code(receiver.to or "")
        yield (receiver.name, receiver.kind.value, where)
