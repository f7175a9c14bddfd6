"""
The repository: what is checked out, what remotes have, and pushing. Never forces.
"""

from __future__ import annotations

from pathlib import Path

from ops import git
from ops.errors import FlotillaError, SettingsError
from ops.sync.decide import DEFAULT_BRANCHES, Seen, Tree


def tree(checkout: Path) -> Tree:
    """
    What is checked out.

    Raises: SettingsError where there is no repository, or no commit in it yet.
    """
    git.require_repository(checkout, "Nothing was pushed. Run `git init` and add a remote.")
    head = git.ask(checkout, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head.returncode != 0:
        raise SettingsError(f"{checkout}: there is no commit yet. Nothing was pushed. Make one: `git commit`.")
    branch = git.ask(checkout, "symbolic-ref", "--quiet", "--short", "HEAD")
    changed = git.ask(checkout, "status", "--porcelain=v1", "-z", "--no-renames")
    if changed.returncode != 0:
        raise FlotillaError(f"{checkout}: git status: {git.why(changed)}. Nothing was pushed. Mend that, then sync again.")
    return Tree(
        branch=branch.stdout.strip(),
        commit=head.stdout.strip(),
        changed=tuple(sorted(entry[3:] for entry in changed.stdout.split("\0") if entry)),
    )


def branches(checkout: Path) -> tuple[str, ...]:
    """
    The branches that may be pushed: `flotilla.syncBranch` in git's configuration, which has the remotes too.
    """
    found = git.ask(checkout, "config", "--get-all", "flotilla.syncBranch").stdout.split()
    return tuple(dict.fromkeys(found)) or DEFAULT_BRANCHES


def remotes(checkout: Path) -> tuple[str, ...]:
    """
    The remotes' names, in order.
    """
    return tuple(sorted(git.ask(checkout, "remote").stdout.split()))


def look(checkout: Path, remote: str, branch: str, here: str) -> Seen:
    """
    What a remote has on the branch, and how that stands to the commit here.
    """
    words = ("ls-remote", "--", remote, f"refs/heads/{branch}")
    try:
        answer = git.ask(checkout, *words, timeout_s=git.LONG_TIMEOUT_S)
    except git.NoAnswerError as error:
        return Seen(remote=remote, problem=str(error))
    if answer.returncode != 0:
        return Seen(remote=remote, problem=git.why(answer))
    commit = next((line.split("\t")[0] for line in answer.stdout.splitlines() if line), "")
    if not commit:
        return Seen(remote=remote)
    is_known = git.ask(checkout, "cat-file", "-e", f"{commit}^{{commit}}").returncode == 0
    return Seen(
        remote=remote,
        commit=commit,
        is_known=is_known,
        is_ancestor=is_known and _is_ancestor(checkout, commit, here),
        is_descendant=is_known and _is_ancestor(checkout, here, commit),
    )


def push(checkout: Path, remote: str, branch: str, commit: str) -> str:
    """
    Send the commit as the remote's branch: a remote that moved meanwhile refuses it. Returns why it failed; empty when it did
    not. Hooks run, so that a `pre-push` hook may say no.
    """
    refspec = f"{commit}:refs/heads/{branch}"
    words = ("push", "--porcelain", "--no-follow-tags", "--", remote, refspec)
    try:
        answer = git.ask(checkout, *words, timeout_s=git.LONG_TIMEOUT_S)
    except git.NoAnswerError as error:
        return str(error)
    if answer.returncode == 0:
        return ""
    rejected = [line for line in answer.stdout.splitlines() if line.startswith("!")]
    return git.words("\n".join([*rejected, answer.stderr])) or git.why(answer)


def waiting_since(checkout: Path, here: str, there: str) -> int | None:
    """
    When the oldest commit was made that a remote lacked, in seconds since 1970; None where it lacked nothing.
    """
    wanted = [here, f"^{there}"] if there else [here]
    times = git.ask(checkout, "log", "--format=%ct", "--end-of-options", *wanted).stdout.split()
    return min(map(int, times), default=None)


def _is_ancestor(checkout: Path, one: str, other: str) -> bool:
    return git.ask(checkout, "merge-base", "--is-ancestor", "--", one, other).returncode == 0
