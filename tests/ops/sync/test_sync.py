"""
Pushing to remotes, with real git and bare repositories on this disk.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ops import git, history, lock, shelf, unlock
from ops.confirm import Approval, Level
from ops.errors import LockedError, RefusedError, SettingsError
from ops.lock import Holder
from ops.mutation import OperationFailedError
from ops.sync.decide import Outcome, Relation, Seen, relation
from ops.sync.sync import Request, Row, is_skipped, log_of, sync

NOBODY = Approval()


@pytest.fixture(autouse=True)
def _own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "gitconfig").write_text("[user]\nname = Test\nemail = test@example.com\n[init]\ndefaultBranch = main\n")


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "file").write_text(text)
    run(folder, "add", "file")
    run(folder, "commit", "-qm", text)
    return run(folder, "rev-parse", "HEAD")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """
    A checkout on `main` with two empty remotes, `mirror` and `origin`.
    """
    folder = tmp_path / "here"
    folder.mkdir()
    run(folder, "init", "-q")
    (folder / ".gitignore").write_text("reports/\n.flotilla/\n")
    run(folder, "add", ".gitignore")
    for name in ("mirror", "origin"):
        subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / f"{name}.git")], check=True)
        run(folder, "remote", "add", name, str(tmp_path / f"{name}.git"))
    commit(folder, "one")
    return folder


def of(folder: Path, remote: str) -> str:
    return run(folder.parent / f"{remote}.git", "rev-parse", "--verify", "--quiet", "refs/heads/main")


def outcomes(rows: list[Row]) -> dict[str, Outcome]:
    return {row.remote: row.outcome for row in rows}


def elsewhere(folder: Path, remote: str, text: str) -> str:
    """
    Somebody else pushes a commit to a remote.
    """
    other = folder.parent / f"other-{text}"
    subprocess.run(["git", "clone", "-q", str(folder.parent / f"{remote}.git"), str(other)], check=True, capture_output=True)
    head = commit(other, text)
    run(other, "push", "-q", "origin", "HEAD:main")
    return head


def test_every_remote_gets_the_commit(here: Path) -> None:
    """Those that have nothing, and later those that are behind; the second time nothing is left to do."""
    assert outcomes(sync(here, Request(), NOBODY)) == {"mirror": Outcome.PUSHED, "origin": Outcome.PUSHED}
    head = commit(here, "two")
    rows = sync(here, Request(), NOBODY)

    assert outcomes(rows) == {"mirror": Outcome.PUSHED, "origin": Outcome.PUSHED}
    assert {of(here, "mirror"), of(here, "origin"), *(row.after for row in rows)} == {head}
    assert all(row.delay_s is not None and 0 <= row.delay_s < 60 for row in rows)
    assert outcomes(sync(here, Request(), NOBODY)) == {"mirror": Outcome.ALIGNED, "origin": Outcome.ALIGNED}


def test_each_sync_is_noted(here: Path) -> None:
    """One line for each remote: time, remote, before, after, delay, outcome; readable by its owner only."""
    sync(here, Request(), NOBODY)
    sync(here, Request(remotes=["origin"]), NOBODY)
    lines = [json.loads(line) for line in log_of(here).read_text().splitlines()]

    assert [(line["remote"], line["outcome"]) for line in lines] == [
        ("mirror", "pushed"),
        ("origin", "pushed"),
        ("origin", "aligned"),
    ]
    assert lines[0].keys() >= {"time", "remote", "branch", "before", "after", "delay_s", "outcome"}
    assert log_of(here).stat().st_mode & 0o777 == 0o600


def lines(folder: Path) -> list[tuple[str, str | None]]:
    """
    The history of the checkout: event, and how it ended.
    """
    kept = shelf.find(folder, shelf.CHECKOUT)
    assert history.verify(kept) == []
    return [(line["event"], line.get("status")) for line in history.read(kept)]


def test_each_sync_is_an_operation_of_the_checkout(here: Path) -> None:
    """With a history of its own, whether or not a sandbox or a stack is there, and a report; only looking is none."""
    sync(here, Request(is_dry=True), NOBODY)
    sync(here, Request(is_skipped=True), NOBODY)
    assert lines(here) == []
    sync(here, Request(), Approval(reason="ticket 7"))
    (report,) = (here / "reports" / "operations").glob("*-sync-*.json")
    found = json.loads(report.read_text())

    assert lines(here) == [("begun", None), ("ended", "done")]
    assert (found["level"], found["reason"]) == ("standard", "ticket 7")
    assert [(row["remote"], row["outcome"]) for row in found["facts"]["remotes"]] == [
        ("mirror", "pushed"),
        ("origin", "pushed"),
    ]
    assert [row["name"] for row in found["steps"][-2:]] == ["note", "alignment"]


def test_two_syncs_of_a_checkout_do_not_meet(here: Path) -> None:
    """The second is refused, or waits where that was asked for; whose process is surely gone loses its lock."""
    kept = shelf.find(here, shelf.CHECKOUT)
    with lock.held(kept, shelf.CHECKOUT, Holder.here("sync", "Push it"), name=lock.SYNC), pytest.raises(LockedError):
        sync(here, Request(), NOBODY)
    assert run(here, "ls-remote", "origin") == ""
    elsewhere = Holder(operation="sync", what="Push it", user="ada", host="laptop", pid=1, since="2026-11-26T10:00:00+00:00")
    assert kept.swap(lock.SYNC, None, elsewhere.text())
    removed = unlock.unlock(here, shelf.CHECKOUT, Approval(level=Level.IMPORTANT, reason="it is gone"))["removed"]

    assert removed == ["ada@laptop (pid 1) since 2026-11-26T10:00:00+00:00: Push it"]
    assert outcomes(sync(here, Request(), NOBODY)) == {"mirror": Outcome.PUSHED, "origin": Outcome.PUSHED}


def test_tests_that_fail_push_nothing(here: Path) -> None:
    """With --check; what was wrong is in the history, and nothing was noted of any remote."""
    (here / "Makefile").write_text("check:\n\t@exit 1\n")
    run(here, "add", "Makefile")
    run(here, "commit", "-qm", "tests")
    with pytest.raises(OperationFailedError, match=r"make check: it failed. Nothing was pushed") as caught:
        sync(here, Request(is_checked=True), NOBODY)

    assert (caught.value.exit_code, lines(here)[-1]) == (1, ("ended", "failed"))
    assert run(here, "ls-remote", "origin") == "" and not log_of(here).exists()


def test_a_remote_with_commits_of_its_own_is_left_to_people(here: Path) -> None:
    """Ahead, or gone another way: it stays as it is, the other remote gets its commit, and the way out is told."""
    sync(here, Request(), NOBODY)
    theirs = elsewhere(here, "origin", "theirs")
    ours = commit(here, "ours")
    rows = sync(here, Request(), NOBODY)

    assert outcomes(rows) == {"mirror": Outcome.PUSHED, "origin": Outcome.CONFLICT}
    assert lines(here)[-1] == ("ended", "failed")
    assert (of(here, "origin"), of(here, "mirror")) == (theirs, ours)
    assert "git fetch origin" in next(row.next_step for row in rows if row.remote == "origin")


def test_a_remote_that_is_ahead_is_not_turned_back(here: Path) -> None:
    """What is there already is said with the command that fetches it."""
    sync(here, Request(), NOBODY)
    theirs = elsewhere(here, "origin", "theirs")
    run(here, "fetch", "-q", "origin")
    row = next(row for row in sync(here, Request(), NOBODY) if row.remote == "origin")

    assert (row.outcome, row.detail, of(here, "origin")) == (Outcome.CONFLICT, "ahead", theirs)
    assert "git pull --ff-only origin main" in row.next_step


def test_one_remote_down_does_not_stop_the_others(here: Path) -> None:
    """It is told with git's own words, and without the credentials of its address."""
    run(here, "remote", "add", "down", "https://someone:pa55word@127.0.0.1:9/repository.git")
    rows = sync(here, Request(), NOBODY)

    assert outcomes(rows) == {"down": Outcome.UNREACHABLE, "mirror": Outcome.PUSHED, "origin": Outcome.PUSHED}
    assert "127.0.0.1" in rows[0].detail
    assert "pa55word" not in log_of(here).read_text() + str(rows)


