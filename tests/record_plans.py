"""
Record anew what the engine says of each situation of tests/plan_situations.py: `python -m tests.record_plans [NAMES]`.

The real engine and program over edited settings, offline, against a state that was made on paper (tests/paper_plugin.py). Kept
in tests/cases/plan/ is what is graded: steps that change something, with the inputs that differ. `--grade` grades what was
recorded anew, for another line in the table of risks.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops import engine, plan
from ops.errors import FlotillaError
from sandbox.cloud import offline
from sandbox.plugins.registry import PROVIDERS
from sandbox.workspace import CHECKOUT, Workspace, make_keys
from settings.stacks import named_zones
from tests import paper_plugin
from tests.plan_situations import SITUATIONS, Edit, Situation

CASES = CHECKOUT / "tests" / "cases" / "plan"
TEXT_LIMIT = 120
PROJECTS = ("guestbook", "journal", "ledger")
# What lines are made of, beside what differs.
ALWAYS = ("name", "type", "serverType", "location", "size", "content", "loadBalancerType", "publicNets", "updateConfig")
RULES = "rules"
COMMITTED = ("projects", "releases", "Pulumi.local.yaml", "Pulumi.production.yaml", "Pulumi.staging.yaml")


class Recorder:
    """
    Bases are brought up once; `folder` holds everything.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.keys = folder, make_keys(folder)
        self.bases: dict[tuple[Edit, ...], Path] = {}

    def record(self, situation: Situation) -> dict[str, Any]:
        """
        The case of a situation, as it is kept.
        """
        base = self.base(situation)
        with self.laid(situation, f"{situation.name}", (*situation.base, *situation.edits), backend=base) as (workspace, known):
            log = self.folder / f"{situation.name}.jsonl"
            command = ["destroy", "--preview-only"] if situation.is_destroy else ["preview"]
            done = pulumi(
                workspace, {**known, "PULUMI_DEBUG_COMMANDS": "true"}, *command, "--ignore-protect", "--event-log", str(log)
            )
        events = [kept for line in log.read_text().splitlines() if (kept := reduced(json.loads(line)))]
        if done.returncode != 0:
            raise FlotillaError(f"{done.returncode}: {done.stdout[-1500:]} {done.stderr[-1500:]}")
        return {"situation": situation.what, "events": events}

    def base(self, situation: Situation) -> Path:
        """
        The state that the situation begins with.
        """
        if situation.base not in self.bases:
            name = f"{situation.name}-base"
            with self.laid(situation, name, situation.base, backend=None) as (workspace, known):
                pulumi(workspace, known, "stack", "init")
                on_paper(workspace)
                done = engine.update(workspace.project, workspace.stack, known)
                if not done.is_ok:
                    raise FlotillaError("\n".join(done.errors))
            self.bases[situation.base] = workspace.folder / "backend"
        return self.bases[situation.base]

    @contextmanager
    def laid(
        self, situation: Situation, name: str, edits: tuple[Edit, ...], *, backend: Path | None
    ) -> Iterator[tuple[Workspace, Mapping[str, str]]]:
        """
        A workspace with edited settings.
        """
        root = self.folder / f"{name}-settings"
        root.mkdir()
        # As committed: somebody may be trying something in this checkout.
        command = ["git", "-C", str(CHECKOUT), "archive", "HEAD", "--", *COMMITTED]
        archive = subprocess.run(command, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", str(root)], input=archive, check=True)
        for edit in edits:
            edit.apply(root)
        workspace = Workspace(self.folder / name, "production")
        values = workspace.lay(root, keys=self.keys)
        if backend is not None:
            shutil.copytree(backend, workspace.folder / "backend", dirs_exist_ok=True)
        with offline.serve(named_zones(values.get("flotilla:environment"))) as clouds:
            yield workspace, workspace.environment(clouds.environment)


def on_paper(workspace: Workspace) -> None:
    """
    Put the plugins on paper in the place of the stand-ins.
    """
    home = workspace.folder / "home"
    for name in PROVIDERS:
        (script,) = home.glob(f"plugins/resource-{name}-v*/pulumi-resource-{name}")
        words = shlex.split(script.read_text().splitlines()[-1].removeprefix("exec ").removesuffix(' "$@"'))
        words[words.index("-IS") + 1] = str(Path(paper_plugin.__file__))
        script.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')


def pulumi(workspace: Workspace, known: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """
    The engine in the workspace.
    """
    command = ["pulumi", *arguments, "--non-interactive", "--stack", workspace.stack]
    return subprocess.run(command, cwd=workspace.project, env=known, capture_output=True, text=True, check=False)


def reduced(event: dict[str, Any]) -> dict[str, Any] | None:
    """
    A step that is graded, with what its line is made of; None for every other event.
    """
    metadata = event.get("resourcePreEvent", {}).get("metadata")
    if metadata is None:
        return None
    old, new = metadata.get("old") or {}, metadata.get("new") or {}
    if metadata["op"] == "same" and bool(old.get("protect")) == bool(new.get("protect")):
        return None
    kept = {name: metadata[name] for name in ("op", "urn", "type", "detailedDiff", "diffs", "keys") if metadata.get(name)}
    for side, state, other in (("old", old, new), ("new", new, old)):
        if state:
            known = {name: state[name] for name in ("parent", "protect") if state.get(name)}
            kept[side] = {**known, "inputs": short(graded(state["inputs"], other.get("inputs")))}
    return {"resourcePreEvent": {"metadata": kept}}


def graded(inputs: dict[str, Any], other: dict[str, Any] | None) -> dict[str, Any]:
    """
    The inputs that a line may be made of, and those that differ from the other side's.
    """
    found = {key: value for key, value in inputs.items() if key in ALWAYS or (other is not None and other.get(key) != value)}
    image = inputs.get("taskSpec", {}).get("containerSpec", {}).get("image") if other is None else None
    if RULES in inputs:
        found[RULES] = inputs[RULES]
    if image:
        found["taskSpec"] = {"containerSpec": {"image": image}}
    return {key: value for key, value in found.items() if not key.startswith("__")}


def short(value: Any) -> Any:
    """
    Long texts, such as scripts, by their beginning.
    """
    if isinstance(value, dict):
        return {key: short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [short(item) for item in value]
    return value[:TEXT_LIMIT] if isinstance(value, str) else value


def write(name: str, case: dict[str, Any]) -> dict[str, Any]:
    """
    Keep a case, an event a line, with what it is graded now.
    """
    graded = plan.grade_events(case["events"], PROJECTS)
    head = json.dumps({"situation": case["situation"], "expected": graded}, indent=1)[:-2]
    events = ",\n".join(f"  {json.dumps(event, sort_keys=True)}" for event in case["events"])
    (CASES / f"{name}.json").write_text(f'{head},\n "events": [\n{events}\n ]\n}}\n')
    return graded


def grade_anew() -> None:
    """
    Grade what was recorded by the table as it is now; the difference is then seen in git.
    """
    for path in sorted(CASES.glob("*.json")):
        write(path.stem, json.loads(path.read_text()))


def main(words: list[str]) -> None:
    """
    Record the situations of these names, or all.
    """
    CASES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="flotilla-plans-") as folder:
        recorder = Recorder(Path(folder))
        failed: list[str] = []
        for situation in SITUATIONS:
            if not words or situation.name in words:
                try:
                    case = recorder.record(situation)
                except (AssertionError, FlotillaError) as error:
                    failed.append(f"{situation.name}: {error}")
                    continue
                graded = write(situation.name, case)
                sys.stdout.write(f"{situation.name}: {graded['level']}, {len(graded['lines'])} lines\n")
                sys.stdout.flush()
    if failed:
        raise SystemExit("\n".join(failed))


if __name__ == "__main__":
    grade_anew() if sys.argv[1:] == ["--grade"] else main(sys.argv[1:])
