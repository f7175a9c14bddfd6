"""
Two environments side by side: what is the same, and what is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ops.diagrams.graph import Drawing, Graph, Kind, Node
from ops.diagrams.places import with_role
from ops.diagrams.speech import Speech
from settings import Role, Settings

MOST_PROJECTS = 30


@dataclass(frozen=True, kw_only=True)
class Difference:
    """
    One thing in two environments; None where there is no such thing.
    """

    what: str
    first: str | None
    second: str | None

    @property
    def is_same(self) -> bool:
        """
        Whether it is the same in both.
        """
        return self.first == self.second


def compare(first: Settings, second: Settings, speech: Speech) -> tuple[Difference, ...]:
    """
    What makes an environment, thing by thing, then every project that is in either.
    """
    ones, others = dict(_facts(first, speech)), dict(_facts(second, speech))
    things = [Difference(what=what, first=ones.get(what), second=others.get(what)) for what in dict.fromkeys([*ones, *others])]
    names = sorted({*first.projects, *second.projects})
    projects = [
        Difference(what=name, first=_project(first, name, speech), second=_project(second, name, speech)) for name in names
    ]
    return (*things, *projects)


def comparison(first: Settings, second: Settings, speech: Speech) -> Drawing:
    """
    A column for each environment; what differs has another colour, and says so.
    """
    rows = compare(first, second, speech)
    shown: tuple[Difference, ...] = rows
    hidden: tuple[Difference, ...] = ()
    if len({*first.projects, *second.projects}) > MOST_PROJECTS:
        differing = [row for row in rows if not row.is_same]
        shown = tuple(differing[: 2 * MOST_PROJECTS])
        hidden = (
            Difference(what=speech("and {count} more", "et {count} autres", count=len(rows) - len(shown)), first="", second=""),
        )
    cells = [
        node
        for number, row in enumerate((*shown, *hidden))
        for node in (
            _cell(row, row.first, row.second, f"cell {number} 1", speech),
            _cell(row, row.second, row.first, f"cell {number} 2", speech),
        )
    ]
    heads = (
        Node(id="head 1", label=(first.stack,), kind=Kind.ENTRY),
        Node(id="head 2", label=(second.stack,), kind=Kind.ENTRY),
    )
    differing_names = [row.what for row in rows if not row.is_same]
    return Drawing(
        name=f"comparison-{first.stack}-{second.stack}",
        title=speech(
            "{first} and {second} side by side", "{first} et {second} côte à côte", first=first.stack, second=second.stack
        ),
        alt=speech(
            "{same} things are the same in {first} and {second}. What differs: {names}.",
            "{same} choses sont les mêmes dans {first} et {second}. Ce qui diffère : {names}.",
            same=len(rows) - len(differing_names),
            first=first.stack,
            second=second.stack,
            names=speech.listed(differing_names, 20) or speech("nothing", "rien"),
        ),
        graph=Graph(members=(*heads, *cells), columns=2),
    )


def _cell(row: Difference, value: str | None, other: str | None, name: str, speech: Speech) -> Node:
    """
    Lines that the other environment does not have in the same place are marked.
    """
    if value is None:
        lines = [speech("≠ not there", "≠ absent")]
    else:
        same = set((other or "").split("\n"))
        lines = [line if line in same else f"≠ {line}" for line in value.split("\n")]
    kind = Kind.NOTE if row.is_same else Kind.DIFFERENT
    return Node(id=name, label=tuple(line for line in (row.what, *lines) if line), kind=kind)


def _facts(settings: Settings, speech: Speech) -> Iterator[tuple[str, str]]:
    environment = settings.environment
    for name, pool in sorted(environment.servers.items()):
        place = pool.location or environment.location
        disk = f"\n{pool.volume_gb} GB" if pool.volume_gb else ""
        yield (
            speech("Servers {name}", "Serveurs {name}", name=name),
            f"{pool.count} \u00d7 {pool.type}, {place}{disk}\n{', '.join(sorted(pool.roles))}",
        )
    yield speech("Way in", "Entrée"), environment.entry.value
    if with_role(settings, Role.DB):
        yield "PostgreSQL", str(environment.postgresql.version)
    policy = environment.backup
    if policy:
        kept = f"{policy.retention.daily} / {policy.retention.weekly} / {policy.retention.monthly}"
        place = policy.offsite.location if policy.offsite else speech("no copies elsewhere", "pas de copies ailleurs")
        yield speech("Backups", "Sauvegardes"), f"{speech.when(policy.schedule)}\n{kept}\n{place}"
    if environment.monitoring:
        yield (
            speech("Watch", "Surveillance"),
            speech("{days} days", "{days} jours", days=environment.monitoring.retention_days)
            + f"\n{', '.join(receiver.name for receiver in environment.monitoring.receivers)}",
        )
    if environment.budget_eur is not None:
        yield speech("Budget a month", "Budget par mois"), f"{environment.budget_eur:g} EUR"


def _project(settings: Settings, name: str, speech: Speech) -> str | None:
    """
    What of a project can be the same in two environments: how many of what, and which image.
    """
    project = settings.projects.get(name)
    if project is None:
        return None
    releases = settings.releases.projects.get(name)
    image = (
        speech("release {digest}", "version {digest}", digest=releases.main.short_digest)
        if releases
        else speech("no release", "pas de version")
    )
    processes = [
        f"{inner} \u00d7 {process.replicas}, {process.limits.memory_mb} MB"
        for inner, process in project.all_processes().items()
    ]
    return "\n".join([image, *processes])
