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
    label = speech("Backup server: {servers} in {place}", "Serveur de sauvegarde : {servers} à {place}", servers=speech.listed(keepers), place=location(settings, keepers[0]))
    keeper = Cluster(id="keeper", label=label, members=_kept(settings, policy, speech), edges=_tried(settings, speech))
    edges = [
        Edge(source=source.id, target="keeper", label=_how(source.id, policy, speech)) for source in sources
    ]
    members: list[Node | Cluster] = [*sources, keeper]
    if policy.offsite:
        place = (speech("Copies elsewhere", "Copies ailleurs"), policy.offsite.host, policy.offsite.location)
        members.append(Node(id="offsite", label=place, kind=Kind.OUTSIDE))
        edges.append(Edge(source="keeper", target="offsite", label=speech("after each backup, hourly", "après chaque sauvegarde, chaque heure")))
    else:
        none = (speech("No copies elsewhere", "Pas de copies ailleurs"), speech("a lost backup server takes the backups with it", "un serveur perdu emporte les sauvegardes"))
        members.append(Node(id="offsite", label=none, kind=Kind.UNSURE))
    return Drawing(name="backups", title=title, alt=_said(settings, policy, keepers, speech), graph=Graph(members=tuple(members), edges=tuple(edges)))


def _sources(settings: Settings, speech: Speech) -> list[Cluster]:
    """
    A group for each server and sort of data.
    """
    found: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for policy in backup.policies(settings):
        for place in backup.places(settings, policy):
            kind = "certificates" if policy.project == INGRESS else place["kind"]
            lines = [place["name"]] if kind == "certificates" else [place["name"], policy.project]
            if policy.schedule != (settings.environment.backup.schedule if settings.environment.backup else ""):
                lines.append(policy.schedule)
            server = "" if kind == "certificates" else place["server"]
            found[kind, server].append(Node(id=f"{kind} {policy.project} {place['name']}", label=tuple(lines), kind=Kind.STORE))
    words = {
        "database": speech("Databases", "Bases de données"),
        "volume": speech("Volumes", "Volumes"),
        "certificates": speech("Certificates", "Certificats"),
    }
    return [
        Cluster(
            id=f"{kind} {server}",
            label=speech("{what} on {server}", "{what} sur {server}", what=words[kind], server=server) if server else words[kind],
            members=folded(nodes, speech, f"{kind} {server}", 9),
        )
        for (kind, server), nodes in sorted(found.items())
    ]


def _how(source: str, policy: BackupPolicy, speech: Speech) -> str:
    if source.startswith("database"):
        return speech("log at once, rest at {schedule} UTC", "journal aussitôt, reste à {schedule} UTC", schedule=policy.schedule)
    return speech("files at {schedule} UTC", "fichiers à {schedule} UTC", schedule=policy.schedule)


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
    nodes = [Node(id=name, label=(name, speech("encrypted", "chiffré"), days), kind=Kind.STORE) for kind, name in stores if kind in kinds]
    tried = (
        speech("Restored to try", "Restauré pour essai"),
        speech("every {days} days, compared, recorded", "tous les {days} jours, comparé, consigné", days=policy.drill_interval_days),
    )
    return (*nodes, Node(id="trial", label=tried, kind=Kind.FINE))


def _tried(settings: Settings, speech: Speech) -> tuple[Edge, ...]:
    kinds = {place["kind"] for found in backup.policies(settings) for place in backup.places(settings, found)}
    names = [name for kind, name in (("database", "pgBackRest"), ("volume", "restic")) if kind in kinds]
    return tuple(Edge(source=name, target="trial", flow=Flow.ORDER) for name in names)


def _said(settings: Settings, policy: BackupPolicy, keepers: list[str], speech: Speech) -> str:
    found = backup.policies(settings)
    databases = sorted(name.partition(":")[2] for row in found for name in row.covers if name.startswith("database:"))
    volumes = sorted(f"{row.project}/{name.partition(':')[2]}" for row in found if row.project != INGRESS for name in row.covers if name.startswith("volume:"))
    return speech(
        "{keepers} fetches databases ({databases}), volumes ({volumes}) and the ingress servers' certificates at {schedule} UTC, and "
        "the databases' log as it is written. Every {days} days a restore is tried. {offsite}",
        "{keepers} va chercher les bases ({databases}), les volumes ({volumes}) et les certificats des entrées à {schedule} UTC, et "
        "le journal des bases dès qu'il est écrit. Tous les {days} jours une restauration est essayée. {offsite}",
        keepers=speech.listed(keepers),
        databases=speech.listed(databases) or speech("none", "aucune"),
        volumes=speech.listed(volumes) or speech("none", "aucun"),
        schedule=policy.schedule,
        days=policy.drill_interval_days,
        offsite=speech("Copies are kept in {place}.", "Des copies sont gardées à {place}.", place=policy.offsite.location)
        if policy.offsite
        else speech("There are no copies elsewhere.", "Il n'y a pas de copies ailleurs."),
    )