def test_a_remote_that_refuses_is_told(here: Path) -> None:
    """By its own hook: what it says is in the report, and it has what it had."""
    hook = here.parent / "origin.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho closed for the holidays >&2\nexit 1\n")
    hook.chmod(0o755)
    rows = sync(here, Request(), NOBODY)

    assert outcomes(rows) == {"mirror": Outcome.PUSHED, "origin": Outcome.REFUSED}
    assert "closed for the holidays" in rows[1].detail and rows[1].after == ""


def test_only_looking_changes_nothing(here: Path) -> None:
    """Neither the remotes nor the log."""
    assert outcomes(sync(here, Request(is_dry=True), NOBODY)) == {"mirror": Outcome.DUE, "origin": Outcome.DUE}
    assert run(here, "ls-remote", "origin") == "" and not log_of(here).exists()


def test_skip_push_is_honoured(here: Path) -> None:
    """It is looked at and noted, and nothing is pushed."""
    assert [is_skipped({"SKIP_PUSH": value}) for value in ("1", "true", "yes", "", "0", "false")] == [True] * 3 + [False] * 3
    rows = sync(here, Request(is_skipped=True), NOBODY)

    assert set(outcomes(rows).values()) == {Outcome.SKIPPED} and run(here, "ls-remote", "origin") == ""


