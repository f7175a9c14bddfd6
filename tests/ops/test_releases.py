"""
What a release is, which resources it touches, and what is written down of it.
"""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.kept import kept
from ops import deploying, release_files, release_targets, releases
from ops.errors import FlotillaError, SettingsError
from ops.release_history import flat
from settings import Project, Strategy
from settings.release import PastRelease, ProjectReleases, Release, Slot
from settings.releases import Releases, load_releases, releases_file, with_release, write_releases

PROJECTS = Path(__file__).parents[2] / "projects"
PREFIX = "urn:pulumi:local::flotilla"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def image(digit: str, repository: str = "guestbook") -> str:
    return f"registry.example.com/{repository}@sha256:{digit * 64}"


def project(name: str, **changes: Any) -> Project:
    document = yaml.safe_load((PROJECTS / f"{name}.yaml").read_text())
    return Project.model_validate({**document, **changes})


def served(*digits: str) -> ProjectReleases:
    """Releases that followed one another, the first one first."""
    known = Releases()
    for number, digit in enumerate(digits):
        known = with_release(known, "guestbook", image(digit), at=NOW + timedelta(hours=number))
    return known.projects["guestbook"]


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        ("v2", "", "v2", None),
        (":v2", "", "v2", None),
        ("guestbook:v2", "guestbook", "v2", None),
        ("registry.example.com:5000/team/guestbook:v2.1-rc", "registry.example.com:5000/team/guestbook", "v2.1-rc", None),
        (f"@sha256:{'a' * 64}", "", None, f"sha256:{'a' * 64}"),
        (f"guestbook@sha256:{'a' * 64}", "guestbook", None, f"sha256:{'a' * 64}"),
    ],
)
def test_an_image_is_named_by_tag_or_digest(text: str, repository: str, tag: str | None, digest: str | None) -> None:
    """With its repository, with the registry too, or with neither."""
    assert releases.parse(text) == releases.Reference(repository=repository, tag=tag, digest=digest)


@pytest.mark.parametrize("text", ["", ":", "a b", "guestbook:", "$(id)", "guestbook:v2;id", "@sha256:12", "v2\n", ":../x", "é"])
def test_what_is_no_image_is_refused(text: str) -> None:
    """Nothing of it reaches a registry."""
    with pytest.raises(SettingsError, match="Nothing was done"):
        releases.parse(text)


@pytest.mark.parametrize(
    ("projects", "images", "expected"),
    [
        (["guestbook"], [":v2"], {"guestbook": {"": ":v2"}}),
        (["journal"], [":v2", "api=:v3"], {"journal": {"": ":v2", "api": ":v3"}}),
        (["guestbook=:v2", "journal/api=:v3"], [], {"guestbook": {"": ":v2"}, "journal": {"api": ":v3"}}),
    ],
)
def test_the_command_line_says_which_image_is_for_what(projects: list[str], images: list[str], expected: object) -> None:
    """One project with --image, or several as pairs."""
    assert deploying.wanted(projects, images) == expected


@pytest.mark.parametrize(
    ("projects", "images"),
    [
        (["guestbook"], []),
        (["guestbook", "ledger=:v1"], []),
        (["guestbook=:v1", "guestbook=:v2"], []),
        (["guestbook=:v1"], [":v2"]),
        (["guestbook"], [":v1", ":v2"]),
        (["guestbook"], ["=:v1"]),
        (["guestbook/web"], [":v1"]),
    ],
)
def test_an_ambiguous_command_line_is_refused(projects: list[str], images: list[str]) -> None:
    """Two images for the same, or none."""
    with pytest.raises(SettingsError):
        deploying.wanted(projects, images)


def test_the_way_back_counts_each_release_once_and_none_that_serves() -> None:
    """After v1, v2, v3 and back to v2, the one before is v3, and v1 the one before that."""
    known = served("1", "2", "3", "2")

    assert [release.digest[0] for release in releases.past(known)] == ["3", "1"]
    assert releases.find(known, "0").digest == "2" * 64
    assert releases.find(known, "2").digest == "1" * 64
    assert releases.find(known, "333").digest == "3" * 64


@pytest.mark.parametrize("text", ["3", "9", "", "f", "sha256:f"])
def test_a_release_that_there_is_not_is_refused(text: str) -> None:
    """By number or by digest."""
    with pytest.raises(SettingsError):
        releases.find(served("1", "2", "3"), text)


def test_what_serves_and_the_last_n_others_are_kept() -> None:
    """Each release once; one that went back and forth takes no place twice."""
    known = served("1", "2", "3", "4", "3", "5", "5")

    assert kept(known, 2) == [image("3"), image("4"), image("5")]
    assert kept(known, 0) == [image("5")]


def test_all_images_of_a_release_are_kept() -> None:
    """Also those of processes with a repository of their own."""
    pair = {"api": image("b", "journal-api")}
    known = ProjectReleases(
        serving=(Release(image=image("1"), slot=Slot.A),),
        history=(PastRelease(image=image("a"), images=pair, served_until=NOW),),
    )
    assert kept(known, 1) == sorted([image("1"), image("a"), image("b", "journal-api")])


