"""
What becomes of each remote: pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

DEFAULT_BRANCHES = ("main",)


class Relation(StrEnum):
    """
    A remote's branch, as seen from the one here.
    """

    ALIGNED = "aligned"
    BEHIND = "behind"
    MISSING = "missing"
    AHEAD = "ahead"
    DIVERGED = "diverged"
    UNREACHABLE = "unreachable"


class Outcome(StrEnum):
    """
    What came of it. `REFUSED`: the remote did not take the push, or is not as it was sent afterwards.
    """

    ALIGNED = "aligned"
    PUSHED = "pushed"
    DUE = "due"
    CONFLICT = "conflict"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    SKIPPED = "skipped"


PUSHED_TO = frozenset({Relation.BEHIND, Relation.MISSING})
CONFLICTS = frozenset({Relation.AHEAD, Relation.DIVERGED})


@dataclass(frozen=True, kw_only=True)
class Seen:
    """
    A remote's branch: `commit` is empty where there is none, `problem` says why it is not known. `is_known`: the commit is
    one of this repository; `is_ancestor`: the one here comes from it; `is_descendant`: it comes from the one here.
    """

    remote: str
    commit: str = ""
    problem: str = ""
    is_known: bool = False
    is_ancestor: bool = False
    is_descendant: bool = False


def relation(here: str, seen: Seen) -> Relation:
    """
    How a remote stands to the commit here. One that has a commit which was never fetched is ahead, or has gone another way:
    which of the two does not matter, since both are left to people.
    """
    if seen.problem:
        return Relation.UNREACHABLE
    if not seen.commit:
        return Relation.MISSING
    if seen.commit == here:
        return Relation.ALIGNED
    if seen.is_known and seen.is_ancestor:
        return Relation.BEHIND
    return Relation.AHEAD if seen.is_known and seen.is_descendant else Relation.DIVERGED


@dataclass(frozen=True, kw_only=True)
class Tree:
    """
    What is checked out: the branch (empty where none is), its commit, and the files with changes that are not committed.
    """

    branch: str
    commit: str
    changed: tuple[str, ...] = ()


def obstacle(tree: Tree, branches: Sequence[str], remotes: Sequence[str], asked: Sequence[str]) -> str:
    """
    Why nothing may be pushed at all, as a whole message; empty where it may.
    """
    nothing = "Nothing was pushed."
    if not tree.branch:
        return f"sync: no branch is checked out. {nothing} Run `git switch {branches[0]}`."
    if tree.branch not in branches:
        allowed = ", ".join(branches)
        return (
            f"{tree.branch}: this branch is not one that is pushed ({allowed}). {nothing} Merge it first, "
            f"or allow it: `git config --add flotilla.syncBranch {tree.branch}`."
        )
    if tree.changed:
        count = len(tree.changed)
        shown = ", ".join(tree.changed[:3]) + (", ..." if count > 3 else "")
        return (
            f"{tree.branch}: {count} file{'s have' if count > 1 else ' has'} changes that are not committed ({shown}). "
            f"{nothing} They were not touched. Commit them, or put them away: `git stash`."
        )
    if not remotes:
        return f"sync: there is no git remote. {nothing} Add one: `git remote add origin <address>`."
    unknown = [name for name in asked if name not in remotes]
    if unknown:
        return f"{', '.join(unknown)}: there is no such remote. {nothing} There are: {', '.join(remotes)}."
    return ""


def advice(found: Relation, remote: str, branch: str) -> str:
    """
    What a person does about a remote that is not simply behind; empty where nothing has to be done.
    """
    look = f"`git fetch {remote}`, then `git log --oneline --left-right {branch}...{remote}/{branch}`"
    if found is Relation.AHEAD:
        return f"It has commits that are not here: `git pull --ff-only {remote} {branch}`, look at them, then sync again"
    if found is Relation.DIVERGED:
        return f"It has commits that are not here: {look}; merge or rebase by hand, then sync again. Nothing is ever forced"
    if found is Relation.UNREACHABLE:
        return f"See what it says: `git ls-remote {remote}`; the others were not held up"
    return ""


def needs_confirmation(report: Mapping[str, object] | None) -> str:
    """
    Why a person has to be asked before anything is pushed, by the last report; empty where nobody has to. What is no report
    any more says nothing, and is not taken for OK.
    """
    if report is None:
        return ""
    status = str(report.get("status", "unreadable"))
    if status in ("OK", "WARNING", "DEGRADED"):
        return ""
    return f"the last report on {report.get('environment', 'the environment')} is {status}"
