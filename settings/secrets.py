"""
The names of an environment's secrets: what `flotilla:secrets` has, never the values.

    flotilla:secrets:
      key: {secure: ...}                          what the passwords of databases and backups are derived from (hosts/keys.py)
      projects:
        ledger: {SESSION_KEY: {secure: ...}}      for the processes of a project
      notifications: {ops: {secure: ...}}         addresses that alerts are sent to
      offsite: {access-key: ..., secret-key: ...} for copies of backups in an S3-compatible store
      registry: {secure: ...}                     the password of `registry_user`
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from hosts.keys import KEY_MINIMUM_LENGTH
from settings.environment import Environment, OffsiteKind, Role
from settings.problems import Finding, Location, dotted
from settings.process import Kind
from settings.project import Project
from settings.project_checks import place
from settings.project_files import ReadProjects
from settings.values import is_environment_variable, is_name
from settings.wording import excerpt, suggest

SECRETS = "secrets"
KEY = "key"
PROJECTS = "projects"
NOTIFICATIONS = "notifications"
OFFSITE = "offsite"
OFFSITE_NAMES = ("access-key", "secret-key")
REGISTRY = "registry"
ALL = (KEY, PROJECTS, NOTIFICATIONS, OFFSITE, REGISTRY)
NO_VALUE, IN_PLAIN = "this is no value of a secret", "this secret is there for everybody to read"
# How Pulumi writes an encrypted value in the stack's file.
ENCRYPTED = "secure"


@dataclass(frozen=True, kw_only=True)
class SecretNames:
    """
    Which secrets have a value: {project: names}, the names of addresses for alerts, those for copies off-site, and whether
    there is a key, and a password for the registry.
    """

    projects: Mapping[str, frozenset[str]]
    notifications: frozenset[str]
    has_key: bool = False
    has_registry: bool = False
    offsite: frozenset[str] = frozenset()

    def of(self, project: str) -> frozenset[str]:
        """
        The names of a project's secrets.
        """
        return self.projects.get(project, frozenset())


def set_command(stack: str, *names: str) -> str:
    """
    The command that sets a secret; it asks for the value, or reads it from standard input.
    """
    return f"flotilla secrets set {shlex.quote('.'.join(names))} -s {stack}"


def read_names(value: object) -> SecretNames:
    """
    The names in the value of `flotilla:secrets`, as far as it has its form.
    """
    blocks = value if isinstance(value, dict) else {}
    projects = blocks.get(PROJECTS)
    return SecretNames(
        projects={name: _names(block) for name, block in projects.items()} if isinstance(projects, dict) else {},
        notifications=_names(blocks.get(NOTIFICATIONS)),
        has_key=_has_value(blocks.get(KEY)),
        has_registry=_has_value(blocks.get(REGISTRY)),
        offsite=_names(blocks.get(OFFSITE)),
    )


def _names(block: object) -> frozenset[str]:
    return frozenset(name for name, value in block.items() if _has_value(value)) if isinstance(block, dict) else frozenset()


def _has_value(value: object) -> bool:
    return bool(value) and (isinstance(value, str) or _is_encrypted(value))


def _is_encrypted(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {ENCRYPTED} and isinstance(value[ENCRYPTED], str)


def check_form(value: object, in_file: object, stack: str) -> Iterator[Finding]:
    """
    What is wrong with the value of `flotilla:secrets` by itself; `in_file` is how the stack's file has it. Shows no value.
    """
    if not isinstance(value, dict):
        yield _no_block((), stack)
        return
    for key, block in value.items():
        if key == KEY:
            yield from _check_key(block, _inside(in_file, key), stack)
        elif key == REGISTRY:
            yield from _check_value(block, _inside(in_file, key), (key,), set_command(stack, key))
        elif key not in ALL:
            yield Finding(location=(key,), fact="unknown key", next_step=suggest(key, ALL))
        elif not isinstance(block, dict) or _is_encrypted(block):
            yield _no_block((key,), stack)
        elif key in (NOTIFICATIONS, OFFSITE):
            yield from _check_values(block, _inside(in_file, key), (key,), stack)
        else:
            for project, inner in block.items():
                if not isinstance(inner, dict) or _is_encrypted(inner):
                    yield _no_block((key, project), stack)
                else:
                    yield from _check_values(inner, _inside(in_file, key, project), (key, project), stack)


def _check_key(value: object, in_file: object, stack: str) -> Iterator[Finding]:
    fact = _fault(value, in_file)
    if fact is None and isinstance(value, str) and len(value) < KEY_MINIMUM_LENGTH:
        fact = f"the key has fewer than {KEY_MINIMUM_LENGTH} characters"
    if fact:
        command = key_command(stack, is_replacing=_is_encrypted(in_file))
        yield Finding(location=(KEY,), fact=fact, next_step=f"Make a new one: `{command}`")


def key_command(stack: str, *, is_replacing: bool = False) -> str:
    """
    The command that makes an environment's key; nobody has to see it. One that takes the place of another is critical, and a
    pipe is no terminal to ask at.
    """
    approval = " --approve critical --reason 'another key'" if is_replacing else ""
    return f"openssl rand -base64 48 | {set_command(stack, KEY)}{approval}"


def check_key(environment: Environment, names: SecretNames) -> Iterator[Finding]:
    """
    Databases and backups need the environment's key.
    """
    needing = [role for role in (Role.DB, Role.BACKUP) if environment.pools(role)]
    if needing and not names.has_key:
        yield Finding(
            location=("servers",),
            fact=f"a server has the role `{needing[0]}`, and `flotilla:{SECRETS}.{KEY}` has no value",
            next_step=f"Make one: `{key_command(environment.name)}`",
        )


def _check_values(block: Mapping[str, object], in_file: object, location: Location, stack: str) -> Iterator[Finding]:
    for name, value in block.items():
        command = set_command(stack, *(str(part) for part in location), name)
        is_right = _is_right(name, location)
        if not is_right:
            example = {NOTIFICATIONS: "ops", OFFSITE: OFFSITE_NAMES[0]}.get(str(location[0]), "SESSION_KEY")
            yield Finding(
                location=(*location, name), fact="this is not the name of a secret", next_step=f"Write it like `{example}`"
            )
        else:
            yield from _check_value(value, _inside(in_file, name), (*location, name), command)


def _check_value(value: object, in_file: object, location: Location, command: str) -> Iterator[Finding]:
    if fact := _fault(value, in_file):
        is_known = fact == IN_PLAIN
        step = f"Replace it wherever it is used; then run `{command}`" if is_known else f"Run `{command}`"
        yield Finding(location=location, fact=fact, next_step=step)


def _fault(value: object, in_file: object) -> str | None:
    if not _has_value(value):
        return NO_VALUE
    return IN_PLAIN if isinstance(in_file, str) else None


def _is_right(name: str, location: Location) -> bool:
    if location == (OFFSITE,):
        return name in OFFSITE_NAMES
    return is_name(name) if location == (NOTIFICATIONS,) else is_environment_variable(name)


def check_offsite(environment: Environment, names: SecretNames) -> Iterator[Finding]:
    """
    A place for copies can be logged in to, and is known when it is seen.
    """
    offsite = environment.backup.offsite if environment.backup else None
    if offsite is None:
        return
    location = ("backup", "offsite")
    if offsite.kind is OffsiteKind.SFTP and offsite.host_key is None:
        yield Finding(
            location=location,
            fact="`sftp` needs `host_key`: without it, copies would go to whoever answers",
            next_step=f"Write down what `ssh-keyscan -t ed25519 {offsite.host}` shows, once you have compared it",
        )
    for name in OFFSITE_NAMES if offsite.kind is OffsiteKind.S3 else ():
        if name not in names.offsite:
            yield Finding(
                location=location,
                fact=f"there is no secret `{OFFSITE}.{name}`",
                next_step=f"Run `{set_command(environment.name, OFFSITE, name)}`",
            )


def check_registry(environment: Environment, names: SecretNames) -> Iterator[Finding]:
    """
    Who logs in to the registry has a password.
    """
    if environment.registry_user and not names.has_registry:
        yield Finding(
            location=("registry_user",),
            fact=f"there is no secret `{REGISTRY}`, which would be the password",
            next_step=f"Run `{set_command(environment.name, REGISTRY)}`",
        )


def _no_block(location: Location, stack: str) -> Finding:
    """
    The engine writes nothing below what is no block.
    """
    command = set_command(stack, PROJECTS, "<project>", "<NAME>")
    return Finding(
        location=location,
        fact="this is not a block of names, each with its secret",
        next_step=f"Remove it from the file; then set each secret by its own name, such as `{command}`",
    )


def _inside(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def check_declared(projects: Mapping[str, Project], names: SecretNames, stack: str) -> Iterator[tuple[str, Finding]]:
    """
    Secrets that the projects' processes declare but that have no value, each with the project's name.
    """
    for project_name, project in projects.items():
        for process_name, process in project.all_processes().items():
            if process.kind is Kind.STATIC:
                continue  # said already: it has no use for secrets
            written = project.processes.get(process_name, project).secrets
            for name in process.secrets:
                if name not in names.of(project_name) and name in written:
                    yield (
                        project_name,
                        Finding(
                            location=(*place(project, process_name), "secrets", written.index(name)),
                            fact=f"`{name}` has no value in Pulumi.{stack}.yaml",
                            next_step=f"Run `{set_command(stack, PROJECTS, project_name, name)}`",
                        ),
                    )


def check_receivers(environment: Environment, names: SecretNames) -> Iterator[Finding]:
    """
    Receivers whose address has no value, and a mail server whose password has none.
    """
    for where, name in environment.monitoring.secrets.items() if environment.monitoring else ():
        if name not in names.notifications:
            yield Finding(
                location=("monitoring", *where),
                fact=f"there is no secret `{NOTIFICATIONS}.{name}`",
                next_step=f"Run `{set_command(environment.name, NOTIFICATIONS, name)}`",
            )


def check_unused(environment: Environment, projects: ReadProjects, names: SecretNames) -> Iterator[Finding]:
    """
    Secrets that nobody declares: misspelt, or left behind.
    """
    for project, secrets in names.projects.items():
        if not secrets:
            continue  # what `pulumi config rm` leaves of a block
        if project not in projects.known:
            yield Finding(
                location=(PROJECTS, project),
                fact=f"there is no project {excerpt(project)}",
                next_step=suggest(project, projects.known or ["(none yet)"]),
            )
        elif project in projects.elsewhere:
            yield _unused((PROJECTS, project), f"`{project}` does not live in `{environment.name}`", (), environment.name)
        elif project in projects.living:
            model = projects.living[project].project
            declared = {name for process in model.all_processes().values() for name in process.secrets}
            for name in sorted(secrets - declared):
                yield _unused((PROJECTS, project, name), f"no process of `{project}` declares it", declared, environment.name)
    named = set(environment.monitoring.secrets.values()) if environment.monitoring else set()
    for name in sorted(names.notifications - named):
        yield _unused((NOTIFICATIONS, name), "nobody in `monitoring` names it", named, environment.name)
    if names.has_registry and environment.registry_user is None:
        yield _unused((REGISTRY,), "there is no `registry_user` whose password it would be", (), environment.name)


def _unused(location: Location, fact: str, declared: Collection[str], stack: str) -> Finding:
    command = f"pulumi config rm --stack {stack} --path 'flotilla:{dotted((SECRETS, *location))}'"
    nearest = f"{suggest(str(location[-1]), declared)}; or remove" if declared else "Remove"
    return Finding(location=location, fact=fact, next_step=f"{nearest} it with `{command}`")
