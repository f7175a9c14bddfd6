"""
What has to fit together inside one project, whose parts are valid by themselves. Each check yields findings and never raises.
"""

from __future__ import annotations

from collections.abc import Iterator

from settings.problems import Finding, Location, repeated
from settings.process import Kind, Process, Strategy
from settings.project import Project
from settings.reserved import INGRESS
from settings.wording import excerpt

# Docker: a service's name is a host name's part. Ours are `<project>-<process>-<8 hex digits>`.
SERVICE_NAME_MAXIMUM = 63
# Docker: a secret's name. Ours are `<project>-<name>-<8 hex digits>`.
SECRET_NAME_MAXIMUM = 64
SUFFIX = len("-01234567")
# Files that containers of a project with a database have: see components/database.py.
DATABASE_SECRETS = frozenset({"DATABASE_URL", "DATABASE_AUTHORITY", "DATABASE_OWNER_URL"})


def check_project(project: Project, file_stem: str) -> Iterator[Finding]:
    """
    What is wrong with a project by itself; `file_stem` is its file's name without `.yaml`.
    """
    if project.name != file_stem:
        yield Finding(
            location=("name",),
            fact=f"`{project.name}` is in a file called {excerpt(file_stem)}",
            next_step=f"Rename the file to projects/{project.name}.yaml, or correct the name",
        )
    if project.name == INGRESS:
        yield Finding(
            location=("name",),
            fact=f"backups of the ingress servers' certificates go under `{INGRESS}`",
            next_step="Give the project another name",
        )
    if project.kind.value in project.processes:
        yield Finding(
            location=("processes", project.kind.value),
            fact=f"the project's main process is called `{project.kind}` already",
            next_step="Give this one another name",
        )
    for name, process in project.all_processes().items():
        location = place(project, name)
        yield from _check_process(process, location)
        yield from _check_environment(process, project.processes.get(name, project), location)
        yield from _check_volumes(process, location)
        yield from _check_names(project, name, process, location)
        own = project.processes.get(name)
        if own and own.source and not own.image:
            yield Finding(
                location=(*location, "source"),
                fact="this process has the project's image, which has a source already",
                next_step="Remove it, or give the process an `image` of its own",
            )
    yield from _check_sharing(project)
    yield from _check_extras(project)


def place(project: Project, process: str) -> Location:
    """
    Where a process is written in its project's file.
    """
    return ("processes", process) if process in project.processes else ()


def _check_process(process: Process, location: Location) -> Iterator[Finding]:
    health, reserved, limits = process.health, process.reservations, process.limits
    if health and health.timeout_s > health.interval_s:
        yield Finding(
            location=(*location, "health", "timeout_s"),
            fact=f"{health.timeout_s} is longer than interval_s, which is {health.interval_s}",
            next_step="Lower it, or raise interval_s",
        )
    for key in ("memory_mb", "cpus") if reserved else ():
        wanted, most = getattr(reserved, key), getattr(limits, key)
        if wanted > most:
            yield Finding(
                location=(*location, "reservations", key),
                fact=f"{wanted} is more than the limit, which is {most}",
                next_step=f"Lower it, or raise limits.{key}",
            )
    if process.domains and all(domain.redirect for domain in process.domains):
        yield Finding(
            location=(*location, "domains"),
            fact="every domain redirects, so there is none to redirect to",
            next_step="Remove `redirect` from the main one",
        )
    if process.strategy is Strategy.CANARY and process.kind is Kind.WORKER:
        yield Finding(
            location=(*location, "strategy"),
            fact="a `worker` has no requests of which a canary could get a share",
            next_step="Write `blue-green` or `recreate`",
        )
    yield from repeated((*location, "secrets"), process.secrets, "secret")


def _check_environment(process: Process, written: Process, location: Location) -> Iterator[Finding]:
    """
    A variable and a secret of one name, at least one of them its own: what is inherited is said where it is written.
    """
    for name in process.secrets:
        for taken in sorted({name, f"{name}_FILE"} & process.env.keys()):
            if taken in written.env or name in written.secrets:
                yield Finding(
                    location=(*location, "env" if taken in written.env else "secrets"),
                    fact=f"`{taken}` is an environment variable, and the secret `{name}` needs it",
                    next_step="Keep one of them",
                )


