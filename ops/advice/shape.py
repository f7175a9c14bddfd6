"""
The environment's shape: what there is only once, and what is not there at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ops.advice.proposal import ENVIRONMENT, Area, Change, Proposal, Question, Situation
from settings import Project, Role
from settings.catalog import EUROPE
from settings.entry import Entry
from settings.environment import ServerPool
from settings.machines import VOLUME_MAXIMUM_GB

BACKUP_POOL = "vault"
BACKUP_TYPE = "cx23"
DAILY = "30 2 * * *"
SMALL_GB = 20


def propose(situation: Situation) -> Iterator[Proposal]:
    """
    A second server where one carries everything, and backups where there are none.
    """
    yield from _second(situation)
    yield from _replicas(situation)
    yield from _backups(situation)


def _second(situation: Situation) -> Iterator[Proposal]:
    environment = situation.settings.environment
    if not situation.is_production or environment.count(Role.INGRESS) != 1:
        return
    [(name, pool)] = environment.pools(Role.INGRESS).items()
    changes = [situation.stack_change("servers", name, "count", old=pool.count, new=pool.count + 1)]
    if environment.ingress.entry is Entry.SERVER:
        changes.append(situation.stack_change("ingress", "entry", old=Entry.SERVER.value, new=Entry.AUTO.value))
    yield Proposal(
        id="second-ingress",
        area=Area.SHAPE,
        project="",
        changes=tuple(changes),
        reason=f"{name} is one server, and every request goes through it: while it restarts or fails, no site answers",
        effect="a load balancer sends requests to whichever is up; a server may be restarted without anybody noticing",
        risk="names move to the load balancer's address; what remembers the old one finds it until its TTL is over",
    )


def _replicas(situation: Situation) -> Iterator[Proposal]:
    """
    A second container where there are several servers. What has volumes is on one server anyway.
    """
    environment = situation.settings.environment
    if not situation.is_production or environment.count(Role.APP) < 2:
        return
    for project, name, process in situation.running():
        if process.replicas == 1 and process.domains and not process.volumes and project.slo:
            change = situation.project_change(project, name, "replicas", old=1, new=2)
            yield Proposal(
                id="second-replica",
                area=Area.SHAPE,
                project=project.name,
                changes=(change,),
                reason=f"{name} runs once, and {project.name} promises {project.slo.availability_percent:g} %: while its server"
                f" restarts it does not answer, though there are {environment.count(Role.APP)} servers",
                effect="each server has one of its containers, and one answers while the other's server is down",
                risk=f"it has to suit two copies at once: sessions and files in memory are not shared{_everywhere(project)}",
            )


def _everywhere(project: Project) -> str:
    return "" if project.environments else "; its file lists no environments, so that it counts in all of them"


def _backups(situation: Situation) -> Iterator[Proposal]:
    environment = situation.settings.environment
    if environment.backup is not None or not has_data(situation):
        return
    near = {pool.location or environment.location for pool in environment.servers.values()}
    elsewhere = sorted(EUROPE - near)
    if not elsewhere or BACKUP_POOL in environment.servers or environment.location not in EUROPE:
        return
    pool = {
        "type": BACKUP_TYPE,
        "roles": ["backup"],
        "location": elsewhere[0],
        "volume_gb": _backup_gb(environment.servers.values()),
    }
    yield Proposal(
        id="backup-server",
        area=Area.BACKUP,
        project="",
        changes=(
            situation.stack_change("servers", BACKUP_POOL, old=None, new=pool),
            situation.stack_change("backup", old=None, new={"schedule": DAILY}),
        ),
        reason="there is data, and nothing of it is backed up",
        effect="a server elsewhere fetches data each night and tries to restore it, in copies that nobody else can delete",
        risk="backups cost memory and traffic while they run; copies away from all servers need `backup.offsite` beside",
    )


def _backup_gb(pools: Iterable[ServerPool]) -> int:
    """
    As much as the disks with data have together, compressed copies of several days; at least a small disk.
    """
    data = sum((pool.volume_gb or 0) * pool.count for pool in pools if {Role.APP, Role.DB} & set(pool.roles))
    return min(VOLUME_MAXIMUM_GB, max(SMALL_GB, data))


def has_data(situation: Situation) -> bool:
    """
    Whether any project keeps anything.
    """
    projects = situation.settings.projects.values()
    return any(project.database or any(row.volumes for row in project.all_processes().values()) for project in projects)


def questions(situation: Situation) -> Iterator[Question]:
    """
    What is not there, and cannot be proposed without knowing more.
    """
    environment = situation.settings.environment
    if environment.monitoring is None:
        yield Question(
            id="monitoring",
            project="",
            path=f"{ENVIRONMENT}.monitoring",
            reason="nobody is told when something fails: who is to be?",
        )
    if environment.backup is not None and environment.backup.offsite is None and situation.is_production:
        reason = "no copy of the backups is away from Hetzner: which store, in which place, takes one?"
        yield Question(id="offsite", project="", path=f"{ENVIRONMENT}.backup.offsite", reason=reason)
    if environment.budget_eur is None:
        yield Question(
            id="budget", project="", path=f"{ENVIRONMENT}.budget_eur", reason="nobody has agreed on what it may cost per month"
        )
    for name, project in sorted(situation.settings.projects.items()):
        if project.data is None:
            reason = "nobody has said whether it has personal data: docs/compliance.md"
            yield Question(id="data", project=name, path="data", reason=reason)


def pool_change(situation: Situation, name: str, pool: ServerPool, key: str, new: object) -> Change:
    """
    A change of a pool.
    """
    return situation.stack_change("servers", name, key, old=getattr(pool, key), new=new)
