"""
Who reaches what: from outside through the firewall, and between the servers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.declarations import backup, db, exporters, ports
from components.firewall import WEB
from components.naming import all_servers
from ops.diagrams.graph import Cluster, Drawing, Edge, Flow, Graph, Kind, Node
from ops.diagrams.places import entry_node, folded, with_role
from ops.diagrams.speech import Speech
from settings import Role, Settings
from settings.entry import Entry

SSH = "22/tcp"
# What Prometheus asks.
_MEASURES = {
    exporters.NODE_PORT,
    exporters.DOCKER_PORT,
    exporters.HAPROXY_PORT,
    exporters.POSTGRES_PORT,
    db.POOLER_EXPORTER_PORT,
}
_Roles = tuple[Role, ...]


def outside(settings: Settings, outputs: Mapping[str, Any] | None, speech: Speech) -> Drawing:
    """
    What Hetzner's firewall lets in, from whom. A firewall does not see the private network.
    """
    ingress = with_role(settings, Role.INGRESS)
    others = [name for name in all_servers(settings) if name not in ingress]
    sources = speech.few(settings.environment.access.sources)
    people = Node(id="admins", label=(speech("Administrators", "Administrateurs"), *sources), kind=Kind.OUTSIDE)
    members, edges = _web(settings, ingress, outputs, speech) if ingress else ([], [])
    if others:
        alone = speech("Servers that only administrators reach", "Serveurs que seuls les administrateurs atteignent")
        label = alone if ingress else speech("Servers", "Serveurs")
        members.append(_servers("others", label, others, settings, speech))
        edges.append(Edge(source="admins", target="others", label=f"SSH {SSH}", flow=Flow.ORDER))
    return Drawing(
        name="network",
        title=speech(
            "What the firewall of {stack} lets in", "Ce que le pare-feu de {stack} laisse entrer", stack=settings.stack
        ),
        alt=_outside_said(settings, ingress, speech),
        graph=Graph(members=(people, *members), edges=tuple(edges)),
    )


def _web(
    settings: Settings, ingress: Sequence[str], outputs: Mapping[str, Any] | None, speech: Speech
) -> tuple[list[Node | Cluster], list[Edge]]:
    """
    What everybody reaches. Behind a load balancer, servers are open to everybody all the same.
    """
    everybody = (speech("Everybody", "Tout le monde"), "0.0.0.0/0", "::/0")
    entry = entry_node(settings, outputs, speech)
    servers = _servers("ingress", speech("Servers with a way in", "Serveurs avec une entrée"), ingress, settings, speech)
    members: list[Node | Cluster] = [Node(id="world", label=everybody, kind=Kind.OUTSIDE), *([entry] if entry else []), servers]
    if entry is None:
        edges = [Edge(source="world", target="ingress", label=_open())]
    elif settings.environment.entry is Entry.LOAD_BALANCER:
        inside = speech("80, 443/tcp, private network", "80, 443/tcp, réseau privé")
        edges = [
            Edge(source="world", target="ingress", label=_open()),
            Edge(source="world", target="entry", label="80, 443/tcp"),
            Edge(source="entry", target="ingress", label=inside),
        ]
    else:
        edges = [Edge(source="world", target="entry", label=_open()), Edge(source="entry", target="ingress")]
    return members, [*edges, Edge(source="admins", target="ingress", label=f"SSH {SSH}", flow=Flow.ORDER)]


def _open() -> str:
    return _ports((protocol, int(port)) for protocol, port, _ in WEB)


def _outside_said(settings: Settings, ingress: Sequence[str], speech: Speech) -> str:
    entry = entry_node(settings, None, speech)
    before = speech(", and the {entry} before them", ", et ce qui est devant : {entry}", entry=entry.label[0]) if entry else ""
    web = speech(
        "Everybody reaches {ports} of {servers}{before}.",
        "Tout le monde atteint {ports} de {servers}{before}.",
        ports=_open(),
        servers=speech.listed(ingress),
        before=before,
    )
    return speech(
        "From {sources}, SSH ({ssh}) is open to every server. {web} Pings are answered; everything else that comes in is "
        "dropped, and everything may go out.",
        "Depuis {sources}, SSH ({ssh}) est ouvert vers chaque serveur. {web} Les pings ont une réponse ; tout le reste est "
        "refusé à l'entrée, et tout peut sortir.",
        sources=speech.listed(settings.environment.access.sources),
        ssh=SSH,
        web=web if ingress else speech("Nothing else is open.", "Rien d'autre n'est ouvert."),
    )


def inside(settings: Settings, speech: Speech) -> Drawing:
    """
    What the servers use of each other. The packet filter opens a server's ports to the whole private network: they are in its
    box.
    """
    groups: dict[_Roles, list[str]] = defaultdict(list)
    for name, (_, pool) in all_servers(settings).items():
        groups[tuple(sorted(pool.roles))].append(name)
    nodes = tuple(_group(roles, names, speech) for roles, names in groups.items())
    edges = tuple(
        Edge(
            source=" ".join(source),
            target=" ".join(target),
            label="; ".join(uses),
            flow=Flow.ORDER if Role.MONITORING in source else Flow.DATA,
        )
        for source in groups
        for target in groups
        if source != target and (uses := list(_uses(settings, source, target, speech)))
    )
    names = {" ".join(roles): speech.listed(found) for roles, found in groups.items()}
    return Drawing(
        name="network-inside",
        title=speech(
            "What the servers of {stack} ask of each other", "Ce que les serveurs de {stack} se demandent", stack=settings.stack
        ),
        alt=speech(
            "In the private network {cidr}. {uses}. The packet filter of each server lets all others reach its open ports.",
            "Dans le réseau privé {cidr}. {uses}. Le filtre de paquets de chaque serveur laisse tous les autres atteindre ses "
            "ports ouverts.",
            cidr=settings.environment.network.cidr,
            uses="; ".join(f"{names[edge.source]} → {names[edge.target]}: {edge.label}" for edge in edges)
            or speech("No server needs another one", "Aucun serveur n'a besoin d'un autre"),
        ),
        graph=Graph(members=nodes, edges=edges),
    )


def _servers(name: str, label: str, servers: Sequence[str], settings: Settings, speech: Speech) -> Cluster:
    found = all_servers(settings)
    nodes = [
        Node(id=f"server {server}", label=(server, ", ".join(role.value for role in found[server][1].roles)), kind=Kind.SERVER)
        for server in servers
    ]
    return Cluster(id=name, label=label, members=folded(nodes, speech, name), columns=3)


def _group(roles: _Roles, names: Sequence[str], speech: Speech) -> Node:
    opened = ports.private(roles)
    lines = [f"{', '.join(str(port) for port in found)}/{protocol}" for protocol, found in opened.items() if found]
    heading = speech("open to the network:", "ouverts au réseau :")
    label = (speech.listed(names), ", ".join(role.value for role in roles), heading, *lines)
    return Node(id=" ".join(roles), label=label, kind=Kind.SERVER)


def _uses(settings: Settings, source: _Roles, target: _Roles, speech: Speech) -> Iterator[str]:
    """
    What servers with some roles want of those with others.
    """
    swarm = {Role.APP, Role.INGRESS}
    if swarm & set(source) and swarm & set(target) and source < target:
        yield speech("Swarm, both ways {ports}", "Swarm, dans les deux sens {ports}", ports=_ports(ports.SWARM))
    if Role.APP in source and Role.DB in target:
        yield speech("databases {ports}/tcp", "bases {ports}/tcp", ports=f"{db.POOLER_PORT}, {db.PORT}")
    if settings.environment.backup:
        yield from _backup_uses(settings, source, target, speech)
    if settings.environment.monitoring and Role.MONITORING in source:
        wanted = sorted({port for port in ports.private(target)["tcp"] if port in _MEASURES})
        yield speech("measures {ports}/tcp", "mesures {ports}/tcp", ports=", ".join(str(port) for port in wanted))


def _backup_uses(settings: Settings, source: _Roles, target: _Roles, speech: Speech) -> Iterator[str]:
    policies = backup.policies(settings)
    places = [place for policy in policies for place in backup.places(settings, policy)]
    servers = all_servers(settings)
    kinds = {place["kind"] for place in places if tuple(sorted(servers[place["server"]][1].roles)) == target}
    if Role.BACKUP in source and kinds:
        found = f"22, {db.PORT}" if "database" in kinds else "22"
        yield speech("backups {ports}/tcp", "sauvegardes {ports}/tcp", ports=found)
    if Role.DB in source and Role.BACKUP in target:
        yield speech("data given back {port}/tcp", "données rendues {port}/tcp", port=backup.SERVE_PORT)


def _ports(found: Iterator[ports.Port] | Sequence[ports.Port]) -> str:
    by_protocol: dict[str, list[int]] = defaultdict(list)
    for protocol, port in found:
        by_protocol[protocol].append(port)
    return "; ".join(f"{', '.join(str(port) for port in numbers)}/{protocol}" for protocol, numbers in by_protocol.items())
