"""
The projects as people wrote them: each file with all its environments, checked by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from settings.documents import Document, read_document
from settings.kinds import check_keys
from settings.overrides import ENVIRONMENTS, Variant, check_fixed, environments_of, variants, written
from settings.problems import Finding, Problem, validate
from settings.project import Project
from settings.project_checks import check_project
from settings.values import is_name
from settings.wording import suggest


@dataclass(frozen=True, kw_only=True)
class ReadProject:
    """
    A project as one environment has it, and where that was written.
    """

    project: Project
    variant: Variant


@dataclass(frozen=True, kw_only=True)
class ReadProjects:
    """
    `living` are the valid projects that live in the environment, by name; `elsewhere` names those that do not; `known` all that
    have a file, even one with mistakes.
    """

    living: Mapping[str, ReadProject]
    elsewhere: frozenset[str]
    known: frozenset[str]

    @property
    def models(self) -> dict[str, Project]:
        """
        The projects that live in the environment, in the order of their names.
        """
        return {name: read.project for name, read in sorted(self.living.items())}


def read_projects(root: Path, stack: str, stacks: Collection[str], problems: list[Problem]) -> ReadProjects:
    """
    All projects, as the stack has them. What is wrong with any, in any environment, is added to `problems`; `stacks` are those
    that there are.
    """
    for path in sorted((root / "projects").glob("*.yml")):
        mend = f"Rename it to {path.stem}.yaml"
        problems.append(Problem(file=_shown(path), fact="project files end in .yaml", next_step=mend))
    found: dict[str, ReadProject] = {}
    elsewhere = set()
    # Hidden files are editors' own.
    paths = sorted(path for path in (root / "projects").glob("*.yaml") if not path.name.startswith("."))
    for path in paths:
        document = read_document(path, _shown(path))
        if isinstance(document, Problem):
            problems.append(document)
            continue
        problems.extend(document.source.problem(finding) for finding in _check_environments(document.data, stacks))
        if stack not in environments_of(document.data, stack):
            elsewhere.add(path.stem)
        read = _read(document, path.stem, stack, problems)
        if read:
            found.setdefault(read.project.name, read)
    known = frozenset(path.stem for path in paths)
    return ReadProjects(living=found, elsewhere=frozenset(elsewhere), known=known)


def _shown(path: Path) -> str:
    """
    A file's folder and name for people, even if its name is not one that people write.
    """
    return f"{path.parent.name}/{path.name if path.name.isprintable() else ascii(path.name)}"


def _read(document: Document, stem: str, stack: str, problems: list[Problem]) -> ReadProject | None:
    """
    The project as this stack has it; None if it does not live there, or if something is wrong with that.
    """
    base = written(document.data, document.source)
    environments = variants(document.data, document.source)
    if not environments:
        project, findings = _examine(base, stem)
        problems.extend(base.problem(finding) for finding in findings)
        return ReadProject(project=project, variant=base) if project and project.lives_in(stack) else None
    examined = {name: _examine(variant, stem) for name, variant in environments.items()}
    if any(findings for _, findings in examined.values()):
        # What is wrong in the file as it is written is no override's fault.
        usual = set(_examine(base, stem)[1])
        for name, (_, findings) in examined.items():
            variant = environments[name]
            problems.extend(
                variant.problem(finding) if finding in usual else variant.override_problem(finding) for finding in findings
            )
    project = examined[stack][0] if stack in examined else None
    return ReadProject(project=project, variant=environments[stack]) if project else None


def _examine(variant: Variant, stem: str) -> tuple[Project | None, list[Finding]]:
    project, findings = validate(Project, variant.data)
    findings += check_keys(variant.data)
    further = variant.data.get("processes") if isinstance(variant.data, dict) else None
    for name, process in further.items() if isinstance(further, dict) else ():
        for finding in check_keys(process):
            location = ("processes", name, *finding.location)
            findings.append(Finding(location=location, fact=finding.fact, next_step=finding.next_step))
    findings += check_project(project, stem) if project else []
    return project, findings


def _check_environments(data: object, stacks: Collection[str]) -> Iterator[Finding]:
    yield from check_fixed(data)
    for name in environments_of(data):
        if is_name(name) and name not in stacks:
            yield Finding(
                location=(ENVIRONMENTS, name), fact=f"there is no Pulumi.{name}.yaml", next_step=suggest(name, stacks)
            )
