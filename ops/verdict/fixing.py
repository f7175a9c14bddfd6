"""
`flotilla report --fix`: of a CRITICAL report, the fixes that edit the tree, each a commit on a branch of its own, for review.

The work is done in another work tree: what the user has open is not touched. Commands that would change a server are listed
and never run. Nothing is ever pushed by force.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops import git, reports
from ops.errors import FlotillaError
from ops.report import Status
from ops.verdict import kept

PRIORITIES = ("HIGH", "MEDIUM", "LOW")
# Commands that edit the tree and nothing else, by how they begin.
EDITS = (
    ("flotilla", "project", "set"),
    ("flotilla", "docs"),
    ("flotilla", "settings", "schema"),
    (".venv/bin/python", "-m", "settings.reference"),
    (".venv/bin/python", "-m", "policies.reference"),
    (".venv/bin/python", "-m", "ops.audit.reference"),
    (".venv/bin/python", "-m", "ops.commands.reference"),
    (".venv/bin/python", "-m", "components.declarations.reference"),
    (".venv/bin/python", "-m", "components.outputs_shape"),
)
EDIT_TIMEOUT_S, CHECK_TIMEOUT_S = 300, 3600
NOBODY = {"user.name": "Flotilla", "user.email": "flotilla@localhost"}
NO = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, kw_only=True)
class Fix:
    """
    One action of a report, and what became of it: `listed` for people, `done` with its commit, `needless` where it changed
    nothing, or `failed` with why in `detail`.
    """

    check: str
    priority: str
    action: str
    command: str
    details: str
    status: str = "listed"
    detail: str = ""
    commit: str = ""


def edits_the_tree(command: str) -> bool:
    """
    Whether a fix is one that may be done by itself: the beginning of its command is one of `EDITS`.
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        return False
    return any(words[: len(edit)] == edit for edit in EDITS)


def fixes_of(document: Mapping[str, Any]) -> list[Fix]:
    """
    The report's actions as fixes, each command once, in order of priority.
    """
    once: dict[str, Fix] = {}
    for row in sorted(document["actions"], key=lambda row: PRIORITIES.index(row["priority"])):
        fix = Fix(**{name: row[name] for name in ("check", "priority", "action", "command", "details")})
        once.setdefault(fix.command, fix)
    return list(once.values())


def may_commit(environment: Mapping[str, str]) -> bool:
    """
    AUTO_COMMIT=0 asks for a list only.
    """
    return environment.get("AUTO_COMMIT", "1").lower() not in NO


def may_push(environment: Mapping[str, str]) -> bool:
    """
    SKIP_PUSH, set to anything but a no, keeps the branch here.
    """
    return environment.get("SKIP_PUSH", "").lower() in {"", *NO}


def fix(checkout: Path, document: Mapping[str, Any], stack: str, check: Sequence[Sequence[str]] = ()) -> dict[str, Any]:
    """
    Do what can be done by itself, and list the rest. `check` are the commands that have to succeed after each fix; without any,
    the settings of all stacks and the policies. Returns what is written to `reports/fixes/`.

    Raises: FlotillaError, SettingsError where there is no repository
    """
    fixes, now = fixes_of(document), datetime.now(UTC)
    doable = [found for found in fixes if edits_the_tree(found.command)]
    is_critical = document["status"] == Status.CRITICAL
    branch, pushed = "", ""
    if is_critical and doable and may_commit(os.environ):
        git.require_repository(checkout, "Nothing was fixed. Make it one: `git init`.")
        branch = f"fix/auto-{now.strftime(kept.FORM)}"
        with kept.alone(checkout):
            checks = check or default_check(checkout, stack)
            done = {found.command: found for found in _on_branch(checkout, branch, doable, checks)}
        fixes = [done.get(found.command, found) for found in fixes]
        if any(found.commit for found in fixes):
            pushed = _push(checkout, branch) if may_push(os.environ) else ""
        else:
            _git(checkout, "branch", "--quiet", "-D", "--", branch)
            branch = ""
    result = {
        "schema": 1,
        "when": now.isoformat(timespec="seconds"),
        "environment": document["environment"],
        "status": document["status"],
        "branch": branch,
        "pushed": pushed,
        "fixes": [vars(found) for found in fixes],
        "next_steps": list(_next_steps(fixes, branch, pushed, is_critical=is_critical)),
    }
    path = kept.folder(checkout) / "fixes" / f"{now.strftime(kept.FORM)}.json"
    reports.put(path, reports.text(result))
    kept.note(checkout, f"{document['environment']} --fix: " + (", ".join(_counted(fixes)) or "nothing to do"))
    return result


def default_check(checkout: Path, stack: str) -> list[list[str]]:
    """
    The settings of all stacks, and both policy packs on an offline preview: of this stack, or for the sandbox's of the first
    real one.
    """
    from settings.loading import stacks
    from settings.stacks import is_sandbox

    real = [name for name in stacks(checkout) if not is_sandbox(name)]
    packs = [part for pack in ("policies/security", "policies/compliance") for part in ("--policy-pack", pack)]
    previewed = [stack] if stack in real else real[:1]
    previews = [[".venv/bin/python", "-m", "sandbox.preview", name, *packs] for name in previewed]
    return [["flotilla", "settings", "check"], *previews]


