"""
The way of a request to one project, and what the project does besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from components.declarations import db
from components.naming import volume_home
from ops.diagrams.graph import Cluster, Drawing, Edge, Flow, Graph, Kind, Node
from ops.diagrams.places import MOST_BOXES, entry_node, folded, with_role
from ops.diagrams.speech import Speech
from settings import Kind as ProcessKind
from settings import Process, Project, Role, Settings
from settings.project import Database
from settings.release import FULL_WEIGHT

ANSWERING = (ProcessKind.WEB, ProcessKind.STATIC)


def requests(settings: Settings, project: Project, outputs: Mapping[str, Any] | None, speech: Speech) -> Drawing:
    """
    From a visitor to the project's database, and its programs that nobody asks.
    """
    members, edges = _way_in(settings, project, outputs, speech)
    processes = project.all_processes()
    groups = [
        ("web", speech("Answers requests", "Répond aux requêtes"), [ProcessKind.WEB]),
        ("static", speech("Pages as they are", "Pages telles quelles"), [ProcessKind.STATIC]),
        ("alone", speech("Works by itself", "Travaille seul"), [ProcessKind.WORKER, ProcessKind.JOB]),
    ]
    for name, label, kinds in groups:
        found = [
            _process(settings, project, inner, process, speech) for inner, process in processes.items() if process.kind in kinds
        ]
        if not found:
            continue
        members.append(Cluster(id=name, label=label, members=folded(found, speech, name, MOST_BOXES)))
        if name != "alone" and any(member.id == "ingress" for member in members):
            edges.append(_into(project, name, speech, is_served=_is_served(settings, project)))
    members, edges = _stores(settings, project, members, edges, speech)
    return Drawing(
        name=f"requests-{project.name}",
        title=speech(
            "Requests to {name} in {stack}", "Requêtes vers {name} dans {stack}", name=project.name, stack=settings.stack
        ),
        alt=_said(settings, project, speech),
        graph=Graph(members=tuple(members), edges=tuple(edges)),
    )


def _way_in(
    settings: Settings, project: Project, outputs: Mapping[str, Any] | None, speech: Speech
) -> tuple[list[Node | Cluster], list[Edge]]:
    """
    Visitors, what stands before the servers, and the two programs of the ingress; nothing for a project that nobody asks.
    """
    processes = [process for process in project.all_processes().values() if process.kind in ANSWERING]
    ingress = with_role(settings, Role.INGRESS)
    if not processes or not ingress:
        return [], []
    members: list[Node | Cluster] = [Node(id="visitors", label=(speech("Visitors", "Visiteurs"), "HTTPS"), kind=Kind.OUTSIDE)]
    if settings.environment.dns.proxied:
        members.append(Node(id="cloudflare", label=("Cloudflare",), kind=Kind.OUTSIDE))
    entry = entry_node(settings, outputs, speech)
    members += [entry] if entry else []
    redirects = [name for process in processes for name in settings.redirects(process)]
    sent_on = [speech("sends on: {names}", "renvoie : {names}", names=speech.listed(redirects, 3))] if redirects else []
    caddy = Node(id="caddy", label=("Caddy", speech("names, TLS", "noms, TLS"), *sent_on), kind=Kind.ENTRY)
    haproxy = Node(
        id="haproxy", label=("HAProxy", speech("releases", "versions"), *_shares(settings, project)), kind=Kind.ENTRY
    )
    label = speech("Way in: {servers}", "Entrée : {servers}", servers=speech.listed(ingress))
    members.append(
        Cluster(id="ingress", label=label, members=(caddy, haproxy), edges=(Edge(source="caddy", target="haproxy"),))
    )
    chain = [member.id for member in members]
    return members, [Edge(source=first, target=second) for first, second in pairwise(chain)]


def _is_served(settings: Settings, project: Project) -> bool:
    return project.name in settings.releases.projects


def _shares(settings: Settings, project: Project) -> list[str]:
    """
    The slots with their shares, where traffic is split.
    """
    if not _is_served(settings, project):
        return []
    serving = settings.releases.projects[project.name].serving
    return [f"{release.slot.value}: {release.weight} %" for release in serving if release.weight < FULL_WEIGHT]


def _into(project: Project, name: str, speech: Speech, *, is_served: bool) -> Edge:
    label, flow = "", Flow.DATA
    if not is_served:
        label, flow = speech("no release yet", "pas encore de version"), Flow.FAILURE
    elif project.maintenance:
        label, flow = speech("closed: 503", "fermé : 503"), Flow.FAILURE
    return Edge(source="ingress", target=name, label=label, flow=flow)


def _process(settings: Settings, project: Project, name: str, process: Process, speech: Speech) -> Node:
    count = f" \u00d7 {process.replicas}" if process.replicas > 1 else ""
    lines = [f"{name}{count}", *speech.few(settings.hostnames(process))]
    if process.schedule:
        lines.append(speech.when(process.schedule))
    apps = with_role(settings, Role.APP)
    place = [volume_home(settings) or ""] if process.volumes else apps
    servers = _either(place, speech) if process.replicas == 1 else speech.listed(place, 4)
    lines.append(speech("on {servers}", "sur {servers}", servers=servers))
    return Node(id=f"process {name}", label=tuple(lines), kind=Kind.PROCESS if _is_served(settings, project) else Kind.NOTE)


def _either(names: Iterable[str], speech: Speech) -> str:
    found = list(names)
    return (
        speech(" or ", " ou ").join(found) if len(found) <= 3 else speech("one of {count}", "un de {count}", count=len(found))
    )


def _stores(
    settings: Settings, project: Project, members: list[Node | Cluster], edges: list[Edge], speech: Speech
) -> tuple[list[Node | Cluster], list[Edge]]:
    """
    The database with what stands before it, and the volumes.
    """
    present = {member.id for member in members}
    home = db.home(settings)
    processes = project.all_processes().values()
    volumes = sorted({volume.name for process in processes for volume in process.volumes})
    if volumes:
        server = volume_home(settings) or ""
        label_of = (speech.listed(volumes, 4), speech("on the disk of {server}", "sur le disque de {server}", server=server))
        members.append(Node(id="volumes", label=label_of, kind=Kind.STORE))
        groups = {"web": ProcessKind.WEB, "static": ProcessKind.STATIC, "alone": ProcessKind.WORKER}
        users = [name for name, kind in groups.items() if any(_uses(process, kind) for process in processes)]
        edges += [Edge(source=name, target="volumes", label=speech("files", "fichiers")) for name in users]
    if project.database and home:
        members.append(_database(settings, project.database, home, speech))
        users = [name for name in ("web", "alone") if name in present]
        edges += [Edge(source=name, target="database", label=f"{db.POOLER_PORT}/tcp, TLS") for name in users]
    return members, edges


def _database(settings: Settings, database: Database, home: str, speech: Speech) -> Cluster:
    connections = speech("{size} connections", "{size} connexions", size=database.pool_size)
    pooler = Node(id="pooler", label=("PgBouncer", connections), kind=Kind.PROCESS)
    version = f"PostgreSQL {settings.environment.postgresql.version}"
    store = Node(id="store", label=(database.name, version), kind=Kind.STORE)
    label = speech("Database: {server}", "Base : {server}", server=home)
    return Cluster(id="database", label=label, members=(pooler, store), edges=(Edge(source="pooler", target="store"),))


def _uses(process: Process, kind: ProcessKind) -> bool:
    own = ProcessKind.WORKER if process.kind is ProcessKind.JOB else process.kind
    return bool(process.volumes) and own is kind


def _said(settings: Settings, project: Project, speech: Speech) -> str:
    processes = project.all_processes()
    names = [name for process in processes.values() if process.kind in ANSWERING for name in settings.hostnames(process)]
    ingress, home = with_role(settings, Role.INGRESS), db.home(settings)
    parts = []
    if names and ingress:
        parts.append(
            speech(
                "Requests to {names} go through Caddy and HAProxy on {ingress} to {processes}.",
                "Les requêtes vers {names} passent par Caddy et HAProxy sur {ingress}, puis vers {processes}.",
                names=speech.listed(names),
                ingress=speech.listed(ingress),
                processes=speech.listed([name for name, process in processes.items() if process.kind in ANSWERING]),
            )
        )
    alone = [name for name, process in processes.items() if process.kind not in ANSWERING]
    if alone:
        parts.append(speech("By itself works: {names}.", "Travaille seul : {names}.", names=speech.listed(alone)))
    if project.database and home:
        parts.append(
            speech(
                "Its database {name} is on {server}.",
                "Sa base {name} est sur {server}.",
                name=project.database.name,
                server=home,
            )
        )
    volumes = sorted({volume.name for process in processes.values() for volume in process.volumes})
    if volumes:
        parts.append(
            speech(
                "Its volumes ({names}) are on {server}.",
                "Ses volumes ({names}) sont sur {server}.",
                names=speech.listed(volumes),
                server=volume_home(settings) or "",
            )
        )
    if not _is_served(settings, project):
        parts.append(speech("No release serves here yet.", "Aucune version ne sert encore ici."))
    elif project.maintenance:
        parts.append(
            speech("It is closed for maintenance: visitors get 503.", "Fermé pour maintenance : les visiteurs ont 503.")
        )
    return " ".join(parts)
