"""
A dossier that somebody keeps is written anew after whatever changes its stack. Keeping one begins with `flotilla docs -s
<stack>` and ends when its folder is removed. Where git has it, it is committed, as a release file is: the checkout stays clean.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ops import git
from ops.dossier import write as files
from ops.errors import FlotillaError
from ops.steps import Context, Sequential, Step


def afterwards(checkout: Path, stack: str, after: str, *, is_gone: bool = False) -> Sequential | None:
    """
    What is done once an operation has come to a good end; None where nobody keeps a dossier of the stack in its usual place, or
    one of the settings alone, which no operation changes. `after` is the operation's command; `is_gone`: the stack is no more.
    """
    known = files.read_manifest(files.folder_of(checkout, stack))
    if not known or known.get("is_repeatable") is True:
        return None

    def run(_: Context) -> str:
        return renew(checkout, stack, after, is_gone=is_gone)

    return Sequential(steps=(Step(name="write the dossier anew", run=run, is_blocking=False),))


def renew(checkout: Path, stack: str, after: str, *, is_gone: bool = False) -> str:
    """
    Write it of the same sources, with the same files, as it was written before.

    Raises: FlotillaError where it cannot be written or committed, or the stack's outputs cannot be read: it is then as it was.
    """
    folder = files.folder_of(checkout, stack)
    name = str(folder.relative_to(checkout))
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{name} cannot be written to from here, and is as it was"
    from ops.dossier import dossier
    from ops.dossier.collect import Sources

    sources = Sources.of(files.read_manifest(folder))
    found = dossier.make(checkout, stack, sources=sources, with_html=dossier.HTML in files.owned(folder))
    if found.facts.there is None and not is_gone:
        raise FlotillaError(f"{name}: it is as it was: {found.facts.why_no_outputs}. Run `{dossier.command(found)}`.")
    dossier.write(found)
    if not found.changes:
        return f"{name} is as it was"
    commit = _commit(checkout, folder, found.changes, f"Write the dossier of {stack} anew, after `flotilla {after}`\n")
    return f"{name}: {len(found.changes)} files changed{f', commit {commit[:12]}' if commit else ''}"


def _commit(checkout: Path, folder: Path, changes: Sequence[files.Change], message: str) -> str:
    """
    These files and nothing else; what somebody has staged stays staged. Returns the commit, empty where git has no dossier.
    """
    name = folder.relative_to(checkout)
    known = set(git.known(checkout, "ls-files", "-z", "--", str(name)).split("\0"))
    if f"{name}/{files.MANIFEST}" not in known:
        return ""
    paths = [path for found in changes if (path := f"{name}/{found.path}") in known or found.after is not None]
    left = f"{name} is written, and not committed. Commit it by hand."
    git.told(checkout, "add", "--all", "--", *paths, otherwise=left)
    words = ("commit", "--quiet", "--only", "--file=-", "--", *paths)
    git.told(checkout, *words, given=message, timeout_s=git.LONG_TIMEOUT_S, otherwise=left)
    return git.told(checkout, "rev-parse", "HEAD", otherwise=left)