def _on_branch(checkout: Path, branch: str, fixes: Sequence[Fix], check: Sequence[Sequence[str]]) -> list[Fix]:
    """
    The branch's work tree comes and goes; the branch stays.
    """
    tree = checkout / ".flotilla" / "fixes" / branch.rpartition("/")[2]
    tree.parent.mkdir(parents=True, exist_ok=True)
    _git(checkout, "worktree", "add", "--quiet", "-b", branch, "--", str(tree), "HEAD")
    try:
        _furnish(checkout, tree)
        return [_fixed(tree, found, check) for found in fixes]
    finally:
        _git(checkout, "worktree", "remove", "--force", "--", str(tree))


def _furnish(checkout: Path, tree: Path) -> None:
    """
    The installed packages and the engine: those of the checkout.
    """
    (tree / ".flotilla").mkdir(exist_ok=True)
    for name in (".venv", ".flotilla/toolchain"):
        if (checkout / name).exists():
            (tree / name).symlink_to(checkout / name)


def _fixed(tree: Path, found: Fix, check: Sequence[Sequence[str]]) -> Fix:
    """
    One fix: edit, check, commit. What does not pass is taken back.
    """
    problem = _run(tree, shlex.split(found.command), EDIT_TIMEOUT_S)
    if not problem and not _git(tree, "status", "--porcelain", "--untracked-files=no"):
        return Fix(**{**vars(found), "status": "needless", "detail": "the tree has it already"})
    problem = problem or next(filter(None, (_run(tree, command, CHECK_TIMEOUT_S) for command in check)), "")
    if problem:
        _git(tree, "checkout", "--quiet", "--", ".")
        return Fix(**{**vars(found), "status": "failed", "detail": problem})
    _commit(tree, found, check)
    return Fix(**{**vars(found), "status": "done", "commit": _git(tree, "rev-parse", "HEAD")})


def _commit(tree: Path, found: Fix, check: Sequence[Sequence[str]]) -> None:
    checked = "\n".join(f"    {shlex.join(command)}" for command in check)
    message = (
        f"Fix {found.action}\n\n"
        f"Found by the check {found.check}, priority {found.priority}: {found.details or 'no further word'}.\n"
        f"Done by:\n    {found.command}\nChecked by:\n{checked}\n\n"
        f"Bring it out after review: `flotilla plan`, `flotilla apply`.\n"
    )
    who = {} if git.known(tree, "config", "user.email") else NOBODY
    _git(tree, "commit", "--quiet", "--all", "--file=-", given=message, config=who)


def _run(tree: Path, command: Sequence[str], timeout_s: float) -> str:
    """
    Run a command of the checkout in the work tree. Empty when it succeeded, otherwise why not.
    """
    python = (sys.executable, "-m")
    words = list(command)
    if words[0] == "flotilla":
        words = [*python, "ops.cli", *words[1:]]
    elif words[0] == ".venv/bin/python":
        words = [sys.executable, *words[1:]]
    program = shutil.which(words[0])
    if program is None:
        return f"{words[0]}: there is no such program"
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    try:
        ended = subprocess.run(
            [program, *words[1:]],
            cwd=tree,
            env=inherited,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{shlex.join(command)}: it did not end within {timeout_s:g} s"
    said = " ".join((ended.stderr or ended.stdout).split())[-500:]
    return f"{shlex.join(command)} ended with {ended.returncode}: {said}" if ended.returncode else ""


def _push(checkout: Path, branch: str) -> str:
    """
    The remote that has the branch now; empty where there is none. A push that fails leaves the branch here, and is said.
    """
    remotes = _git(checkout, "remote").split()
    if not remotes:
        return ""
    remote = "origin" if "origin" in remotes else remotes[0]
    try:
        _git(checkout, "push", "--quiet", "--", remote, f"refs/heads/{branch}:refs/heads/{branch}")
    except FlotillaError as error:
        kept.note(checkout, str(error))
        return ""
    return remote


def _git(folder: Path, *arguments: str, given: str = "", config: Mapping[str, str] | None = None) -> str:
    """
    Raises: FlotillaError where git refuses.
    """
    otherwise = "Nothing was pushed. Look at `git status` and `git worktree list`."
    return git.told(folder, *arguments, otherwise=otherwise, given=given, timeout_s=git.LONG_TIMEOUT_S, config=config)


def _counted(fixes: Sequence[Fix]) -> Iterator[str]:
    for status in ("done", "failed", "needless", "listed"):
        count = sum(found.status == status for found in fixes)
        if count:
            yield f"{count} {status}"


def _next_steps(fixes: Sequence[Fix], branch: str, pushed: str, *, is_critical: bool) -> Iterator[str]:
    if branch:
        where = f"{pushed}/{branch}" if pushed else branch
        yield f"Review {where}: `git log -p HEAD..{branch}`. Merge it when it is right: `git merge {branch}`."
        if not pushed:
            yield f"It is only here. Ask for a review elsewhere: `git push <remote> {branch}`."
    elif not is_critical and fixes:
        yield "The status is not CRITICAL: nothing was done by itself. What may be done is listed."
    elif is_critical and not may_commit(os.environ):
        yield "AUTO_COMMIT says no: nothing was done by itself. What may be done is listed."
    if any(found.status == "failed" for found in fixes):
        yield "Some fixes did not pass their check and were taken back: see why in the list."
    if any(found.status == "listed" for found in fixes):
        yield "Run what is listed yourself, the first one first."
