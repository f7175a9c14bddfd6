"""
Load everything that people wrote about one environment, and check it as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from ops.errors import SettingsError
from settings.documents import Document, read_document
from settings.environment import Environment
from settings.environment_checks import check_environment
from settings.fleet_checks import check_fleet
from settings.language import DEFAULT, LANGUAGE, Language, read_language
from settings.problems import Finding, Problem, Source, dotted, error_of, in_order, validate
from settings.process import Process
from settings.project import Project
from settings.project_files import ReadProjects, read_projects
from settings.release_checks import check_served
from settings.releases import ProjectReleases, Releases, check_releases, releases_file
from settings.secret_records import RECORDS, SecretPath, paths, read_records, set_on
from settings.secrets import (
    SECRETS,
    SecretNames,
    check_declared,
    check_form,
    check_key,
    check_offsite,
    check_receivers,
    check_registry,
    check_unused,
    read_names,
)
from settings.values import is_name
from settings.wording import suggest

NAMESPACE = "flotilla"
ENVIRONMENT = "environment"
KEYS = (ENVIRONMENT, SECRETS, LANGUAGE, RECORDS)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """
    One environment with its projects and releases, checked as a whole. `projects` is {name: project}, those that live in it.
    `secrets_set` is {secret: the day on which it was set}, None where no record is of the value that it has.
    """

    stack: str
    root: Path
    environment: Environment
    projects: Mapping[str, Project]
    releases: Releases
    secrets: SecretNames
    language: Language = DEFAULT
    secrets_set: Mapping[SecretPath, date | None] = field(default_factory=dict)

    @property
    def served(self) -> tuple[tuple[Project, ProjectReleases], ...]:
        """
        The projects that have a release in this environment, each with its releases, by name.
        """
        return tuple((self.projects[name], self.releases.projects[name]) for name in sorted(self.releases.projects))

    @property
    def unserved(self) -> tuple[str, ...]:
        """
        The names of projects that have no release in this environment yet.
        """
        return tuple(sorted(self.projects.keys() - self.releases.projects.keys()))

    def hostnames(self, process: Process) -> tuple[str, ...]:
        """
        Every name that a process (or a project's main one) answers to in this environment; the first is the main one.
        """
        return process.hostnames(self.environment.domain)

    def redirects(self, process: Process) -> tuple[str, ...]:
        """
        Every name that only sends people to the process' main one.
        """
        return process.redirects(self.environment.domain)

    def zone_of(self, hostname: str) -> str:
        """
        The DNS zone that one of the environment's host names is in.
        """
        return self.environment.zone_of(hostname) or self.environment.zone


def load(stack: str, root: Path, config: Mapping[str, Any]) -> Settings:
    """
    Read and check everything about one environment: `config` (the stack's `flotilla:` values by their bare names, as
    `pulumi.Config("flotilla")` or `read_stack_config` has them), `projects/*.yaml` and `releases/<stack>.yaml` under `root`.
    Of `config["secrets"]` only the names count, and only they are kept.

    Reads these files and nothing else: not the keys and certificates that they point to, which may not be there yet.

    Raises: SettingsError with every mistake in every file.
    """
    found = examine(stack, root, config)
    if isinstance(found, Settings):
        return found
    raise error_of(found)


def examine(stack: str, root: Path, config: Mapping[str, Any]) -> Settings | list[Problem]:
    """
    Like `load`, but gives all mistakes as a list.

    Raises: SettingsError if `stack` is not the name of one.
    """
    require_name(stack)
    problems: list[Problem] = []
    file = _StackFile(root, stack)
    environment = _environment(stack, config, file, problems)
    secrets = _secrets(stack, config, file, problems)
    language, findings = read_language(config.get(LANGUAGE))
    problems += [file.problem(LANGUAGE, finding) for finding in findings]
    records, findings = read_records(config.get(RECORDS))
    problems += [file.problem(RECORDS, finding) for finding in findings]
    projects = read_projects(root, stack, {stack, *stacks(root)}, problems)
    releases, source = _releases(releases_file(root, stack), problems)
    if environment:
        problems += _between(environment, projects, secrets, file)
        problems += [source.problem(finding) for finding in check_served(environment, projects, releases)]
    if problems or environment is None:
        return in_order(problems)
    return Settings(
        stack=stack,
        root=root,
        environment=environment,
        projects=projects.models,
        releases=releases,
        secrets=secrets,
        language=language,
        secrets_set={path: set_on(path, file.value(SECRETS), records) for path in paths(secrets)},
    )


def stacks(root: Path) -> list[str]:
    """
    The stacks that have a file, by name.
    """
    names = (path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in root.glob("Pulumi.*.yaml"))
    return sorted(name for name in names if is_name(name))


def read_stack_config(root: Path, stack: str) -> dict[str, Any]:
    """
    The `flotilla:` values in `Pulumi.<stack>.yaml` by their bare names, for callers that run outside the engine.

    Raises: SettingsError if the file is missing or not valid YAML.
    """
    require_name(stack)
    document = read_document(root / _config_name(stack), _config_name(stack))
    if isinstance(document, Problem):
        raise error_of([document])
    return _namespaced(document.data)


def _namespaced(data: object) -> dict[str, Any]:
    config = data.get("config") if isinstance(data, dict) else None
    values = config if isinstance(config, dict) else {}
    return {key.partition(":")[2]: value for key, value in values.items() if key.startswith(f"{NAMESPACE}:")}


def require_name(stack: str) -> None:
    """
    Raises: SettingsError for what is not the name of a stack.
    """
    if not is_name(stack):
        raise SettingsError("--stack: this is not the name of a stack. Nothing was changed. `pulumi stack ls` lists them.")


def _config_name(stack: str) -> str:
    return f"Pulumi.{stack}.yaml"


class _StackFile:
    """
    The stack's file, read once and only if it is needed: for lines, and to see how secrets are kept. It has neither if the
    values came from elsewhere, such as `pulumi up --config`.
    """

    def __init__(self, root: Path, stack: str) -> None:
        self._path, self.name = root / _config_name(stack), _config_name(stack)

    @cached_property
    def _document(self) -> Document | Problem:
        return read_document(self._path, self.name)

    def value(self, key: str) -> object:
        """
        The value of `flotilla:<key>` as it is written.
        """
        return _namespaced(self._document.data).get(key) if isinstance(self._document, Document) else None

    def problem(self, key: str, finding: Finding) -> Problem:
        """
        The finding in the value of `flotilla:<key>`.
        """
        lines = self._document.source.lines if isinstance(self._document, Document) else {}
        return Source(file=self.name, lines=lines, prefix=("config", f"{NAMESPACE}:{key}")).problem(finding)


def _environment(stack: str, config: Mapping[str, Any], file: _StackFile, problems: list[Problem]) -> Environment | None:
    missing = Finding(location=(), fact="this is missing", next_step="Describe the environment as in Pulumi.local.yaml")
    environment, findings = validate(Environment, config[ENVIRONMENT]) if ENVIRONMENT in config else (None, [missing])
    findings += check_environment(environment, stack) if environment else []
    problems += [file.problem(ENVIRONMENT, finding) for finding in findings]
    for key in sorted(str(key) for key in config.keys() - set(KEYS)):
        mend = suggest(key, KEYS)
        problems.append(Problem(file=file.name, path=dotted((f"{NAMESPACE}:{key}",)), fact="unknown key", next_step=mend))
    return environment


def _secrets(stack: str, config: Mapping[str, Any], file: _StackFile, problems: list[Problem]) -> SecretNames:
    if SECRETS in config:
        findings = check_form(config[SECRETS], file.value(SECRETS), stack)
        problems += [file.problem(SECRETS, finding) for finding in findings]
    return read_names(config.get(SECRETS))


def _between(environment: Environment, projects: ReadProjects, secrets: SecretNames, file: _StackFile) -> Iterator[Problem]:
    """
    What is wrong between the environment, its projects and its secrets.
    """
    for name, finding in check_fleet(environment, projects.models):
        yield projects.living[name].variant.problem(finding) if name else file.problem(ENVIRONMENT, finding)
    for name, finding in check_declared(projects.models, secrets, environment.name):
        yield projects.living[name].variant.problem(finding)
    for finding in _of_secrets(environment, secrets):
        yield file.problem(ENVIRONMENT, finding)
    for finding in check_unused(environment, projects, secrets):
        yield file.problem(SECRETS, finding)


def _of_secrets(environment: Environment, secrets: SecretNames) -> Iterator[Finding]:
    """
    What the environment needs secrets for, and has none.
    """
    yield from check_key(environment, secrets)
    yield from check_receivers(environment, secrets)
    yield from check_offsite(environment, secrets)
    yield from check_registry(environment, secrets)


def _releases(path: Path, problems: list[Problem]) -> tuple[Releases, Source]:
    """
    The environment's releases; none if there is no file yet, or if it has mistakes.
    """
    name = f"{path.parent.name}/{path.name}"
    document = read_document(path, name) if path.exists() else None
    if not isinstance(document, Document):
        problems += [document] if document else []
        return Releases(), Source(file=name, lines={})
    releases, findings = validate(Releases, document.data)
    findings += check_releases(releases) if releases else []
    problems.extend(document.source.problem(finding) for finding in findings)
    return releases or Releases(), document.source
