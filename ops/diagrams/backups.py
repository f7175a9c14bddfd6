"""
Where data is, who fetches it, where copies are, and how it is known that they can be restored.
"""

from __future__ import annotations

from collections import defaultdict

from components.declarations import backup
from ops.diagrams.graph import Cluster, Drawing, Edge, Flow, Graph, Kind, Node
from ops.diagrams.places import folded, location, with_role
from ops.diagrams.speech import Speech
from settings import Role, Settings
from settings.care import BackupPolicy
from settings.reserved import INGRESS


def backups(settings: Settings, speech: Speech) -> Drawing:
    """
    Everything that is kept, by the server that it is on.
    """
    policy, keepers = settings.environment.backup, with_role(settings, Role.BACKUP)
    title = speech("How {stack} is backed up", "Comment {stack} est sauvegardé", stack=settings.stack)
    sources = _sources(settings, speech)
    if policy is None or not keepers or not sources:
        said = speech("Nothing is backed up", "Rien n'est sauvegardé")
        nothing = Node(id="nothing", label=(said, f"Pulumi.{settings.stack}.yaml: backup"), kind=Kind.LOST)
        return Drawing(name="backups", title=title, alt=f"{said}.", graph=Graph(members=(nothing,)))
    label = speech(
        "Backup server: {servers} in {place}",
        "Serveur de sauvegarde : {servers} à {place}",
        servers=speech.listed(keepers),
        place=location(settings, keepers[0]),
    )
    keeper = Cluster(id="keeper", label=label, members=_kept(settings, policy, speech), edges=_tried(settings))
    edges = [Edge(source=source.id, target="keeper", label=_how(source.id, policy, speech)) for source in sources]
    members: list[Node | Cluster] = [*sources, keeper]
    if policy.offsite:
        place = (speech("Copies elsewhere", "Copies ailleurs"), policy.offsite.host, policy.offsite.location)
        members.append(Node(id="offsite", label=place, kind=Kind.OUTSIDE))
        edges.append(
            Edge(
                source="keeper",
                target="offsite",
                label=speech("after each backup, hourly", "après chaque sauvegarde, chaque heure"),
            )
        )
    else:
        none = (
            speech("No copies elsewhere", "Pas de copies ailleurs"),
            speech("a lost backup server takes the backups with it", "un serveur perdu emporte les sauvegardes"),
        )
        members.append(Node(id="offsite", label=none, kind=Kind.UNSURE))
    return Drawing(
        name="backups",
        title=title,
        alt=_said(settings, policy, keepers, speech),
        graph=Graph(members=tuple(members), edges=tuple(edges)),
    )


def _sources(settings: Settings, speech: Speech) -> list[Node | Cluster]:
    """
    A group for each server and sort of data, and the certificates.
    """
    found: dict[tuple[str, str], list[Node]] = defaultdict(list)
    general = settings.environment.backup
    for policy in backup.policies(settings):
        for place in backup.places(settings, policy) if policy.project != INGRESS else ():
            own = [speech.when(policy.schedule)] if general and policy.schedule != general.schedule else []
            label = (place["name"], *([policy.project] if policy.project != place["name"] else []), *own)
            node = Node(id=f"{place['kind']} {policy.project} {place['name']}", label=label, kind=Kind.STORE)
            found[place["kind"], place["server"]].append(node)
    words = {"database": speech("Databases", "Bases de données"), "volume": speech("Volumes", "Volumes")}
    groups: list[Node | Cluster] = [
        Cluster(
            id=f"{kind} {server}",
            label=speech("{what} on {server}", "{what} sur {server}", what=words[kind], server=server),
            members=folded(nodes, speech, f"{kind} {server}", 10),
            columns=2,
        )
        for (kind, server), nodes in sorted(found.items())
    ]
    ingress = with_role(settings, Role.INGRESS)
    if general and ingress:
        label = (speech("Certificates", "Certificats"), speech("of {servers}", "de {servers}", servers=speech.listed(ingress)))
        groups.append(Node(id="certificates", label=label, kind=Kind.STORE))
    return groups


def _how(source: str, policy: BackupPolicy, speech: Speech) -> str:
    if source.startswith("database"):
        return speech(
            "log as it is written; rest {when}", "journal en continu ; reste {when}", when=speech.when(policy.schedule)
        )
    return speech.when(policy.schedule)


def _kept(settings: Settings, policy: BackupPolicy, speech: Speech) -> tuple[Node, ...]:
    retention = policy.retention
    days = speech(
        "{days} days, {weeks} weeks, {months} months",
        "{days} jours, {weeks} semaines, {months} mois",
        days=retention.daily,
        weeks=retention.weekly,
        months=retention.monthly,
    )
    kinds = {place["kind"] for found in backup.policies(settings) for place in backup.places(settings, found)}
    stores = [("database", "pgBackRest"), ("volume", "restic")]
    nodes = [
        Node(id=name, label=(name, speech("encrypted", "chiffré"), days), kind=Kind.STORE)
        for kind, name in stores
        if kind in kinds
    ]
    tried = (
        speech("Restored to try", "Restauré pour essai"),
        speech(
            "every {days} days, compared, recorded", "tous les {days} jours, comparé, consigné", days=policy.drill_interval_days
        ),
    )
    return (*nodes, Node(id="trial", label=tried, kind=Kind.FINE))


def _tried(settings: Settings) -> tuple[Edge, ...]:
    kinds = {place["kind"] for found in backup.policies(settings) for place in backup.places(settings, found)}
    names = [name for kind, name in (("database", "pgBackRest"), ("volume", "restic")) if kind in kinds]
    return tuple(Edge(source=name, target="trial", flow=Flow.ORDER) for name in names)


def _said(settings: Settings, policy: BackupPolicy, keepers: list[str], speech: Speech) -> str:
    found = backup.policies(settings)
    databases = sorted(name.partition(":")[2] for row in found for name in row.covers if name.startswith("database:"))
    volumes = sorted(
        f"{row.project}/{name.partition(':')[2]}"
        for row in found
        if row.project != INGRESS
        for name in row.covers
        if name.startswith("volume:")
    )
    return speech(
        "{keepers} fetches databases ({databases}), volumes ({volumes}) and the ingress servers' certificates {when}, and "
        "the databases' log as it is written. Every {days} days a restore is tried. {offsite}",
        "{keepers} va chercher les bases ({databases}), les volumes ({volumes}) et les certificats des entrées {when}, et "
        "le journal des bases dès qu'il est écrit. Tous les {days} jours une restauration est essayée. {offsite}",
        keepers=speech.listed(keepers),
        databases=speech.listed(databases) or speech("none", "aucune"),
        volumes=speech.listed(volumes) or speech("none", "aucun"),
        when=speech.when(policy.schedule),
        days=policy.drill_interval_days,
        offsite=speech("Copies are kept in {place}.", "Des copies sont gardées à {place}.", place=policy.offsite.location)
        if policy.offsite
        else speech("There are no copies elsewhere.", "Il n'y a pas de copies ailleurs."),
    )
