"""
Settings without the engine: what is wrong with each stack, and the schemas for editors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ops.errors import SettingsError
from settings import Settings, read_stack_config
from settings.loading import examine, stacks
from settings.problems import Problem, error_of
from settings.schema import FOLDER, write


@dataclass(frozen=True, kw_only=True)
class Checked:
    """
    What was found in one stack: its problems, or if there are none its projects by name, and those of them that are served.
    """

    stack: str
    problems: list[Problem]
    projects: list[str]
    served: list[str]


@dataclass(frozen=True, kw_only=True)
class Written:
    """
    A schema's file. `is_new` tells whether it was another one before.
    """

    path: Path
    is_new: bool


def check(root: Path, stack: str | None = None) -> list[Checked]:
    """
    What is in the settings of a stack, or without one of every stack that has a file.

    Raises: SettingsError if there is no such stack, or its file is no YAML.
    """
    chosen = [stack] if stack is not None else stacks(root)
    if not chosen:
        raise SettingsError(f"{root}: there is no Pulumi.<stack>.yaml. Nothing was checked. Write one as in docs/settings.md.")
    return [_check(root, name) for name in chosen]


def _check(root: Path, stack: str) -> Checked:
    found = examine(stack, root, read_stack_config(root, stack))
    if isinstance(found, Settings):
        served = [project.name for project, _ in found.served]
        return Checked(stack=stack, problems=[], projects=list(found.projects), served=served)
    return Checked(stack=stack, problems=found, projects=[], served=[])


def require_valid(checked: Iterable[Checked]) -> None:
    """
    Raises: SettingsError with every problem, those of files that stacks share once.
    """
    problems = [problem for found in checked for problem in found.problems]
    if problems:
        raise error_of(problems)


def write_schemas(root: Path, folder: Path | None = None) -> list[Written]:
    """
    Write the schemas into a folder, by default into the checkout's docs/schema/.

    Raises: SettingsError where they cannot be written there.
    """
    try:
        return [Written(path=path, is_new=is_new) for path, is_new in write(folder or root / FOLDER).items()]
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise SettingsError(
            f"--out: {folder or root / FOLDER}: {reason}. Not all was written. Name a folder of yours."
        ) from None
