"""
That data comes back: what is backed up, how often, for how long, where the copies are, and whether a restore was tried.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.framework import (
    UNKNOWN,
    Finding,
    Fixtures,
    Level,
    Option,
    Options,
    Resource,
    Rule,
    Stack,
    StackRule,
    each,
    is_sandbox,
    lacks,
    text,
)
from policies.framework.kinds import BACKUP, DATABASE, FLEET, SERVICE, VOLUME
from settings.reserved import INGRESS

from .declared import fleet_pools, is_known, place, with_role
from .examples import OFFSITE, POOLS, backup, fleet, made
from .references import (
    BACKUP_COPIES,
    BACKUPS,
    CONTINUITY,
    RESTORE,
)

FOLDER = {"folder": Option("/mnt/data", "Where servers keep the projects' volumes, as <folder>/<project>/<volume>.")}
# Databases, volumes, certificates.
DATA_ROLES = frozenset({"db", "app", "ingress"})


def _covered(stack: Stack) -> set[tuple[str, str]] | None:
    """
    What the stack's backups cover, as (project, `database:<name>` or `volume:<name>`); None while that is not known.
    """
    found: set[tuple[str, str]] = set()
    for each_backup in stack.of(BACKUP):
        if not is_known([each_backup.props.get("covers"), each_backup.props.get("project")]):
            return None
        project = text(each_backup.props, "project")
        found.update((project, covered) for covered in each(each_backup.props, "covers") if isinstance(covered, str))
    return found


def _databases(stack: Stack, _: Options) -> Iterator[Finding]:
    covered = _covered(stack)
    for database in stack.of(DATABASE) if covered is not None else ():
        project, name = text(database.props, "project"), text(database.props, "name")
        if project and name and not is_sandbox(database.stack) and (project, f"database:{name}") not in (covered or ()):
            yield Finding(message=f"no backup covers the database `{name}` of {project}", resource=database)


def _volumes(stack: Stack, options: Options) -> Iterator[Finding]:
    covered = _covered(stack)
    for service in stack.of(SERVICE) if covered is not None else ():
        for project, name in _folders(service, str(options["folder"])) if not is_sandbox(service.stack) else ():
            if (project, f"volume:{name}") not in (covered or ()):
                yield Finding(message=f"no backup covers the volume `{name}` of {project}", resource=service)


def _folders(service: Resource, folder: str) -> list[tuple[str, str]]:
    """
    The projects' volumes that a service's containers see, as (project, volume).
    """
    found = []
    for mount in each(service.props, "taskSpec.containerSpec.mounts"):
        project, _, name = text(mount, "source").removeprefix(f"{folder}/").partition("/")
        if name and text(mount, "source").startswith(f"{folder}/"):
            found.append((project, name.rstrip("/")))
    return found


def _disks(stack: Stack, _: Options) -> Iterator[Finding]:
    # Certificates are on no disk for data.
    has_data = any(text(found.props, "project") != INGRESS for found in stack.of(BACKUP))
    for disk in stack.of(VOLUME) if not has_data else ():
        if not is_sandbox(disk.stack):
            yield Finding(message="there is a disk for data, and nothing of the environment is backed up", resource=disk)


def _offsite(found: Resource, _: Options) -> Iterator[str]:
    if not is_sandbox(found.stack) and lacks(found.props, "offsite"):
        yield "no copy of it is kept away from the servers"


def _elsewhere(stack: Stack, _: Options) -> Iterator[Finding]:
    near = {pool.location for pool in fleet_pools(stack) if pool.location}
    for found in stack.of(BACKUP):
        where = text(found.props, "offsite.location")
        if where and place(where) in near and not is_sandbox(found.stack):
            yield Finding(message=f"its copies are kept in {where}, where servers of the environment stand", resource=found)


def _backup_server(stack: Stack, _: Options) -> Iterator[Finding]:
    fleet_, found = stack.fleet, fleet_pools(stack)
    if fleet_ is None or is_sandbox(fleet_.stack) or not stack.of(BACKUP) or not found:
        return
    keepers = list(with_role(found, "backup"))
    data = {pool.location for pool in with_role(found, *DATA_ROLES) if "backup" not in pool.roles and pool.location}
    if not keepers:
        yield Finding(
            message="no server has the role `backup`, so that data and backups would be lost together", resource=fleet_
        )
    for pool in keepers:
        if pool.roles & DATA_ROLES:
            yield Finding(message=f"the servers `{pool.name}` keep backups of their own data", resource=fleet_)
        elif pool.location in data:
            yield Finding(
                message=f"the backup server `{pool.name}` stands in {pool.location}, as the data does", resource=fleet_
            )


SERVICE_WITH_VOLUME = made(
    SERVICE, taskSpec={"containerSpec": {"mounts": [{"type": "bind", "source": "/mnt/data/ledger/ledger-files"}]}}
)
RULES: tuple[Rule | StackRule, ...] = (
    StackRule(
        id="backup-databases",
        description="Each database is backed up.",
        level=Level.MANDATORY,
        types=(DATABASE, BACKUP),
        remediation="Write `backup` in Pulumi.<stack>.yaml; every project with a database is covered then.",
        references=(RESTORE, BACKUPS, BACKUP_COPIES),
        check=_databases,
        fixtures=Fixtures(
            passes=[
                [made(DATABASE, project="ledger", name="ledger"), backup()],
                [made(DATABASE, project="ledger", name="ledger", stack="local")],
            ],
            fails=[
                [made(DATABASE, project="ledger", name="ledger")],
                [made(DATABASE, project="ledger", name="ledger"), backup("shop")],
            ],
            unknown=[
                [made(DATABASE, project="ledger", name="ledger"), backup(covers=UNKNOWN)],
                [made(DATABASE, project="ledger", name=UNKNOWN), backup()],
            ],
            absent=[[made(DATABASE, project="ledger", name="ledger"), backup(covers=None)]],
            absent_fails=True,
        ),
    ),
    StackRule(
        id="backup-volumes",
        description="Each volume of a project is backed up.",
        level=Level.MANDATORY,
        types=(SERVICE, BACKUP),
        remediation="Write `backup` in Pulumi.<stack>.yaml; every project with a volume is covered then.",
        references=(RESTORE, BACKUPS, BACKUP_COPIES),
        options=FOLDER,
        check=_volumes,
        fixtures=Fixtures(
            passes=[
                [SERVICE_WITH_VOLUME, backup()],
                [made(SERVICE, taskSpec={"containerSpec": {"mounts": [{"type": "bind", "source": "/etc/ssl"}]}})],
            ],
            fails=[[SERVICE_WITH_VOLUME], [SERVICE_WITH_VOLUME, backup(covers=["database:ledger"])]],
            unknown=[
                [SERVICE_WITH_VOLUME, backup(covers=UNKNOWN)],
                [made(SERVICE, taskSpec={"containerSpec": {"mounts": UNKNOWN}})],
            ],
            absent=[[made(SERVICE), backup()]],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="backup-disks",
        description="An environment with disks for data has backups.",
        level=Level.MANDATORY,
        types=(VOLUME, BACKUP),
        remediation="Write `backup` in Pulumi.<stack>.yaml.",
        references=(RESTORE, BACKUPS, BACKUP_COPIES),
        check=_disks,
        fixtures=Fixtures(
            passes=[[made(VOLUME, size=10), backup()], [made(VOLUME, stack="local")], [backup()]],
            fails=[[made(VOLUME, size=10)], [made(VOLUME, size=10), backup("ingress", covers=["volume:certificates-app-1"])]],
            unknown=[[made(VOLUME, size=UNKNOWN), backup(covers=UNKNOWN)]],
            absent=[[made(VOLUME)]],
            absent_fails=True,
        ),
    ),
    Rule(
        id="backup-offsite",
        description="A copy of each backup is kept away from the servers.",
        level=Level.MANDATORY,
        types=(BACKUP,),
        remediation="Write `backup.offsite` in Pulumi.<stack>.yaml.",
        references=(BACKUPS, BACKUP_COPIES, CONTINUITY),
        check=_offsite,
        fixtures=Fixtures(
            passes=[backup(), backup(stack="local", offsite=None)],
            fails=[backup(offsite={})],
            unknown=[backup(offsite=UNKNOWN)],
            absent=[backup(offsite=None)],
            absent_fails=True,
        ),
    ),
    StackRule(
        id="backup-offsite-elsewhere",
        description="The copies are in another place than every server, the backup server included.",
        level=Level.MANDATORY,
        types=(FLEET, BACKUP),
        remediation="Keep them in another location, and say so in `backup.offsite.location` in Pulumi.<stack>.yaml.",
        references=(BACKUPS, BACKUP_COPIES, CONTINUITY),
        check=_elsewhere,
        fixtures=Fixtures(
            passes=[[fleet(), backup()], [fleet(stack="local"), backup(stack="local", offsite={"location": "fsn1"})]],
            fails=[
                [fleet(), backup(offsite={**OFFSITE, "location": "fsn1"})],
                [fleet(), backup(offsite={**OFFSITE, "location": "hel1-dc2"})],
            ],
            unknown=[[fleet(), backup(offsite={"location": UNKNOWN})], [fleet(pools=UNKNOWN), backup()]],
            absent=[[fleet(), backup(offsite=None)], [backup()]],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="backup-server-elsewhere",
        description="Backups are fetched by a server of their own, in another location than the data.",
        level=Level.MANDATORY,
        types=(FLEET, BACKUP),
        remediation="Give the role `backup` to a pool of its own with another `location`.",
        references=(BACKUPS, BACKUP_COPIES, CONTINUITY),
        check=_backup_server,
        fixtures=Fixtures(
            passes=[[fleet(), backup()], [fleet(pools={"app": POOLS["app"]})]],
            fails=[
                [fleet(pools={**POOLS, "vault": {**POOLS["vault"], "location": "fsn1"}}), backup()],
                [fleet(pools={"app": {**POOLS["app"], "roles": ["app", "backup"]}}), backup()],
                [fleet(pools={"edge": {**POOLS["app"], "roles": ["ingress"], "location": "hel1"}, **POOLS}), backup()],
            ],
            unknown=[
                [fleet(pools=UNKNOWN), backup()],
                [fleet(pools={**POOLS, "vault": {**POOLS["vault"], "location": UNKNOWN}}), backup()],
            ],
            absent=[[fleet(pools={"app": POOLS["app"]}), backup()]],
            absent_fails=True,
        ),
    ),
)
