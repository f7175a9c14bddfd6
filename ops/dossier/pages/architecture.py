"""
How the environment is made, and why so: what each role does here, and the decisions.
"""

from __future__ import annotations

from components.naming import all_servers
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
    prose,
    say,
    setting,
    source,
    table,
)
from ops.dossier.words import Words
from settings import Role

TITLE = Words(en="Architecture", fr="Architecture")
PARTS = Words(en="What does what", fr="Qui fait quoi")
DOES = Words(en="What it does here", fr="Ce qu'il fait ici")
NOBODY = Words(en="no server", fr="aucun serveur")
ROLES = {
    Role.INGRESS: Words(
        en="Takes requests in: Caddy owns names and certificates, HAProxy behind it spreads requests over releases.",
        fr="Reçoit les requêtes : Caddy tient les noms et les certificats, HAProxy derrière lui répartit entre les versions.",
    ),
    Role.APP: Words(
        en="Runs the projects' containers in Docker Swarm; a new release starts beside the old one before it takes over.",
        fr="Fait tourner les conteneurs des projets sous Docker Swarm ; une nouvelle version démarre à côté de l'ancienne "
        "avant de prendre le relais.",
    ),
    Role.DB: Words(
        en="PostgreSQL with PgBouncer: a database, logins and a pool for each project.",
        fr="PostgreSQL avec PgBouncer : une base, des comptes et un groupe de connexions par projet.",
    ),
    Role.BACKUP: Words(
        en="Fetches the others' data, so that none of them could delete it, keeps it encrypted, and tries to restore it.",
        fr="Va chercher les données des autres, pour qu'aucun ne puisse les effacer, les garde chiffrées et essaie de les "
        "restaurer.",
    ),
    Role.MONITORING: Words(
        en="Measures servers, containers, databases and sites with Prometheus, and tells people by Alertmanager.",
        fr="Mesure serveurs, conteneurs, bases et sites avec Prometheus, et prévient les gens par Alertmanager.",
    ),
}
WAY = Words(en="The way of a request", fr="Le chemin d'une requête")
STEPS = (
    Words(
        en="A name in DNS leads to the entry, {entry}.",
        fr="Un nom du DNS mène à l'entrée, {entry}.",
    ),
    Words(
        en="Caddy on a server with the role {ingress} answers for the name, over TLS.",
        fr="Caddy, sur un serveur au rôle {ingress}, répond pour ce nom, en TLS.",
    ),
    Words(
        en="HAProxy passes it to one of the releases that serve, by their shares of the traffic.",
        fr="HAProxy la passe à l'une des versions servies, selon leur part du trafic.",
    ),
    Words(
        en="The project's container answers; its database is reached through PgBouncer in the private network.",
        fr="Le conteneur du projet répond ; il atteint sa base par PgBouncer dans le réseau privé.",
    ),
)
LAYERS = Words(en="Who owns what", fr="À qui appartient quoi")
LAYER_ROWS = (
    (
        Words(en="cloud resources, DNS and containers", fr="ressources du fournisseur, DNS et conteneurs"),
        Words(en="Pulumi: `pulumi up`, `flotilla apply`", fr="Pulumi : `pulumi up`, `flotilla apply`"),
    ),
    (
        Words(en="what is on a server", fr="ce qu'il y a sur un serveur"),
        Words(en="its roles: `flotilla host converge`", fr="ses rôles : `flotilla host converge`"),
    ),
    (
        Words(en="which release gets the traffic", fr="quelle version reçoit le trafic"),
        Words(
            en="the ingress: `flotilla deploy`, `rollback`, `canary`", fr="l'entrée : `flotilla deploy`, `rollback`, `canary`"
        ),
    ),
)
OWNED_BY = Words(en="Owned by, and changed with", fr="Appartient à, et se change avec")
DECISIONS = Words(en="Decisions", fr="Décisions")
DECISION = Words(en="Decision", fr="Décision")
NUMBER = Words(en="Number", fr="Numéro")
NO_DECISIONS = Words(en="This checkout has no decision records.", fr="Ce dépôt n'a pas de registre de décisions.")


def page(facts: Facts) -> Page:
    """
    The page.
    """
    parts = (_parts(facts), _way(facts), _layers(facts), _decisions(facts))
    return Page("architecture.md", TITLE.of(facts.language), body(*parts))


def _parts(facts: Facts) -> Markdown:
    language, servers = facts.language, all_servers(facts.settings)
    rows = []
    for role, words in ROLES.items():
        having = joined(code(name) for name, (_, pool) in servers.items() if role in pool.roles)
        rows.append((code(role.value), having or say(NOBODY, language), say(words, language)))
    name = Words(en="Role", fr="Rôle")
    return body(
        heading(PARTS.of(language)),
        table(terms.heads(language, name, terms.SERVER, DOES), rows),
        source(language, setting("environment.servers")),
    )


def _way(facts: Facts) -> Markdown:
    language = facts.language
    values = {"entry": code(facts.settings.environment.entry.value), "ingress": code(Role.INGRESS.value)}
    return body(
        heading(WAY.of(language)),
        bullets(say(words, language, **values) for words in STEPS),
        source(language, setting("environment.ingress"), file("components/entry.py")),
    )


def _layers(facts: Facts) -> Markdown:
    language = facts.language
    rows = [(what.of(language), Markdown(who.of(language))) for what, who in LAYER_ROWS]
    return body(heading(LAYERS.of(language)), table(terms.heads(language, terms.WHAT, OWNED_BY), rows))


def _decisions(facts: Facts) -> Markdown:
    language = facts.language
    rows = [
        (name.partition("-")[0], link(prose(title), f"{facts.checkout}/docs/adr/{name}"))
        for name, title in sorted(facts.decisions.items())
    ]
    if not rows:
        return body(heading(DECISIONS.of(language)), paragraph(say(NO_DECISIONS, language)))
    return body(
        heading(DECISIONS.of(language)),
        table(terms.heads(language, NUMBER, DECISION), rows),
        source(language, file("docs/adr")),
    )
