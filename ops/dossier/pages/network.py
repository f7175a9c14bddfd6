"""
How it is connected: address ranges, who reaches which port, DNS, certificates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from components.declarations import backup, db, exporters, ports
from components.naming import all_servers
from ops.dossier import terms
from ops.dossier.facts import Facts
from ops.dossier.page import Markdown, Page, body, code, file, heading, joined, output, paragraph, say, setting, source, table
from ops.dossier.pages.inventory import unless_up
from ops.dossier.words import Language, Words
from settings import Process, Role
from settings.entry import Entry
from settings.stacks import is_sandbox

TITLE = Words(en="Network", fr="Réseau")
RANGES = Words(en="Address ranges", fr="Plages d'adresses")
RANGE = Words(en="Range", fr="Plage")
CIDR = Words(en="the private network", fr="le réseau privé")
SUBNET = Words(en="servers in {zone}", fr="serveurs dans {zone}")
OVERLAY = Words(en="containers", fr="conteneurs")
ROUTE = Words(en="elsewhere, by way of {gateway}", fr="ailleurs, par {gateway}")
FIREWALL = Words(en="Who reaches whom", fr="Qui atteint qui")
DROPPED = Words(
    en="Everything else that comes in is dropped, at Hetzner's firewall and again on each server. What goes out is not "
    "restricted. In the private network a server reaches another one on the ports that are named here, and on no other.",
    fr="Tout le reste de ce qui entre est rejeté, au pare-feu de Hetzner puis encore sur chaque serveur. Ce qui sort n'est pas "
    "restreint. Dans le réseau privé, un serveur en atteint un autre sur les ports cités ici, et sur aucun autre.",
)
WHO, WHOM = Words(en="Who", fr="Qui"), Words(en="Whom", fr="Vers qui")
FOR = Words(en="For", fr="Pour")
ADMINISTRATORS = Words(en="administrators", fr="administrateurs")
COMPUTER = Words(en="the computer that the sandbox runs on", fr="l'ordinateur où tourne le bac à sable")
BALANCER = Words(en="load balancer", fr="répartiteur de charge")
ENTRY = Words(en="Entry", fr="Entrée")
ENTRY_IS = Words(en="Requests get in by way of: {kind}.", fr="Les requêtes entrent par : {kind}.")
ADDRESS = Words(en="Address", fr="Adresse")
DNS = Words(en="DNS", fr="DNS")
CONTENT = Words(en="Leads to, or says", fr="Mène à, ou dit")
REMEMBERED = Words(en="Remembered for", fr="Gardé pendant")
PROXIED = Words(en="Cloudflare answers", fr="Cloudflare répond")
TO_ENTRY = Words(en="the entry", fr="l'entrée")
TLS = Words(en="Certificates", fr="Certificats")
ACME = Words(
    en="Certificates come by ACME from {directory}; the authority writes to {email}. Visitors who ask for HTTP are sent to "
    "HTTPS.",
    fr="Les certificats viennent par ACME de {directory} ; l'autorité écrit à {email}. Qui demande HTTP est renvoyé vers "
    "HTTPS.",
)
OWN = Words(
    en="Certificates are signed by an authority of one's own, whose root is {file}.",
    fr="Les certificats sont signés par une autorité propre, dont la racine est {file}.",
)
EXPIRY = Words(
    en="When they expire was looked at by the check `tls`, {when}: {status}.",
    fr="Leur échéance a été regardée par le contrôle `tls`, {when} : {status}.",
)
NOT_LOOKED = Words(
    en="When they expire is not known here: no report of the check `tls`. Run {command}.",
    fr="Leur échéance est inconnue ici : aucun rapport du contrôle `tls`. Lancez {command}.",
)
PURPOSES = {
    ports.SSH: Words(en="SSH", fr="SSH"),
    ("tcp", 80): Words(en="HTTP, sent to HTTPS", fr="HTTP, renvoyé vers HTTPS"),
    ("tcp", 443): Words(en="HTTPS", fr="HTTPS"),
    ("udp", 443): Words(en="HTTP/3", fr="HTTP/3"),
    ("tcp", 2377): Words(en="Swarm: orders", fr="Swarm : ordres"),
    ("tcp", 7946): Words(en="Swarm: gossip", fr="Swarm : échanges"),
    ("udp", 7946): Words(en="Swarm: gossip", fr="Swarm : échanges"),
    ("udp", 4789): Words(en="containers' packets", fr="paquets des conteneurs"),
    ports.NODE_EXPORTER: Words(en="measures of the server", fr="mesures du serveur"),
    ports.DOCKER_METRICS: Words(en="measures of Docker", fr="mesures de Docker"),
    ("tcp", exporters.HAPROXY_PORT): Words(en="measures of HAProxy", fr="mesures de HAProxy"),
    ("tcp", db.PORT): Words(en="PostgreSQL", fr="PostgreSQL"),
    ("tcp", db.POOLER_PORT): Words(en="PgBouncer", fr="PgBouncer"),
    ("tcp", exporters.POSTGRES_PORT): Words(en="measures of PostgreSQL", fr="mesures de PostgreSQL"),
    ("tcp", db.POOLER_EXPORTER_PORT): Words(en="measures of PgBouncer", fr="mesures de PgBouncer"),
    ("tcp", backup.SERVE_PORT): Words(
        en="a restored database, while it is taken over", fr="une base restaurée, pendant sa reprise"
    ),
}


def page(facts: Facts) -> Page:
    """
    The page.
    """
    return Page(
        "network.md", TITLE.of(facts.language), body(_ranges(facts), _firewall(facts), _entry(facts), _dns(facts), _tls(facts))
    )


def _ranges(facts: Facts) -> Markdown:
    language, network = facts.language, facts.settings.environment.network
    rows: list[tuple[object, ...]] = [(code(network.cidr), say(CIDR, language))]
    rows += [(code(cidr), say(SUBNET, language, zone=zone)) for zone, cidr in sorted(network.subnets.items())]
    rows.append((code(network.overlay), say(OVERLAY, language)))
    rows += [(code(route.destination), say(ROUTE, language, gateway=code(route.gateway))) for route in network.routes]
    return body(
        heading(RANGES.of(language)),
        table(terms.heads(language, RANGE, FOR), rows),
        source(language, setting("environment.network")),
    )


def _firewall(facts: Facts) -> Markdown:
    language = facts.language
    return body(
        heading(FIREWALL.of(language)),
        paragraph(say(DROPPED, language)),
        table(terms.heads(language, WHO, WHOM, terms.PORT, FOR), _reaches(facts)),
        source(
            language,
            setting("environment.access.sources"),
            setting("environment.servers.<pool>.roles"),
            file("components/declarations/ports.py"),
        ),
    )


def _reaches(facts: Facts) -> Iterator[tuple[object, ...]]:
    """
    From the outside first; then what the fleet's own servers reach, by pool: its servers have the same roles.
    """
    language, environment = facts.language, facts.settings.environment
    everywhere = joined(map(code, all_servers(facts.settings)))
    who = joined([ADMINISTRATORS.of(language), *map(code, environment.access.sources)])
    yield (who, everywhere, code("22/tcp"), say(PURPOSES[ports.SSH], language))
    if is_sandbox(facts.stack):
        yield (say(COMPUTER, language), everywhere, code("22/tcp"), say(PURPOSES[ports.SSH], language))
    everybody = say(terms.EVERYBODY, language)
    yield (everybody, everywhere, code("icmp"), "ping")
    for name, pool in sorted(environment.servers.items()):
        servers = joined(code(server) for server, (of, _) in all_servers(facts.settings).items() if of == name)
        if environment.entry is Entry.LOAD_BALANCER and Role.INGRESS in pool.roles:
            for port in (80, 443):
                yield (everybody, say(BALANCER, language), code(f"{port}/tcp"), say(PURPOSES["tcp", port], language))
        for protocol, found in ports.public(pool.roles).items():
            yield from _rows(language, everybody, servers, protocol, found)
        for protocol, found in ports.private(pool.roles).items():
            yield from _rows(language, code(environment.network.cidr), servers, protocol, found)


def _rows(
    language: Language, who: Markdown, whom: Markdown, protocol: str, found: Iterable[int]
) -> Iterator[tuple[object, ...]]:
    for port in found:
        purpose = PURPOSES.get((protocol, port), terms.NOT_KNOWN)
        yield (who, whom, code(f"{port}/{protocol}"), say(purpose, language))


def _entry(facts: Facts) -> Markdown:
    language = facts.language
    known = (facts.outputs or {}).get("entry") or {}
    rows = [(code(kind), code(known[kind])) for kind in ("ipv4", "ipv6") if known.get(kind)]
    return body(
        heading(ENTRY.of(language)),
        paragraph(say(ENTRY_IS, language, kind=code(facts.settings.environment.entry.value))),
        unless_up(facts),
        table(terms.heads(language, terms.TYPE, ADDRESS), rows) if rows else Markdown(),
        source(language, setting("environment.ingress.entry"), output("entry")),
    )


def hostnames(facts: Facts) -> list[tuple[str, str]]:
    """
    Every name that leads to a project that is served, with the project's name.
    """
    return [
        (name, project.name)
        for project, _ in facts.settings.served
        for process in project.all_processes().values()
        for name in names(facts, process)
    ]


def names(facts: Facts, process: Process) -> list[str]:
    """
    Every name of a process, those that only redirect at the end.
    """
    return [*facts.settings.hostnames(process), *facts.settings.redirects(process)]


def _dns(facts: Facts) -> Markdown:
    language = facts.language
    headers = terms.heads(language, terms.DOMAIN, terms.TYPE, CONTENT, REMEMBERED, PROXIED)
    return body(
        heading(DNS.of(language)),
        table(headers, _records(facts)),
        source(language, setting("environment.dns"), setting("projects/<name>.yaml: domains"), output("entry")),
    )


def _records(facts: Facts) -> Iterator[tuple[object, ...]]:
    from components import dns

    language, environment = facts.language, facts.settings.environment
    entry = (facts.outputs or {}).get("entry") or {}
    kinds = [("A", "ipv4"), *([("AAAA", "ipv6")] if environment.network.ipv6 else [])]
    proxied = terms.yes_or_no(language, is_so=environment.dns.proxied)
    found = hostnames(facts)
    for name, _ in sorted(set(found)):
        for kind, key in kinds:
            leads = code(entry.get(key, "")) or say(TO_ENTRY, language)
            yield (code(name), kind, leads, f"{environment.dns.ttl_s} s", proxied)
    for record in dns.of_environment(facts.settings, [name for name, _ in found]):
        content = f"{record.priority} {record.content}" if record.priority is not None else str(record.content)
        kept = terms.yes_or_no(language, is_so=record.proxied)
        yield (code(record.name), record.kind.value, code(content), f"{record.ttl_s} s", kept)


def _tls(facts: Facts) -> Markdown:
    language, tls = facts.language, facts.settings.environment.ingress.tls
    told = Markdown()
    if tls.acme:
        told = paragraph(say(ACME, language, directory=code(tls.acme.directory), email=tls.acme.email))
    elif tls.authority:
        told = paragraph(say(OWN, language, file=code(tls.authority.certificate_file)))
    looked = facts.reports.get("tls")
    if looked is None:
        seen = paragraph(say(NOT_LOOKED, language, command=code(f"flotilla audit tls -s {facts.stack}")))
    else:
        status = ((looked.document.get("checks") or {}).get("tls") or {}).get("status", terms.NOT_KNOWN.of(language))
        seen = paragraph(say(EXPIRY, language, when=facts.moment(looked), status=status))
    return body(heading(TLS.of(language)), told, seen, source(language, setting("environment.ingress.tls")))
