"""
Asking git: what is checked out, what remotes have, and pushing. Never forces, and never asks anybody anything.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ops.errors import FlotillaError, MissingToolError, SettingsError
from ops.sync.decide import DEFAULT_BRANCHES, Seen, Tree

LOCAL_TIMEOUT_S = 30
REMOTE_TIMEOUT_S = 120
# Who logs in by an address: its name and password are nobody's business.
CREDENTIAL = re.compile(r"(?<=://)[^/@\s]+@")
LONGEST_WORDS = 300


def tree(checkout: Path) -> Tree:
    """
    What is checked out.

    Raises: SettingsError where there is no repository, or no commit in it yet.
    """
    if _git(checkout, "rev-parse", "--show-toplevel").returncode != 0:
        raise SettingsError(f"{checkout}: this is no git repository. Nothing was pushed. Run `git init` and add a remote.")
    head = _git(checkout, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head.returncode != 0:
        raise SettingsError(f"{checkout}: there is no commit yet. Nothing was pushed. Make one: `git commit`.")
    branch = _git(checkout, "symbolic-ref", "--quiet", "--short", "HEAD")
    changed = _git(checkout, "status", "--porcelain=v1", "-z", "--no-renames").stdout.split("\0")
    return Tree(
        branch=branch.stdout.strip(),
        commit=head.stdout.strip(),
        changed=tuple(sorted(entry[3:] for entry in changed if entry)),
    )


def branches(checkout: Path) -> tuple[str, ...]:
    """
    The branches that may be pushed: `flotilla.syncBranch` in git's configuration, which has the remotes too.
    """
    found = _git(checkout, "config", "--get-all", "flotilla.syncBranch").stdout.split()
    return tuple(dict.fromkeys(found)) or DEFAULT_BRANCHES


def remotes(checkout: Path) -> tuple[str, ...]:
    """
    The remotes' names, in order.
    """
    return tuple(sorted(_git(checkout, "remote").stdout.split()))


def look(checkout: Path, remote: str, branch: str, here: str) -> Seen:
    """
    What a remote has on the branch, and how that stands to the commit here.
    """
    answer = _git(checkout, "ls-remote", "--", remote, f"refs/heads/{branch}", timeout_s=REMOTE_TIMEOUT_S)
    if answer.returncode != 0:
        return Seen(remote=remote, problem=words(answer.stderr) or f"git ended with {answer.returncode}")
    commit = next((line.split("\t")[0] for line in answer.stdout.splitlines() if line), "")
    if not commit:
        return Seen(remote=remote)
    is_known = _git(checkout, "cat-file", "-e", f"{commit}^{{commit}}").returncode == 0
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
    answer = _git(checkout, "push", "--porcelain", "--no-follow-tags", "--", remote, refspec, timeout_s=REMOTE_TIMEOUT_S)
    if answer.returncode == 0:
        return ""
    rejected = [line for line in answer.stdout.splitlines() if line.startswith("!")]
    return words("\n".join([*rejected, answer.stderr])) or f"git ended with {answer.returncode}"


def waiting_since(checkout: Path, here: str, there: str) -> int | None:
    """
    When the oldest commit was made that a remote lacked, in seconds since 1970; None where it lacked nothing.
    """
    wanted = [here, f"^{there}"] if there else [here]
    times = _git(checkout, "log", "--format=%ct", *wanted).stdout.split()
    return min(map(int, times), default=None)


def words(text: str) -> str:
    """
    What git said, on one line, without anybody's credentials.
    """
    return CREDENTIAL.sub("", " ".join(text.split()))[:LONGEST_WORDS]


def _is_ancestor(checkout: Path, one: str, other: str) -> bool:
    return _git(checkout, "merge-base", "--is-ancestor", one, other).returncode == 0


def _git(checkout: Path, *arguments: str, timeout_s: float = LOCAL_TIMEOUT_S) -> subprocess.CompletedProcess[str]:
    if shutil.which("git") is None:
        raise MissingToolError("git: it is not installed. Nothing was pushed. Install `git`.")
    return _run(["git", *arguments], checkout, timeout_s)


def _run(command: Sequence[str], checkout: Path, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """
    In a session of its own, without a terminal: neither git nor ssh can ask for a password.
    """
    try:
        return subprocess.run(
            command,
            cwd=checkout,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        if timeout_s == LOCAL_TIMEOUT_S:
            raise FlotillaError(f"git {command[1]}: no answer within {timeout_s:g} s. Nothing more was pushed.") from None
        return subprocess.CompletedProcess(list(command), 124, "", f"no answer within {timeout_s:g} s")
