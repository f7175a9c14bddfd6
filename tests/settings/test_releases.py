"""
The releases file: what changes when something new is served, and how it is written.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.errors import SettingsError
from settings.releases import (
    PastRelease,
    ProjectReleases,
    Release,
    Releases,
    load_releases,
    releases_file,
    render_releases,
    with_platform,
    with_release,
    write_releases,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def image(number: int) -> str:
    return f"registry.flotilla.test:5000/guestbook@sha256:{number:08x}{'0' * 56}"


def serve(*numbers: int) -> Releases:
    """Releases after these images were served one after the other, an hour apart."""
    releases = Releases()
    for hour, number in enumerate(numbers):
        releases = with_release(releases, "guestbook", image(number), at=NOON + timedelta(hours=hour))
    return releases


def test_first_release_takes_slot_a() -> None:
    """The first release of a project has slot `a` and all of the traffic."""
    [release] = serve(1).projects["guestbook"].serving
    assert (release.image, release.slot, release.weight) == (image(1), "a", 100)
    assert (release.digest[:8], release.short_digest) == ("00000001", "00000001")


def test_next_release_takes_the_free_slot() -> None:
    """Slots alternate, and what was served before is in the history, newest first, with the time of the change."""
    project = serve(1, 2, 3).projects["guestbook"]
    assert [(release.image, release.slot) for release in project.serving] == [(image(3), "a")]
    assert [(past.image, past.served_until - NOON) for past in project.history] == [
        (image(2), timedelta(hours=2)),
        (image(1), timedelta(hours=1)),
    ]


def test_same_image_again_changes_nothing() -> None:
    """Serving what is served already is no change at all."""
    releases = serve(1, 2)
    assert with_release(releases, "guestbook", image(2)) is releases


def test_rollback_is_a_release_too() -> None:
    """An image from the history can be served again; the history keeps what happened."""
    project = serve(1, 2, 1).projects["guestbook"]
    assert project.main.image == image(1)
    assert [past.image for past in project.history] == [image(2), image(1)]


def test_history_is_bounded() -> None:
    """The history holds the newest 20."""
    history = serve(*range(1, 31)).projects["guestbook"].history
    assert [past.image for past in history] == [image(number) for number in range(29, 9, -1)]


def split(main: int, canary: int) -> Releases:
    serving = (Release(image=image(main), slot="a", weight=90), Release(image=image(canary), slot="b", weight=10))
    return Releases(projects={"guestbook": ProjectReleases(serving=serving)})


def test_promotion_keeps_the_slot() -> None:
    """When one of two releases takes all of the traffic it stays where it runs, and the other goes into the history."""
    project = with_release(split(1, 2), "guestbook", image(2), at=NOON).projects["guestbook"]
    assert [(release.image, release.slot, release.weight) for release in project.serving] == [(image(2), "b", 100)]
    assert project.history == (PastRelease(image=image(1), served_until=NOON),)


def test_third_release_takes_the_canarys_slot() -> None:
    """A new image while traffic is split takes the slot that the main release does not have; both others are history."""
    project = with_release(split(1, 2), "guestbook", image(3), at=NOON).projects["guestbook"]
    assert [(release.image, release.slot) for release in project.serving] == [(image(3), "b")]
    assert [past.image for past in project.history] == [image(1), image(2)]


def test_several_images_are_one_release() -> None:
    """With images of several processes, another one of any of them is another release, with a name and a slot of its own."""
    first = with_release(Releases(), "guestbook", image(1), images={"api": image(5)}, at=NOON)
    same = with_release(first, "guestbook", image(1), images={"api": image(5)})
    second = with_release(first, "guestbook", image(1), images={"api": image(6)}, at=NOON)
    [old], [new] = first.projects["guestbook"].serving, second.projects["guestbook"].serving
    assert same is first
    assert (old.slot, new.slot, old.short_digest == new.short_digest) == ("a", "b", False)
    assert (new.image_of("api"), new.image_of("web"), new.image_of("worker")) == (image(6), image(1), image(1))
    assert second.projects["guestbook"].history == (PastRelease(image=image(1), images={"api": image(5)}, served_until=NOON),)


def test_name_of_several_images_is_stable() -> None:
    """The order of processes does not matter to a release's name, and a process that changes its name does."""
    one = Release(image=image(1), images={"api": image(5), "jobs": image(6)}, slot="a")
    other = Release(image=image(1), images={"jobs": image(6), "api": image(5)}, slot="b")
    renamed = Release(image=image(1), images={"apis": image(5), "jobs": image(6)}, slot="a")
    assert one.short_digest == other.short_digest != renamed.short_digest
    assert one.short_digest == "350e90e5"