def _check_volumes(process: Process, location: Location) -> Iterator[Finding]:
    yield from repeated((*location, "volumes"), [volume.name for volume in process.volumes], "volume")
    yield from repeated((*location, "volumes"), [volume.path for volume in process.volumes], "path")
    for index, volume in enumerate(process.volumes):
        if volume.shared:
            continue
        unshared = f"the volume `{volume.name}` is not shared"
        mend = "if the app tolerates several processes on it, write `shared: true`"
        if process.strategy is not Strategy.RECREATE and process.kind is not Kind.JOB:
            yield Finding(
                location=(*location, "volumes", index),
                fact=f"{unshared}, but {process.strategy} runs two releases at once",
                next_step=f"Write `strategy: recreate` (with downtime); {mend}",
            )
        if process.replicas > 1:
            yield Finding(
                location=(*location, "volumes", index),
                fact=f"{unshared}, but there are {process.replicas} replicas",
                next_step=f"Write `replicas: 1`; {mend}",
            )


def _check_names(project: Project, name: str, process: Process, location: Location) -> Iterator[Finding]:
    if len(f"{project.name}-{name}") + SUFFIX > SERVICE_NAME_MAXIMUM:
        yield Finding(
            location=location or ("name",),
            fact=f"a service called `{project.name}-{name}-<digest>` is longer than Docker's {SERVICE_NAME_MAXIMUM} characters",
            next_step="Shorten the name of the project or of the process",
        )
    for secret in process.secrets:
        if len(f"{project.name}-{secret}") + SUFFIX > SECRET_NAME_MAXIMUM:
            yield Finding(
                location=(*location, "secrets"),
                fact=f"`{secret}` and the project's name are together longer than Docker's {SECRET_NAME_MAXIMUM} characters",
                next_step="Shorten one of them",
            )


def _check_sharing(project: Project) -> Iterator[Finding]:
    """
    Processes that name the same volume share a folder.
    """
    first: dict[str, tuple[str, bool, int]] = {}
    for name, process in project.all_processes().items():
        for index, volume in enumerate(process.volumes):
            owner, is_shared, user_id = first.setdefault(volume.name, (name, volume.shared, process.user_id))
            location: Location = (*place(project, name), "volumes", index)
            if owner != name and not (volume.shared and is_shared):
                yield Finding(
                    location=location,
                    fact=f"the process `{owner}` has the volume `{volume.name}` too, but it is not shared",
                    next_step="Write `shared: true` in both, or give it another name",
                )
            elif owner != name and user_id != process.user_id:
                yield Finding(
                    location=location,
                    fact=f"the volume `{volume.name}` belongs to user {user_id} of the process `{owner}`, "
                    f"and not to user {process.user_id}",
                    next_step="Give both processes the same `user_id`",
                )


def _check_database_secrets(project: Project) -> Iterator[Finding]:
    """
    A project with a database has these without naming them.
    """
    for process_name in project.all_processes():
        written = project.processes.get(process_name, project).secrets
        for name in sorted(DATABASE_SECRETS & set(written)):
            yield Finding(
                location=(*place(project, process_name), "secrets", written.index(name)),
                fact=f"`{name}` is made for every project with a database",
                next_step="Remove it here; its file is there all the same",
            )


def _check_extras(project: Project) -> Iterator[Finding]:
    """
    What belongs to the project as a whole needs a process that has a use for it.
    """
    processes = project.all_processes().values()
    kinds = {process.kind for process in processes}
    if project.database and kinds == {Kind.STATIC}:
        yield Finding(
            location=("database",), fact="a `static` site only serves files", next_step="Remove `database`, or correct `kind`"
        )
    if project.database:
        yield from repeated(("database", "extensions"), project.database.extensions, "extension")
        yield from _check_database_secrets(project)
        if project.database.imports and not project.database.migration:
            yield Finding(
                location=("database", "imports"),
                fact="no migration would see these",
                next_step="Write `migration`, or remove them",
            )
    if project.slo and not kinds & {Kind.WEB, Kind.STATIC}:
        yield Finding(location=("slo",), fact="nothing in this project answers requests", next_step="Remove `slo`")
    if project.maintenance and not kinds & {Kind.WEB, Kind.STATIC}:
        yield Finding(
            location=("maintenance",), fact="nothing in this project answers requests", next_step="Remove `maintenance`"
        )
    if project.backup and not project.database and not any(process.volumes for process in processes):
        yield Finding(location=("backup",), fact="the project has neither a database nor a volume", next_step="Remove `backup`")
    retention = project.backup.retention if project.backup else None
    if retention and retention.is_empty:
        yield Finding(
            location=("backup", "retention"), fact="no backup would be kept", next_step="Raise `daily`, `weekly` or `monthly`"
        )
