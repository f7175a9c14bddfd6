"""
How a new release of a project gets out, and what happens when it does not.
"""

from __future__ import annotations

from itertools import pairwise

from ops.diagrams.graph import Cluster, Drawing, Edge, Flow, Graph, Kind, Node
from ops.diagrams.speech import Speech
from settings import Project, Settings, Strategy


def deployment(settings: Settings, speech: Speech) -> Drawing:
    """
    One update: migration, new containers, switch, old containers away; with the projects that do it otherwise.
    """
    projects = [project for _, project in sorted(settings.projects.items())]
    migrating = [project.name for project in projects if project.database and project.database.migration]
    stopping = [name for project in projects for name in _with(project, Strategy.RECREATE)]
    sharing = [name for project in projects for name in _with(project, Strategy.CANARY)]
    members: list[Node | Cluster] = [
        _step("image", speech("New image", "Nouvelle image"), settings.environment.registry, Kind.OUTSIDE),
        _step(
            "command",
            f"flotilla deploy -s {settings.stack}",
            speech("tag to digest, confirmation", "étiquette en empreinte, accord"),
        ),
        _step(
            "file",
            f"releases/{settings.stack}.yaml",
            speech("what is to serve, committed", "ce qui doit servir, validé"),
            Kind.STORE,
        ),
        _update(migrating, speech),
        _step("served", speech("The new release serves", "La nouvelle version sert"), "", Kind.FINE),
        _step(
            "kept",
            speech("The old release serves on", "L'ancienne version continue"),
            speech("release file put back, exit code 1", "fichier remis, code 1"),
            Kind.WEAKER,
        ),
    ]
    chain = ["image", "command", "file", "update", "served"]
    edges = [Edge(source=first, target=second) for first, second in pairwise(chain)]
    edges.append(Edge(source="update", target="kept", label=speech("any step fails", "une étape échoue"), flow=Flow.FAILURE))
    if stopping:
        label = (speech("Stops first: downtime", "Arrêt d'abord : coupure"), speech.listed(stopping, 8))
        members.append(Node(id="stopping", label=label, kind=Kind.UNSURE))
    if sharing:
        label = (speech("First a share of the traffic", "D'abord une part du trafic"), speech.listed(sharing, 8))
        members.append(Node(id="sharing", label=label, kind=Kind.NOTE))
    return Drawing(
        name="deployment",
        title=speech("How a release gets out in {stack}", "Comment une version sort dans {stack}", stack=settings.stack),
        alt=speech(
            "`flotilla deploy` writes the image's digest into releases/{stack}.yaml, and one update of the engine does "
            "the rest: {migrating}the new containers start beside the old ones, have to become healthy and take the "
            "traffic, and the old ones go. Where a step fails, the old release serves on.{stopping}",
            "`flotilla deploy` écrit l'empreinte de l'image dans releases/{stack}.yaml, et une mise à jour du moteur fait le "
            "reste : {migrating}les nouveaux conteneurs démarrent à côté des anciens, doivent devenir sains et prennent le "
            "trafic, puis les anciens partent. Si une étape échoue, l'ancienne version continue.{stopping}",
            stack=settings.stack,
            migrating=speech("migrations run ({names}), ", "les migrations passent ({names}), ", names=speech.listed(migrating))
            if migrating
            else "",
            stopping=speech(" With downtime: {names}.", " Avec coupure : {names}.", names=speech.listed(stopping))
            if stopping
            else "",
        ),
        graph=Graph(members=tuple(members), edges=tuple(edges)),
    )


def _with(project: Project, strategy: Strategy) -> list[str]:
    return [f"{project.name}/{name}" for name, process in project.all_processes().items() if process.strategy is strategy]


def _update(migrating: list[str], speech: Speech) -> Cluster:
    steps = [
        _step(
            "start",
            speech("New containers start", "Nouveaux conteneurs"),
            speech("in the free slot, beside the old ones", "dans la place libre, à côté des anciens"),
        ),
        _step(
            "healthy",
            speech("Health check", "Contrôle de santé"),
            speech("Docker's, then HAProxy's", "celui de Docker, puis HAProxy"),
        ),
        _step("switch", speech("HAProxy switches", "HAProxy bascule"), speech("without a reload", "sans rechargement")),
        _step(
            "drain",
            speech("Old containers go", "Anciens conteneurs partent"),
            speech("after their last request", "après leur dernière requête"),
        ),
    ]
    if migrating:
        steps.insert(0, _step("migration", speech("Migration", "Migration"), speech.listed(migrating, 8)))
    edges = tuple(Edge(source=first.id, target=second.id) for first, second in pairwise(steps))
    label = speech(
        "One update of the engine, judged by both policy packs", "Une mise à jour du moteur, jugée par les deux jeux de règles"
    )
    return Cluster(id="update", label=label, members=tuple(steps), edges=edges)


def _step(name: str, title: str, line: str, kind: Kind = Kind.STEP) -> Node:
    return Node(id=name, label=(title, line) if line else (title,), kind=kind)
