"""
The loss of a server as a picture: what stops first.
"""

from __future__ import annotations

from collections.abc import Sequence

from ops.diagrams.graph import Cluster, Drawing, Edge, Flow, Graph, Kind, Node
from ops.diagrams.losses import Duty, Effect, Impact, Loss, Reason, reasons
from ops.diagrams.places import folded
from ops.diagrams.speech import Speech
from settings import Settings

MOST_PROJECTS = 24
_KINDS = {
    Effect.STOPS: Kind.LOST,
    Effect.MAY_STOP: Kind.UNSURE,
    Effect.MOVES: Kind.WEAKER,
    Effect.WEAKER: Kind.WEAKER,
    Effect.NONE: Kind.FINE,
}


def loss_drawing(settings: Settings, loss: Loss, speech: Speech) -> Drawing:
    """
    The server, and a group for each way in which projects fare.
    """
    roles = ", ".join(role.value for role in _roles(settings, loss.server))
    members: list[Node | Cluster] = [Node(id="server", label=(loss.server, roles), kind=Kind.SERVER)]
    if loss.duties:
        duties = [_duty(duty, effect, speech) for duty, effect in loss.duties.items()]
        members.append(Cluster(id="duties", label=speech("What it does for all", "Ce qu'il fait pour tous"), members=tuple(duties)))
    for effect in sorted(Effect, reverse=True):
        found = [impact for impact in loss.impacts if impact.effect is effect]
        if found:
            members.append(_group(loss, effect, found, speech))
    edges = tuple(Edge(source="server", target=member.id, flow=_flow(member.id)) for member in members[1:])
    return Drawing(
        name=f"loss-{loss.server}",
        title=speech("If {server} of {stack} dies", "Si {server} de {stack} meurt", server=loss.server, stack=settings.stack),
        alt=said(loss, speech),
        graph=Graph(members=tuple(members), edges=edges),
    )


def said(loss: Loss, speech: Speech) -> str:
    """
    The same in sentences, the worst first.
    """
    parts = [f"{_duty_words(duty, effect, speech)}." for duty, effect in loss.duties.items()]
    for effect in sorted(Effect, reverse=True):
        projects = loss.of(effect)
        if projects and effect is not Effect.NONE:
            named = speech.listed([f"{name} ({', '.join(found)})" for name, found in projects.items()], 12)
            parts.append(f"{heading(effect, speech)}: {named}.")
    if all(impact.effect is Effect.NONE for impact in loss.impacts):
        parts.append(speech("All projects go on.", "Tous les projets continuent."))
    return " ".join(parts)


def heading(effect: Effect, speech: Speech) -> str:
    """
    How something fares, in words.
    """
    return {
        Effect.STOPS: speech("Stops", "S'arrête"),
        Effect.MAY_STOP: speech("Stops if it was there", "S'arrête s'il y était"),
        Effect.MOVES: speech("Starts again elsewhere, within a minute or so", "Redémarre ailleurs, en une minute environ"),
        Effect.WEAKER: speech("Goes on with fewer containers", "Continue avec moins de conteneurs"),
        Effect.NONE: speech("Goes on", "Continue"),
    }[effect]


def why(reason: Reason, speech: Speech) -> str:
    """
    A reason, in words.
    """
    return {
        Reason.NO_WAY_IN: speech("no request gets in", "aucune requête n'entre"),
        Reason.DATABASE: speech("its database is there", "sa base y est"),
        Reason.VOLUME: speech("its volume is there", "son volume y est"),
        Reason.ONLY_SERVER: speech("no other server runs containers", "aucun autre serveur n'a de conteneurs"),
        Reason.MANAGER: speech("nobody starts containers elsewhere", "personne ne démarre ailleurs"),
        Reason.NO_ROOM: speech("the other servers lack memory", "les autres serveurs manquent de mémoire"),
        Reason.ONE_OF_SEVERAL: speech("others of it run elsewhere", "d'autres tournent ailleurs"),
        Reason.STARTED_ELSEWHERE: speech("Swarm starts it on another server", "Swarm le démarre sur un autre serveur"),
        Reason.UNTOUCHED: "",
    }[reason]


def _roles(settings: Settings, server: str) -> Sequence[str]:
    from components.naming import all_servers

    return all_servers(settings)[server][1].roles


def _flow(name: str) -> Flow:
    return {"STOPS": Flow.FAILURE, "MAY_STOP": Flow.FAILURE, "NONE": Flow.ORDER}.get(name, Flow.DATA)


def _group(loss: Loss, effect: Effect, impacts: Sequence[Impact], speech: Speech) -> Cluster:
    nodes = [_project(project, processes, impacts, effect, speech) for project, processes in loss.of(effect).items()]
    return Cluster(id=effect.name, label=heading(effect, speech), members=folded(nodes, speech, effect.name, MOST_PROJECTS))


def _project(project: str, processes: Sequence[str], impacts: Sequence[Impact], effect: Effect, speech: Speech) -> Node:
    found = reasons(impact for impact in impacts if impact.project == project)
    lines = [words for reason in found if (words := why(reason, speech))]
    return Node(id=f"{effect.name} {project}", label=(project, ", ".join(processes), *lines), kind=_KINDS[effect])


def _duty(duty: Duty, effect: Effect, speech: Speech) -> Node:
    return Node(id=f"duty {duty}", label=(_duty_words(duty, effect, speech),), kind=_KINDS[effect])


def _duty_words(duty: Duty, effect: Effect, speech: Speech) -> str:
    if effect is Effect.STOPS:
        return {
            Duty.RELEASES: speech("No releases, no jobs", "Ni versions ni tâches"),
            Duty.WAY_IN: speech("No request gets in", "Aucune requête n'entre"),
            Duty.DATABASES: speech("No database answers", "Aucune base ne répond"),
            Duty.BACKUPS: speech("No backups, no restores", "Ni sauvegardes ni restaurations"),
            Duty.WATCH: speech("Nobody is told of anything", "Personne n'est averti"),
        }[duty]
    return {
        Duty.RELEASES: speech("Releases go on", "Les versions continuent"),
        Duty.WAY_IN: speech("Requests come in through other servers", "Les requêtes entrent par d'autres serveurs"),
        Duty.DATABASES: speech("Databases go on", "Les bases continuent"),
        Duty.BACKUPS: speech("Another server backs up", "Un autre serveur sauvegarde"),
        Duty.WATCH: speech("Another server watches", "Un autre serveur surveille"),
    }[duty]
