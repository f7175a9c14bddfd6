"""
The loss of a server as a picture: what stops first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.naming import all_servers
from ops.diagrams.graph import Cluster, Drawing, Edge, Flow, Graph, Kind, Node
from ops.diagrams.losses import Duty, Effect, Loss, Reason
from ops.diagrams.places import folded
from ops.diagrams.speech import Speech
from settings import Role, Settings

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
    groups = []
    if loss.duties:
        duties = [_duty(duty, effect, speech) for duty, effect in loss.duties.items()]
        groups.append(
            Cluster(id="duties", label=speech("What it does for all", "Ce qu'il fait pour tous"), members=tuple(duties))
        )
    groups += [_group(effect, reason, projects, speech) for (effect, reason), projects in loss.groups().items()]
    members: list[Node | Cluster] = [Node(id="server", label=(loss.server, roles), kind=Kind.SERVER)]
    if groups:
        label = speech("When it is gone", "Quand il n'est plus là")
        members.append(Cluster(id="gone", label=label, members=tuple(groups), columns=1))
    edges = tuple(Edge(source="server", target=member.id, flow=Flow.FAILURE) for member in members[1:])
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
    for (effect, reason), projects in loss.groups().items():
        if effect is not Effect.NONE:
            named = speech.listed([f"{name} ({', '.join(found)})" for name, found in projects.items()], 12)
            parts.append(f"{heading(effect, reason, speech)}: {named}.")
    if all(impact.effect is Effect.NONE for impact in loss.impacts):
        parts.append(speech("All projects go on.", "Tous les projets continuent."))
    return " ".join(parts)


def heading(effect: Effect, reason: Reason, speech: Speech) -> str:
    """
    How something fares and why, in words.
    """
    how = {
        Effect.STOPS: speech("Stops", "S'arrête"),
        Effect.MAY_STOP: speech("Stops if it was there", "S'arrête s'il y était"),
        Effect.MOVES: speech("Pauses if it was there", "Pause s'il y était"),
        Effect.WEAKER: speech("Goes on with less", "Continue avec moins"),
        Effect.NONE: speech("Goes on", "Continue"),
    }[effect]
    why = _why(reason, speech)
    return f"{how}: {why}" if why else how


def _why(reason: Reason, speech: Speech) -> str:
    return {
        Reason.NO_WAY_IN: speech("no request gets in", "aucune requête n'entre"),
        Reason.DATABASE: speech("its database is there", "sa base y est"),
        Reason.VOLUME: speech("its volume is there", "son volume y est"),
        Reason.ONLY_SERVER: speech("no other server runs containers", "aucun autre serveur n'a de conteneurs"),
        Reason.NOT_RESTARTED: speech("nobody starts it elsewhere", "personne ne le démarre ailleurs"),
        Reason.NOBODY_STARTS_JOBS: speech("nobody starts jobs", "personne ne démarre les tâches"),
        Reason.NO_ROOM: speech("other servers lack memory", "les autres manquent de mémoire"),
        Reason.ONE_OF_SEVERAL: speech("other containers of it serve", "d'autres conteneurs servent"),
        Reason.STARTED_ELSEWHERE: speech("starts again on another server", "redémarre sur un autre serveur"),
        Reason.UNTOUCHED: "",
    }[reason]


def _roles(settings: Settings, server: str) -> Sequence[Role]:
    return all_servers(settings)[server][1].roles


def _group(effect: Effect, reason: Reason, projects: Mapping[str, Sequence[str]], speech: Speech) -> Cluster:
    name = f"{effect.name} {reason}"
    nodes = [
        Node(id=f"{name} {project}", label=(project, ", ".join(processes)), kind=_KINDS[effect])
        for project, processes in projects.items()
    ]
    return Cluster(id=name, label=heading(effect, reason, speech), members=folded(nodes, speech, name, MOST_PROJECTS))


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
