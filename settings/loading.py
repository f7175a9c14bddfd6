"""
Load everything that people wrote about one environment, and check it as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import SettingsError
from settings.checks import check_environment, check_project
from settings.documents import Document, read_document
from settings.environment import Environment
from settings.fleet_checks import check_fleet, check_served
from settings.problems import Finding, Problem, Source, dotted, error_of, validate
from settings.project import Process, Project
from settings.releases import ProjectReleases, Releases, check_releases, releases_file
from settings.secrets import SECRETS, SecretNames, read_names
from settings.values import is_name, suggest

NAMESPACE = "flotilla"
ENVIRONMENT = "environment"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """
    One environment with its projects and releases, checked as a whole. `projects` is {name: project}, those that live in it.
    """

    stack: str
    root: Path
    environment: Environment
    projects: Mapping[str, Project]
    releases: Releases
    secrets: SecretNames

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

    Reads these files and nothing else: not the keys and certificates that they point to, which may not be there yet.

    Raises: SettingsError with every mistake in every file.
    """
    _require_name(stack)
    problems: list[Problem] = []
    environment = _environment(stack, root, config, problems)
    projects = _projects(root, problems)
    releases, source = _releases(releases_file(root, stack), problems)
    models = {name: project for name, (project, _) in sorted(projects.items()) if project.lives_in(stack)}
    if environment:
        for name, finding in check_fleet(environment, models):
            problems.append((projects[name][1] if name else _config_source(stack, root)).problem(finding))
        # A project whose file has mistakes is not unknown.
        known = {path.stem for path in _project_files(root)}
        problems.extend(source.problem(finding) for finding in check_served(environment, models, known, releases))
    if problems or environment is None:
        raise error_of(problems)
    secrets = read_names(config.get(SECRETS))
    return Settings(stack=stack, root=root, environment=environment, projects=models, releases=releases, secrets=secrets)


def read_stack_config(root: Path, stack: str) -> dict[str, Any]:
    """
    The `flotilla:` values in `Pulumi.<stack>.yaml` by their bare names, for callers that run outside the engine.

    Raises: SettingsError if the file is missing or not valid YAML.
    """
    _require_name(stack)
    document = read_document(root / _config_name(stack), _config_name(stack))
    if isinstance(document, Problem):
        raise error_of([document])
    config = document.data.get("config") if isinstance(document.data, dict) else None
    values = config if isinstance(config, dict) else {}
    return {key.partition(":")[2]: value for key, value in values.items() if key.startswith(f"{NAMESPACE}:")}


def _require_name(stack: str) -> None:
    if not is_name(stack):
        raise SettingsError("--stack: this is not the name of a stack. Nothing was changed. `pulumi stack ls` lists them.")


def _config_name(stack: str) -> str:
    return f"Pulumi.{stack}.yaml"


def _config_source(stack: str, root: Path) -> Source:
    """
    Where the environment is written; without lines if the values came from elsewhere, such as `pulumi config set --path`.
    """
    document = read_document(root / _config_name(stack), _config_name(stack))
    lines = document.source.lines if isinstance(document, Document) else {}
    return Source(file=_config_name(stack), lines=lines, prefix=("config", f"{NAMESPACE}:{ENVIRONMENT}"))


def _environment(stack: str, root: Path, config: Mapping[str, Any], problems: list[Problem]) -> Environment | None:
    missing = Finding(location=(), fact="this is missing", next_step="Describe the environment as in Pulumi.local.yaml")
    environment, findings = validate(Environment, config[ENVIRONMENT]) if ENVIRONMENT in config else (None, [missing])
    findings += check_environment(environment, stack) if environment else []
    if findings:
        source = _config_source(stack, root)
        problems.extend(source.problem(finding) for finding in findings)
    for key in sorted(str(key) for key in config.keys() - {ENVIRONMENT, SECRETS}):
        mend = suggest(key, [ENVIRONMENT, SECRETS])
        problems.append(
            Problem(file=_config_name(stack), path=dotted((f"{NAMESPACE}:{key}",)), fact="unknown key", next_step=mend)
        )
    return environment


def _project_files(root: Path) -> list[Path]:
    """
    Every project's file; hidden ones are editors' own.
    """
    return sorted(path for path in (root / "projects").glob("*.yaml") if not path.name.startswith("."))


def _shown(path: Path) -> str:
    """
    A file's folder and name for people, even if its name is not one that people write.
    """
    return f"{path.parent.name}/{path.name if path.name.isprintable() else ascii(path.name)}"


def _projects(root: Path, problems: list[Problem]) -> dict[str, tuple[Project, Source]]:
    """
    The valid projects by name, each with where it was written.
    """
    for path in sorted((root / "projects").glob("*.yml")):
        mend = f"Rename it to {path.stem}.yaml"
        problems.append(Problem(file=_shown(path), fact="project files end in .yaml", next_step=mend))
    found: dict[str, tuple[Project, Source]] = {}
    for path in _project_files(root):
        document = read_document(path, _shown(path))
        if isinstance(document, Problem):
            problems.append(document)
            continue
        project, findings = validate(Project, document.data)
        findings += check_project(project, path.stem) if project else []
        problems.extend(document.source.problem(finding) for finding in findings)
        if project:
            found.setdefault(project.name, (project, document.source))
    return found


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
