"""
What there is: the environment at a glance, and every server, disk and zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from components.naming import all_servers, server_names, volume_home
from ops.diagrams.graph import Cluster, Drawing, Edge, Flow, Graph, Kind, Node
from ops.diagrams.places import addresses, entry_node, folded, with_role
from ops.diagrams.speech import Speech
from settings import Project, Role, Settings
from settings.environment import ServerPool


def overview(settings: Settings, outputs: Mapping[str, Any] | None, speech: Speech) -> Drawing:
    """
    From a visitor to the last copy of the data, with all projects in one group.
    """
    ingress, apps = with_role(settings, Role.INGRESS), with_role(settings, Role.APP)
    databases, keepers = with_role(settings, Role.DB)[:1], with_role(settings, Role.BACKUP)
    backup = settings.environment.backup
    entry = entry_node(settings, outputs, speech)
    members: list[Node | Cluster] = [Node(id="visitors", label=(speech("Visitors", "Visiteurs"),), kind=Kind.OUTSIDE)]
    if entry:
        members.append(entry)
    if ingress:
        members.append(_box("ingress", speech("Way in", "Entrée"), "Caddy, HAProxy", speech.listed(ingress), Kind.ENTRY))
    projects = [_project(project) for _, project in sorted(settings.projects.items())]
    if projects:
        label = speech("Projects, on {servers}", "Projets, sur {servers}", servers=speech.listed(apps))
        members.append(Cluster(id="projects", label=label, members=folded(projects, speech, "projects")))
    if databases:
        version = f"PostgreSQL {settings.environment.postgresql.version}"
        members.append(_box("databases", speech("Databases", "Bases de données"), version, databases[0], Kind.STORE))
    if keepers and backup:
        members.append(_box("backups", speech("Backups", "Sauvegardes"), speech.listed(keepers), "", Kind.STORE))
        if backup.offsite:
            place = f"{backup.offsite.kind.value}, {backup.offsite.location}"
            members.append(_box("offsite", speech("Copies elsewhere", "Copies ailleurs"), place, "", Kind.OUTSIDE))
    chain = [member.id for member in members]
    edges = tuple(Edge(source=first, target=second) for first, second in pairwise(chain))
    return Drawing(
        name="overview",
        title=speech("{stack} at a glance", "{stack} en bref", stack=settings.stack),
        alt=_overview_said(settings, [*([entry.label[0]] if entry else []), *ingress], speech),
        graph=Graph(members=tuple(members), edges=edges),
    )


def _overview_said(settings: Settings, way: list[str], speech: Speech) -> str:
    names, backup = sorted(settings.projects), settings.environment.backup
    offsite = backup.offsite if backup else None
    return speech(
        "Requests come in through {way}; {count} projects ({projects}) run on {apps}. Their databases are on {databases}, and "
        "backups on {keepers}{offsite}.",
        "Les requêtes entrent par {way} ; {count} projets ({projects}) tournent sur {apps}. Leurs bases sont sur "
        "{databases}, les sauvegardes sur {keepers}{offsite}.",
        way=_or_none(way, speech),
        count=len(names),
        projects=speech.listed(names, 12),
        apps=_or_none(with_role(settings, Role.APP), speech),
        databases=_or_none(with_role(settings, Role.DB)[:1], speech),
        keepers=_or_none(with_role(settings, Role.BACKUP) if backup else [], speech),
        offsite=speech(", with copies in {place}", ", avec des copies à {place}", place=offsite.location) if offsite else "",
    )


def resources(settings: Settings, outputs: Mapping[str, Any] | None, speech: Speech) -> Drawing:
    """
    Every server with its disk, in its pool, and what is around them.
    """
    environment = settings.environment
    entry = entry_node(settings, outputs, speech)
    pools = tuple(_pool(settings, name, pool, outputs, speech) for name, pool in sorted(environment.servers.items()))
    label = speech("Private network {cidr}", "Réseau privé {cidr}", cidr=environment.network.cidr)
    network = Cluster(id="network", label=label, members=(*pools, *_unknown(settings, outputs, speech)))
    inside: tuple[Node | Cluster, ...] = (entry, network) if entry else (network,)
    cloud = Cluster(
        id="cloud",
        label=f"Hetzner Cloud: {environment.name}",
        members=inside,
        edges=(Edge(source="entry", target="network", label="80, 443/tcp"),) if entry else (),
    )
    around = list(_around(settings, speech))
    edges = [edge for _, edge in around]
    servers = list(all_servers(settings))
    return Drawing(
        name="resources",
        title=speech("What {stack} is made of", "De quoi {stack} est fait", stack=settings.stack),
        alt=speech(
            "{count} servers in the private network {cidr}: {pools}. {entry} DNS zones: {zones}.",
            "{count} serveurs dans le réseau privé {cidr} : {pools}. {entry} Zones DNS : {zones}.",
            count=len(servers),
            cidr=environment.network.cidr,
            pools="; ".join(_said(settings, name, pool, speech) for name, pool in sorted(environment.servers.items())),
            entry=f"{speech('In front of them', 'Devant eux')}: {entry.label[0]}."
            if entry
            else speech("Names lead to a server itself.", "Les noms mènent à un serveur même."),
            zones=speech.listed(environment.all_zones),
        ),
        graph=Graph(
            members=(
                *(node for node, _ in around if node.id == "dns"),
                cloud,
                *(node for node, _ in around if node.id != "dns"),
            ),
            edges=tuple(edges),
        ),
    )


def _box(name: str, title: str, line: str, further: str, kind: Kind) -> Node:
    return Node(id=name, label=tuple(part for part in (title, line, further) if part), kind=kind)


def _or_none(names: list[str], speech: Speech) -> str:
    return speech.listed(names) if names else speech("no server", "aucun serveur")


def _project(project: Project) -> Node:
    return Node(id=f"project {project.name}", label=(project.name, ", ".join(project.all_processes())), kind=Kind.PROCESS)


def _pool(settings: Settings, name: str, pool: ServerPool, outputs: Mapping[str, Any] | None, speech: Speech) -> Cluster:
    found = [_server(settings, server, pool, outputs, speech) for server in server_names(name, pool)]
    return Cluster(id=f"pool {name}", label=_said(settings, name, pool, speech), members=folded(found, speech, f"pool {name}"))


def _said(settings: Settings, name: str, pool: ServerPool, speech: Speech) -> str:
    return speech(
        "{name}: {count} \u00d7 {type} in {place}",
        "{name} : {count} \u00d7 {type} à {place}",
        name=name,
        count=pool.count,
        type=pool.type,
        place=pool.location or settings.environment.location,
    )


def _server(settings: Settings, name: str, pool: ServerPool, outputs: Mapping[str, Any] | None, speech: Speech) -> Node:
    lines = [name, ", ".join(role.value for role in pool.roles)]
    if pool.volume_gb:
        lines.append(speech("disk of {size} GB", "disque de {size} Go", size=pool.volume_gb))
    if name == volume_home(settings):
        lines.append(speech("projects' volumes", "volumes des projets"))
    if outputs is not None:
        known = addresses((outputs.get("servers") or {}).get(name) or {}, ("private_ip", "ipv4", "ipv6"))
        lines += known or [speech("address unknown", "adresse inconnue")]
    return Node(id=f"server {name}", label=tuple(lines), kind=Kind.SERVER)


def _unknown(settings: Settings, outputs: Mapping[str, Any] | None, speech: Speech) -> Iterator[Cluster]:
    """
    Servers that the outputs have and the settings do not.
    """
    more = sorted(set((outputs or {}).get("servers") or {}) - set(all_servers(settings)))
    if more:
        nodes = [Node(id=f"server {name}", label=(name,), kind=Kind.DIFFERENT) for name in more]
        label = speech("Only in the outputs: to be removed", "Seulement dans les sorties : à retirer")
        yield Cluster(id="unknown", label=label, members=folded(nodes, speech, "unknown"))


def _around(settings: Settings, speech: Speech) -> Iterator[tuple[Node, Edge]]:
    environment = settings.environment
    zones = Node(id="dns", label=("DNS, Cloudflare", *speech.few(environment.all_zones)), kind=Kind.OUTSIDE)
    yield zones, Edge(source="dns", target="cloud", label=speech("names lead to", "noms vers"))
    if with_role(settings, Role.APP, Role.INGRESS):
        registry = (speech("Image registry", "Registre d'images"), environment.registry)
        arrow = speech("images by digest", "images par empreinte")
        yield Node(id="registry", label=registry, kind=Kind.OUTSIDE), Edge(source="registry", target="cloud", label=arrow)
    if environment.backup and environment.backup.offsite and with_role(settings, Role.BACKUP):
        offsite = environment.backup.offsite
        copies = (speech("Copies elsewhere", "Copies ailleurs"), f"{offsite.kind.value}: {offsite.host}", offsite.location)
        arrow = speech("encrypted copies", "copies chiffrées")
        yield Node(id="offsite", label=copies, kind=Kind.OUTSIDE), Edge(source="cloud", target="offsite", label=arrow)
    if environment.monitoring and with_role(settings, Role.MONITORING):
        told = [f"{receiver.name}: {receiver.kind.value}" for receiver in environment.monitoring.receivers]
        receivers = (speech("Who is told", "Qui est averti"), *speech.few(told))
        yield (
            Node(id="receivers", label=receivers, kind=Kind.OUTSIDE),
            Edge(source="cloud", target="receivers", label=speech("alerts", "alertes"), flow=Flow.ORDER),
        )