def test_image_of_a_process_without_digest_is_refused() -> None:
    """Images of processes need their digests too, and the process is named."""
    with pytest.raises(SettingsError, match=r"release: images\.api: 'shop:latest' is not an image with its digest"):
        with_release(Releases(), "guestbook", image(1), images={"api": "shop:latest"})


def test_several_images_are_written_and_read(tmp_path: Path) -> None:
    """The file has the images of processes where there are any, and no empty block where there are none."""
    releases = with_release(serve(1), "guestbook", image(1), images={"api": image(5)}, at=NOON)
    path = releases_file(tmp_path, "local")
    write_releases(path, releases)
    assert load_releases(path) == releases
    assert render_releases(releases).count("images:") == 1


def test_other_projects_are_left_alone() -> None:
    """A release of one project changes nothing of another one, nor of the ingress."""
    before = with_platform(serve(1), image(8), image(9))
    after = with_release(before, "shop", image(5), at=NOON)
    assert after.projects["guestbook"] == before.projects["guestbook"]
    assert after.platform == before.platform
    assert before.projects.keys() == {"guestbook"}


@pytest.mark.parametrize(
    "wrong", ["", "guestbook:latest", "registry.flotilla.test:5000/guestbook:1", image(1)[:-1], image(1) + "\n"]
)
def test_image_without_digest_is_refused(wrong: str) -> None:
    """Only an image with its digest can be served."""
    with pytest.raises(SettingsError, match="is not an image with its digest"):
        with_release(Releases(), "guestbook", wrong)


images = st.integers(min_value=0, max_value=9)
histories = st.lists(st.tuples(st.sampled_from(["guestbook", "shop"]), images), max_size=30)


@given(histories)
@settings(deadline=None, max_examples=60)
def test_written_releases_read_back(tmp_path_factory: pytest.TempPathFactory, served: list[tuple[str, int]]) -> None:
    """Whatever is served in whatever order gives a valid file that reads back the same, and the same text twice."""
    releases = with_platform(Releases(), image(100), image(101))
    for hour, (project, number) in enumerate(served):
        releases = with_release(releases, project, image(number), at=NOON + timedelta(hours=hour))
    path = tmp_path_factory.mktemp("releases") / "local.yaml"
    write_releases(path, releases)
    first = path.read_bytes()
    again = load_releases(path)
    write_releases(path, again)
    assert again == releases
    assert path.read_bytes() == first


def test_file_is_for_people(tmp_path: Path) -> None:
    """The file says what it is, and has projects by name, one key per line."""
    releases = with_release(serve(1), "aaa", image(2))
    lines = render_releases(releases).splitlines()
    assert lines[0].startswith("# Which image of each project this environment serves.")
    assert [line for line in lines if line in ("  aaa:", "  guestbook:")] == ["  aaa:", "  guestbook:"]
    assert f"    - image: {image(1)}" in lines


def test_file_and_folder_appear(tmp_path: Path) -> None:
    """The first write makes the folder, leaves nothing beside the file, and lets everybody read it."""
    path = releases_file(tmp_path / "new", "local")
    write_releases(path, serve(1))
    assert path == tmp_path / "new" / "releases" / "local.yaml"
    assert [entry.name for entry in path.parent.iterdir()] == ["local.yaml"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk fails while writing, the old file is as it was and nothing is left beside it."""
    path = tmp_path / "local.yaml"
    write_releases(path, serve(1))
    before = path.read_bytes()

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_releases(path, serve(1, 2))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["local.yaml"]


def test_missing_file_is_no_releases(tmp_path: Path) -> None:
    """Before the first release there is no file, and nothing is served."""
    assert load_releases(tmp_path / "local.yaml") == Releases()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "releases/local.yaml: the file is empty."),
        (b"projects: {a: {serving: []}}", "releases/local.yaml:1: projects.a.serving: this is empty."),
    ],
)
def test_damaged_file_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """A damaged file is an error, never taken for an empty one."""
    path = releases_file(tmp_path, "local")
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        load_releases(path)
    assert str(raised.value).startswith(said)
