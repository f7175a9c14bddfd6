"""
The release file of an environment: changed whole or not at all, and with a git commit where it is under version control.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops import git
from ops.errors import FlotillaError, MissingToolError
from ops.releases import Change
from settings.releases import load_releases, releases_file, write_releases


@dataclass(frozen=True, kw_only=True)
class Written:
    """
    What was done to the file. `commit` is None where none was made.
    """

    path: Path
    was_changed: bool
    commit: str | None


def write(checkout: Path, stack: str, changes: Sequence[Change], message: str) -> Written:
    """
    Have these changes in the file, and in a commit. What is there already is left as it is.

    Raises: FlotillaError where one of the projects serves something else by now, or git refuses.
    """
    path = releases_file(checkout, stack)
    before = after = load_releases(path)
    for change in changes:
        if before.projects.get(change.project) not in (change.before, change.after):
            raise FlotillaError(
                f"{path.parent.name}/{path.name}: projects.{change.project}: somebody has changed it meanwhile. Nothing was "
                f"changed. Run the same command again."
            )
        after = change.applied_to(after)
    if after != before:
        write_releases(path, after)
    return Written(path=path, was_changed=after != before, commit=commit(checkout, path, message))


def put_back(checkout: Path, stack: str, changes: Sequence[Change], message: str) -> Written:
    """
    Take the changes out of the file again, with a commit of its own. What others changed in it stays.
    """
    path = releases_file(checkout, stack)
    before = after = load_releases(path)
    for change in changes:
        if change.is_new and before.projects.get(change.project) == change.after:
            after = change.taken_from(after)
    if after != before:
        write_releases(path, after)
    return Written(path=path, was_changed=after != before, commit=commit(checkout, path, message))


def commit(checkout: Path, path: Path, message: str) -> str | None:
    """
    Commit this file and nothing else; what somebody has staged stays staged. Returns the commit, or None where the file is not
    under version control, or has nothing new.

    Raises: FlotillaError with git's words where it refuses.
    """
    name = str(path.relative_to(checkout))
    try:
        tracked = git.ask(checkout, "ls-files", "--error-unmatch", "--", name)
    except MissingToolError:
        return None
    if tracked.returncode != 0 or git.ask(checkout, "diff", "--quiet", "HEAD", "--", name).returncode == 0:
        return None
    words = ("commit", "--quiet", "--only", "--file=-", "--", name)
    done = git.ask(checkout, *words, given=message, timeout_s=git.LONG_TIMEOUT_S)
    if done.returncode != 0:
        raise FlotillaError(f"{name}: git does not commit it: {git.why(done)}. Mend that, then run the same command again.")
    return git.told(checkout, "rev-parse", "HEAD", otherwise=f"{name} is committed. Look at `git log`.")
