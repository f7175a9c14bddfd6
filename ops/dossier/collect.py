"""
Reading what a dossier is made from. Whatever is missing or cannot be read is said in the facts, and stops nothing; only
settings have to be right.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import history, shelf
from ops import stack as stacks
from ops.dossier.facts import Facts, Preview, Report, moment_of
from ops.dossier.outputs import parse
from ops.dossier.words import Language, Words
from ops.errors import FlotillaError, SettingsError
from settings import Settings

SUFFIX = "_report.json"
AFTER_APPLY = Words(en="known after apply", fr="connu après l'apply")
STAGING = "staging"
History = tuple[tuple[Mapping[str, Any], ...], tuple[str, ...] | None]
UNREAD: History = ((), None)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """
    What is asked beside the settings. `is_declared`: neither the stack nor its reports and history. `is_previewed`: the engine
    is asked offline what the settings would make and what the stack's outputs would be, where there are none yet, and the
    policy packs what they say of it. `outputs` is a file that has the stack's outputs, instead of asking the engine.
    """

    is_declared: bool = False
    is_previewed: bool = False
    outputs: Path | None = None

    @property
    def is_repeatable(self) -> bool:
        """
        Whether the same checkout gives the same dossier on every machine, at any time.
        """
        return self.is_declared

    @classmethod
    def of(cls, kept: Mapping[str, object]) -> Sources:
        """
        Those of a dossier that was written, from what was noted beside it.
        """
        return cls(is_declared=kept.get("is_repeatable") is True, is_previewed=kept.get("is_previewed") is True)

    @property
    def kept(self) -> dict[str, bool]:
        """
        What is noted beside a dossier, for whoever compares it again.
        """
        return {"is_repeatable": self.is_repeatable, "is_previewed": self.is_previewed}


def collect(checkout: Path, stack: str, folder: Path, sources: Sources | None = None) -> Facts:
    """
    The facts about a stack, for a dossier in this folder.

    Raises: SettingsError for mistakes in the settings, and for a file of outputs that cannot be read.
    """
    from ops.costs.advice import advise
    from ops.costs.fleet import from_settings
    from ops.costs.refresh import read
    from ops.costs.statement import statement
    from policies.catalog import packs
    from settings import load, read_stack_config
    from settings.prices import FILE

    asked = sources or Sources()
    settings = load(stack, checkout, read_stack_config(checkout, stack))
    problems: list[str] = []
    outputs, why, (lines, broken) = _of_stack(checkout, stack, asked, problems)
    reports, operations = ({}, ()) if asked.is_declared else _reports(checkout, stack, problems)
    compared_with = _compared_with(checkout, stack, problems)
    fleet, prices = from_settings(settings), read(FILE)
    preview = _preview(checkout, stack) if asked.is_previewed else None
    is_planned = outputs is None and preview is not None
    if is_planned and preview:
        outputs, wrong = parse(_with_words(preview.outputs, settings.language), stack)
        problems += wrong
    hosts, drift = (reports[name].document if name in reports else None for name in ("hosts", "drift"))
    return Facts(
        settings=settings,
        outputs=outputs,
        outputs_problem=why,
        packs=packs(),
        statement=statement(fleet, prices, advise(fleet, prices, hosts, drift)),
        reports=reports,
        operations=operations,
        history=lines,
        history_problems=broken,
        problems=tuple(problems),
        decisions=decisions(checkout),
        checkout=os.path.relpath(checkout, folder),
        is_declared=asked.is_declared,
        preview=preview,
        is_planned=is_planned,
        compared_with=compared_with,
    )


def _compared_with(checkout: Path, stack: str, problems: list[str]) -> Settings | None:
    """
    The settings of `staging`, for every other real environment.
    """
    from settings import load, read_stack_config
    from settings.stacks import is_sandbox

    if stack == STAGING or is_sandbox(stack) or not (checkout / f"Pulumi.{STAGING}.yaml").exists():
        return None
    try:
        return load(STAGING, checkout, read_stack_config(checkout, STAGING))
    except SettingsError as error:
        problems.append(f"`{STAGING}` cannot be compared: {error}")
        return None


def _preview(checkout: Path, stack: str) -> Preview:
    """
    Raises: MissingToolError where there is no engine, FlotillaError where the preview fails.
    """
    from sandbox.preview import POLICY_VIOLATION, preview

    found = preview(stack, root=checkout, packs=[path.parent for path in sorted(checkout.glob("policies/*/PulumiPolicy.yaml"))])
    if found.exit_code not in (0, POLICY_VIOLATION):
        last = " ".join(found.output.split())[-300:] or "the engine said nothing"
        raise FlotillaError(
            f"{stack}: its preview failed: {last}. Nothing was written. Run `.venv/bin/python -m sandbox.preview {stack}`."
        )
    counted = Counter(step.type for step in found.steps)
    findings = sorted(found.violations, key=lambda row: (row.pack, row.policy, row.urn, row.message))
    return Preview(resources=dict(sorted(counted.items())), findings=tuple(findings), outputs=found.events.outputs)


def _with_words(value: Any, language: Language) -> Any:
    """
    Planned outputs, with words for what only an update brings.
    """
    from sandbox.engine_events import UNKNOWN

    if isinstance(value, Mapping):
        return {key: _with_words(part, language) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_words(part, language) for part in value]
    return AFTER_APPLY.of(language) if value == UNKNOWN else value


def _of_stack(checkout: Path, stack: str, asked: Sources, problems: list[str]) -> tuple[Mapping[str, Any] | None, str, History]:
    """
    The outputs, why there are none, and the audit log with what is wrong with it.
    """
    if asked.is_declared:
        return None, "", UNREAD
    document: object = _from_file(asked.outputs) if asked.outputs else None
    lines = UNREAD
    try:
        known = stacks.environment(checkout)
        lines = _history(checkout, stack, known, problems)
        if asked.outputs is None:
            document = stacks.outputs(checkout, stack, known)
    except FlotillaError as error:
        if asked.outputs is None:
            return None, str(error), lines
        problems.append(f"The history cannot be read: {error}")
    found, wrong = parse(document, stack)
    if found is None:
        return None, wrong[0], lines
    problems += wrong
    return found, "", lines


def _from_file(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"--outputs: {path}: this cannot be read as JSON ({type(error).__name__}). Nothing was written. "
            "Write it with `pulumi stack output --json -s <stack> > <file>`."
        ) from None


def _history(checkout: Path, stack: str, known: Mapping[str, str], problems: list[str]) -> History:
    try:
        kept = shelf.of(checkout, stack, known)
        broken = tuple(history.verify(kept))
        problems += [f"The history is not as it was written: {problem}" for problem in broken]
        return tuple(history.read(kept)), broken
    except (FlotillaError, OSError) as error:
        problems.append(f"The history cannot be read: {error}")
        return UNREAD


def _reports(checkout: Path, stack: str, problems: list[str]) -> tuple[dict[str, Report], tuple[Report, ...]]:
    """
    The newest report of each check, and those of operations.
    """
    folder = checkout / "reports"
    found = {
        name: Report(name=name, when=moment_of(document.get("timestamp")), document=document)
        for path, document in _documents(sorted(folder.glob(f"*{SUFFIX}")), problems)
        if document.get("environment") == stack and (name := path.name.removesuffix(SUFFIX))
    }
    done = [
        Report(name=path.stem, when=moment_of(document.get("started")), document=document)
        for path, document in _documents(sorted((folder / "operations").glob("*.json")), problems)
        if document.get("stack") == stack
    ]
    return found, tuple(sorted(done, key=lambda row: (row.when.timestamp() if row.when else 0, row.name)))


def _documents(paths: Iterable[Path], problems: list[str]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for path in paths:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            problems.append(f"`{path.parent.name}/{path.name}` cannot be read: {type(error).__name__}")
            continue
        if isinstance(document, dict):
            yield path, document
        else:
            problems.append(f"`{path.parent.name}/{path.name}` is no report")


def decisions(checkout: Path) -> dict[str, str]:
    """
    The decision records of the checkout: {file: title}.
    """
    paths = sorted((checkout / "docs" / "adr").glob("[0-9]*.md"))
    return {path.name: _title(path) for path in paths}


def _title(path: Path) -> str:
    """
    The page's own heading, without its number.
    """
    with path.open(encoding="utf-8") as file:
        first = file.readline().strip()
    return re.sub(r"^#+ *(\d+[.:]? +)?", "", first) or path.stem