def test_an_update_reaches_a_projects_own_resources_only() -> None:
    """Whatever is called alike: another project's name may begin like this one's."""
    parents = {
        f"{PREFIX}::flotilla:app:App::guestbook-web": "",
        f"{PREFIX}::flotilla:app:App$docker:index/service:Service::guestbook-web-1": "flotilla:app:App::guestbook-web",
        f"{PREFIX}::flotilla:app:App::guestbook-web-x": "",
        f"{PREFIX}::flotilla:app:App$docker:index/service:Service::guestbook-web-x-1": "flotilla:app:App::guestbook-web-x",
        f"{PREFIX}::flotilla:ingress:Site::guestbook": "",
        f"{PREFIX}::flotilla:compute:Server::guestbook": "",
    }
    rows = [{"urn": urn, "parent": f"{PREFIX}::{parent}" if parent else ""} for urn, parent in parents.items()]
    roots = release_targets.components(PREFIX, project("guestbook"))

    assert release_targets.owned(rows, roots) == set(list(parents)[:2])
    with_names = release_targets.components(PREFIX, project("guestbook"), with_names=True)
    assert f"{PREFIX}::flotilla:ingress:Site::guestbook" in release_targets.owned(rows, with_names)
    assert list(release_targets.missing(rows, PREFIX, project("guestbook"))) == []
    assert list(release_targets.missing([], PREFIX, project("guestbook"))) == ["web"]


def test_what_a_release_brings_is_named_with_its_digest() -> None:
    """A service for each process that runs on and a migration; a job and what has a fixed name are there already."""
    found = release_targets.arriving(PREFIX, project("ledger"), served("1").serving)

    assert sorted(urn.rpartition("::")[2] for urn in found) == [
        "ledger-api-11111111",
        "ledger-migration-11111111",
        "ledger-web-11111111",
        "ledger-worker-11111111",
    ]
    fixed = project("guestbook", strategy="recreate", database=None)
    assert release_targets.arriving(PREFIX, fixed, served("1").serving) == set()
    assert releases.stopping(fixed) == ["web"]
    assert fixed.strategy is Strategy.RECREATE


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    return subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a release file, and something else that is staged."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.com")
    git(tmp_path, "init", "--quiet")
    write_releases(releases_file(tmp_path, "staging"), with_release(Releases(), "guestbook", image("1"), at=NOW))
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "--quiet", "-m", "begin")
    (tmp_path / "other").write_text("somebody's work\n")
    git(tmp_path, "add", "other")
    return tmp_path


def changed(root: Path, digit: str = "2") -> releases.Change:
    before = load_releases(releases_file(root, "staging"))
    after = with_release(before, "guestbook", image(digit), at=NOW)
    return releases.Change(project="guestbook", before=before.projects.get("guestbook"), after=after.projects["guestbook"])


def test_a_change_is_one_commit_of_one_file(tree: Path) -> None:
    """What somebody has staged is not in it, and stays staged."""
    written = release_files.write(tree, "staging", [changed(tree)], "Deploy guestbook 22222222 on staging")

    assert written.commit == git(tree, "rev-parse", "HEAD").strip()
    assert git(tree, "show", "--name-only", "--format=%s", "HEAD").split("\n\n") == [
        "Deploy guestbook 22222222 on staging",
        "releases/staging.yaml\n",
    ]
    assert git(tree, "diff", "--cached", "--name-only") == "other\n"


def test_what_is_written_already_is_not_committed_twice(tree: Path) -> None:
    """The same command again completes what was cut off, and has nothing to write."""
    change = changed(tree)
    release_files.write(tree, "staging", [change], "once")
    again = release_files.write(tree, "staging", [change], "twice")

    assert (again.was_changed, again.commit) == (False, None)
    assert git(tree, "log", "--format=%s").split("\n")[0] == "once"


def test_a_file_written_but_not_committed_is_committed_by_the_next_run(tree: Path) -> None:
    """Killed between the two."""
    change = changed(tree)
    path = releases_file(tree, "staging")
    write_releases(path, change.applied_to(load_releases(path)))

    written = release_files.write(tree, "staging", [change], "Deploy")
    assert not written.was_changed
    assert written.commit


def test_what_failed_is_put_back_with_a_commit_of_its_own(tree: Path) -> None:
    """The file is as it was, to the byte, and what another project serves by now stays."""
    path = releases_file(tree, "staging")
    before, change = path.read_text(), changed(tree)
    release_files.write(tree, "staging", [change], "Deploy")
    back = release_files.put_back(tree, "staging", [change], 'Revert "Deploy"')

    assert path.read_text() == before
    assert back.commit
    assert git(tree, "log", "--format=%s").split("\n")[:2] == ['Revert "Deploy"', "Deploy"]


def test_a_project_that_was_changed_meanwhile_is_left_alone(tree: Path) -> None:
    """Somebody else's release is not overwritten."""
    mine = changed(tree, "2")
    release_files.write(tree, "staging", [changed(tree, "3")], "theirs")

    with pytest.raises(FlotillaError, match="meanwhile"):
        release_files.write(tree, "staging", [mine], "mine")
    assert load_releases(releases_file(tree, "staging")).projects["guestbook"].main.image == image("3")


def test_a_file_outside_of_version_control_is_only_written(tmp_path: Path) -> None:
    """As the sandbox's is."""
    assert release_files.write(tmp_path, "staging", [changed(tmp_path)], "x").commit is None
    assert load_releases(releases_file(tmp_path, "staging")).projects["guestbook"].main.image == image("2")


def test_git_that_refuses_is_one_error_with_its_words(tree: Path) -> None:
    """Such as a hook of the repository."""
    hook = tree / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho the tree is frozen >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(FlotillaError, match="the tree is frozen"):
        release_files.write(tree, "staging", [changed(tree)], "Deploy")


def test_settings_are_compared_by_their_dotted_path() -> None:
    """Lists are values."""
    assert flat({"a": {"b": 1, "c": [1, 2]}, "d": None}) == {"a.b": 1, "a.c": [1, 2], "d": None}