@pytest.mark.parametrize("state", ["new", "staged", "edited"])
def test_changes_that_are_not_committed_stay(here: Path, state: str) -> None:
    """Nothing is pushed, and they are as they were."""
    (here / ("file" if state == "edited" else "other")).write_text("changed")
    if state == "staged":
        run(here, "add", "other")
    before = run(here, "status", "--porcelain")
    with pytest.raises(RefusedError, match=r"1 file has changes that are not committed .* They were not touched"):
        sync(here, Request(), NOBODY)

    assert run(here, "status", "--porcelain") == before and run(here, "ls-remote", "origin") == ""


def test_other_branches_are_pushed_where_the_settings_say_so(here: Path) -> None:
    """`main` without a word; others by git's configuration, next to the remotes."""
    run(here, "switch", "-qc", "feature")
    with pytest.raises(RefusedError, match="feature: this branch is not one that is pushed"):
        sync(here, Request(), NOBODY)
    run(here, "config", "--add", "flotilla.syncBranch", "feature")
    assert set(outcomes(sync(here, Request(), NOBODY)).values()) == {Outcome.PUSHED}
    run(here, "switch", "-q", "--detach")
    with pytest.raises(RefusedError, match="no branch is checked out"):
        sync(here, Request(), NOBODY)


@pytest.mark.parametrize("text", ['{"status": "CRITICAL", "environment": "production"}', "{", "[]", '{"status": "UNKNOWN"}'])
def test_a_critical_report_asks_first(here: Path, text: str) -> None:
    """So does one that cannot be read; with an approval it goes on."""
    (here / "reports").mkdir()
    (here / "reports" / "global_report.json").write_text(text)
    with pytest.raises(RefusedError):
        sync(here, Request(), NOBODY)
    assert run(here, "ls-remote", "origin") == "" and lines(here) == [("refused", None)]

    rows = sync(here, Request(), Approval(level=Level.IMPORTANT, reason="the fix is in it"))
    assert set(outcomes(rows).values()) == {Outcome.PUSHED}


@pytest.mark.parametrize("status", ["OK", "WARNING", "DEGRADED"])
def test_any_other_report_asks_nothing(here: Path, status: str) -> None:
    """The last report is read, and does not hold anything up."""
    (here / "reports").mkdir()
    (here / "reports" / "global_report.json").write_text(json.dumps({"status": status}))
    assert set(outcomes(sync(here, Request(), NOBODY)).values()) == {Outcome.PUSHED}


def test_what_there_is_not_is_bad_input(here: Path, tmp_path: Path) -> None:
    """No such remote, no remote at all, no repository."""
    with pytest.raises(SettingsError, match="backup: there is no such remote"):
        sync(here, Request(remotes=["backup"]), NOBODY)
    for name in ("mirror", "origin"):
        run(here, "remote", "remove", name)
    with pytest.raises(SettingsError, match="there is no git remote"):
        sync(here, Request(), NOBODY)
    with pytest.raises(SettingsError, match="no git repository"):
        sync(tmp_path, Request(), NOBODY)


def test_a_remote_called_like_an_option_is_none(here: Path) -> None:
    """What stands in git's configuration is a name, never an option of a command."""
    config = here / ".git" / "config"
    config.write_text(config.read_text() + '[remote "--upload-pack=touch pwned"]\n\turl = ../origin.git\n')
    rows = sync(here, Request(), NOBODY)

    assert not list(here.parent.rglob("pwned")) and outcomes(rows)["origin"] is Outcome.PUSHED


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(remote="r", problem="down"), Relation.UNREACHABLE),
        (Seen(remote="r"), Relation.MISSING),
        (Seen(remote="r", commit="a"), Relation.ALIGNED),
        (Seen(remote="r", commit="b", is_known=True, is_ancestor=True), Relation.BEHIND),
        (Seen(remote="r", commit="b", is_known=True, is_descendant=True), Relation.AHEAD),
        (Seen(remote="r", commit="b", is_known=True), Relation.DIVERGED),
        (Seen(remote="r", commit="b"), Relation.DIVERGED),
    ],
)
def test_relations(seen: Seen, expected: Relation) -> None:
    """Where the remote's commit is not known here, it is never taken for one that may be overwritten."""
    assert relation("a", seen) is expected


def test_credentials_are_left_out_of_what_git_says() -> None:
    """Wherever an address with one stands."""
    assert git.words("fatal: https://token:x@host/a\n and ssh://me@host/b") == "fatal: https://host/a and ssh://host/b"
    assert "SKIP_PUSH" not in os.environ
