"""
Tags, build contexts, and where packages come from.
"""

from __future__ import annotations

import shutil
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.errors import FlotillaError
from sandbox import images
from sandbox.images import apt, build, context


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the images' inputs that a test may change."""
    copy = tmp_path / "images"
    shutil.copytree(images.FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(images, "FOLDER", copy)
    images.tag.cache_clear()
    yield copy
    images.tag.cache_clear()


def _tags() -> dict[str, str]:
    images.tag.cache_clear()
    return {name: images.tag(name) for name in (images.BASE, images.MACHINE, images.REGISTRY, *images.PLATFORM)}


def test_tag_changes_with_any_input_of_the_image_and_only_with_those(folder: Path) -> None:
    """One byte in one file of an image gives that image a new tag, and no other one."""
    before = _tags()
    (folder / "machine" / "quiet-units").open("a").write("\n")
    after = _tags()
    assert {name for name in before if before[name] != after[name]} == {images.MACHINE}


def test_new_base_gives_every_image_a_new_tag(folder: Path) -> None:
    """What stands on the base is built again when the base is."""
    before = _tags()
    (folder / "base" / "Dockerfile").open("a").write("\n")
    after = _tags()
    assert not set(before.values()) & set(after.values())


def test_file_names_are_inputs(folder: Path) -> None:
    """The same content under another name is another image."""
    before = images.machine_image()
    (folder / "machine" / "quiet-units").rename(folder / "machine" / "quiet-unit")
    assert _tags()[images.MACHINE] != before


@pytest.mark.parametrize("name", [images.BASE, images.MACHINE, images.REGISTRY, *images.PLATFORM])
def test_context_holds_the_folder_and_nothing_of_its_owner(name: str) -> None:
    """Whoever has the checkout, and whatever their umask, Docker's cache sees the same files."""
    with tarfile.open(fileobj=context.pack(name)) as archive:
        entries = {entry.name: entry for entry in archive.getmembers()}
    assert "./Dockerfile" in entries or "Dockerfile" in entries
    assert {(entry.uid, entry.gid) for entry in entries.values()} == {(0, 0)}
    assert {entry.mode for entry in entries.values()} <= {0o644, 0o755}


def test_only_the_base_gets_the_machines_own_files() -> None:
    """Package sources and certificates of this machine enter the build once, and are nowhere in the repository."""
    with tarfile.open(fileobj=context.pack(images.BASE)) as archive:
        base = [entry.name for entry in archive.getmembers()]
    with tarfile.open(fileobj=context.pack(images.REGISTRY)) as archive:
        registry = [entry.name for entry in archive.getmembers()]
    assert any(name.startswith("host") for name in base)
    assert not any(name.startswith("host") for name in registry)


def test_quiet_units_is_a_shell_script_that_stops_on_errors() -> None:
    """A unit that cannot be switched off fails the build instead of a machine's boot."""
    text = (images.FOLDER / "machine" / "quiet-units").read_text()
    assert text.startswith("#!/bin/sh\n")
    assert "\nset -eu\n" in text


DEB822 = """\
Types: deb
# archive.example/snapshot
URIs: http://mirror.example/debian/
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main contrib
"""
DISABLED = "Types: deb\nEnabled: no\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\n"
SOURCES_ONLY = "Types: deb-src\nURIs: http://src.example/debian\nSuites: bookworm\nComponents: main\n"
VENDOR = "Types: deb\nURIs: https://download.example/linux/debian\nSuites: bookworm\nComponents: stable\n"
ONE_LINE = """\
# deb http://off.example/debian bookworm main
deb-src http://src.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # the nearest
deb http://mirror.example/debian-security bookworm-security main
"""
UBUNTU = "deb http://archive.example/ubuntu jammy main universe\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"sources.list.d/debian.sources": DEB822}, ("http://mirror.example/debian", "http://mirror.example/debian-security")),
        ({"sources.list": ONE_LINE}, ("http://mirror.example/debian", "http://mirror.example/debian-security")),
        ({"sources.list.d/x.list": ONE_LINE}, ("http://mirror.example/debian", "http://mirror.example/debian-security")),
        ({"sources.list.d/a.sources": "\n\n".join([DISABLED, SOURCES_ONLY, VENDOR])}, None),
        ({"sources.list": UBUNTU}, None),
        ({}, None),
    ],
)
def test_mirror_is_debians_own_archive_as_this_machine_has_it(
    tmp_path: Path, files: dict[str, str], expected: tuple[str, str] | None
) -> None:
    """Both forms of apt's sources are understood; disabled, source-only, vendors' and other distributions' do not count."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = apt.find_mirrors(tmp_path)
    assert (found and (found.archive, found.security)) == expected


def test_sources_for_the_build_are_of_the_images_suite() -> None:
    """Whatever release the machine runs, the images are made of theirs."""
    text = apt.sources(apt.Mirrors("http://mirror.example/debian", "http://mirror.example/debian-security"))
    assert "Suites: bookworm bookworm-updates\n" in text
    assert "Suites: bookworm-security\n" in text
    assert text.count("URIs: ") == 2
    assert apt.sources(apt.Mirrors("http://mirror.example/debian", None)).count("URIs: ") == 1


def test_docker_error_is_one_error_that_names_the_file_and_the_log(tmp_path: Path) -> None:
    """What Docker reports while it builds is in the log, and its own words are in the error."""
    log = tmp_path / "logs" / "docker.log"
    lines = [{"stream": "Step 1/2 : FROM x\n"}, {"errorDetail": {"code": 1}, "error": "no such file\n"}]
    with pytest.raises(FlotillaError, match=r"^images/x/Dockerfile: Docker says: no such file\. .*docker\.log"):
        build.follow(lines, log, "images/x/Dockerfile")
    assert log.read_text() == "Step 1/2 : FROM x\nno such file\n"


def test_progress_bars_stay_out_of_the_log(tmp_path: Path) -> None:
    """The log is for reading: one line per layer and state, and Docker's answers are returned."""
    log = tmp_path / "docker.log"
    lines = [
        {"id": "abc", "status": "Pushing", "progressDetail": {"current": 1, "total": 9}, "progress": "[>  ]"},
        {"id": "abc", "status": "Pushed", "progressDetail": {}},
        {"aux": {"Digest": "sha256:0"}},
    ]
    assert build.follow(lines, log, "x") == [{"Digest": "sha256:0"}]
    assert log.read_text() == "abc Pushed\n"


def test_executable_files_stay_executable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the owner's execute bit decides, so a umask of 077 and one of 022 give the same image."""
    monkeypatch.setattr(context, "FOLDER", folder)
    script = folder / "registry" / "script"
    script.write_text("#!/bin/sh\n")
    for mode in (0o700, 0o755):
        script.chmod(mode)
        with tarfile.open(fileobj=context.pack(images.REGISTRY)) as archive:
            entry = next(entry for entry in archive.getmembers() if entry.name.endswith("script"))
        assert stat.S_IMODE(entry.mode) == 0o755
