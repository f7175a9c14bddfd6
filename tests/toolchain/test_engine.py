"""
The order in which an engine is looked for, and what is passed over.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ops.errors import MissingToolError, RefusedError
from toolchain import engine, go_build, release
from toolchain.cache import Cache
from toolchain.engine import Engine, Origin
from toolchain.version import ENGINE_VERSION

NOWHERE = {release.RELEASES_VARIABLE: "http://127.0.0.1:9"}


def put(folder: Path, name: str, text: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def install_pulumi(folder: Path, version: str = ENGINE_VERSION) -> Path:
    put(folder, "pulumi", f"echo v{version}")
    put(folder, "pulumi-language-python")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def path_of(*folders: Path) -> dict[str, str]:
    return {"PATH": os.pathsep.join(map(str, folders)), **NOWHERE}


def test_a_supported_pulumi_on_path_is_used_as_it_is(tmp_path: Path, cache: Cache) -> None:
    """
    Neither the cache nor the network is looked at: both would have another one.
    """
    folder = install_pulumi(tmp_path / "bin", "3.300.1")
    (cache.root / f"go-{go_build.key()}").mkdir(parents=True)
    assert engine.provide(cache, path_of(folder)) == Engine(Origin.PATH, "3.300.1", folder)


def test_a_pulumi_without_its_language_host_is_passed_over(tmp_path: Path) -> None:
    """
    It could not run a Python program.
    """
    put(tmp_path / "bin", "pulumi", f"echo v{ENGINE_VERSION}")
    assert engine.on_path(path_of(tmp_path / "bin")) is None


def test_the_language_host_may_lie_elsewhere_on_path_or_beside_the_real_file(tmp_path: Path) -> None:
    """
    Package managers link pulumi from one folder into another.
    """
    real = install_pulumi(tmp_path / "cellar")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(real / "pulumi")
    assert engine.on_path(path_of(tmp_path / "bin")) == Engine(Origin.PATH, ENGINE_VERSION, tmp_path / "bin")
    put(tmp_path / "one", "pulumi", f"echo v{ENGINE_VERSION}")
    put(tmp_path / "two", "pulumi-language-python")
    assert engine.on_path(path_of(tmp_path / "one", tmp_path / "two")) is not None


def test_what_a_checkout_made_is_not_the_users_own(tmp_path: Path) -> None:
    """
    After `. ./env.sh` the checkout's own folder is first on PATH, perhaps another checkout's: they depend on that checkout.
    """
    mine = install_pulumi(tmp_path / "one" / ".flotilla" / "toolchain" / "bin")
    theirs = install_pulumi(tmp_path / "two" / ".flotilla" / "toolchain" / "bin")
    assert engine.on_path(path_of(mine, theirs)) is None
    own = install_pulumi(tmp_path / "bin")
    assert engine.on_path(path_of(mine, theirs, own)) == Engine(Origin.PATH, ENGINE_VERSION, own)


@pytest.mark.parametrize(
    ("version", "is_supported"),
    [
        (ENGINE_VERSION, True),
        ("3.259.1", True),
        ("3.1000.0", True),
        ("3.300.0-alpha.1", True),
        ("3.258.9", False),
        ("3.9.0", False),
        ("4.0.0", False),
        ("2.300.0", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_versions_are_compared_as_numbers(version: str, is_supported: bool) -> None:
    """
    The same major version as the SDK's, from the pinned one on.
    """
    assert engine.is_supported(version) is is_supported


def test_an_unsupported_pulumi_is_passed_over(tmp_path: Path, cache: Cache) -> None:
    """
    It stays where it is, and the cached engine is used.
    """
    folder = install_pulumi(tmp_path / "bin", "3.100.0")
    made = cache.make(f"go-{go_build.key()}", lambda draft: put(draft, "pulumi"))
    assert engine.provide(cache, path_of(folder)) == Engine(Origin.GO, ENGINE_VERSION, made)


def test_a_cached_release_comes_before_a_cached_build(cache: Cache) -> None:
    """
    Both are complete; the official one is preferred.
    """
    cache.make(f"go-{go_build.key()}", lambda draft: put(draft, "pulumi"))
    name = engine.cache_name(Origin.RELEASE)
    assert name is not None
    made = cache.make(name, lambda draft: put(draft, "pulumi"))
    assert engine.provide(cache, path_of()) == Engine(Origin.RELEASE, ENGINE_VERSION, made)


def test_without_any_source_the_error_says_why_each_failed(tmp_path: Path, cache: Cache) -> None:
    """
    No pulumi, no network, no Go: exit code 7, and what to install.
    """
    with pytest.raises(MissingToolError) as error:
        engine.provide(cache, path_of(tmp_path))
    text = str(error.value)
    assert "Connection refused" in text
    assert "Go is not on PATH" in text
    assert ENGINE_VERSION in text
    assert error.value.exit_code == 7


def test_an_old_go_is_named_with_the_version_that_is_needed(tmp_path: Path) -> None:
    """
    A Go that cannot build it is not even tried.
    """
    put(tmp_path, "go", "echo go1.21.5")
    assert go_build.why_not(path_of(tmp_path)) == f"Go 1.21.5 is older than {go_build.needed_go()}"
    put(tmp_path, "go", f"echo go{go_build.needed_go()}")
    assert go_build.why_not(path_of(tmp_path)) is None


def test_a_changed_archive_stops_everything(cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """
    It is never silently replaced by the Go build: somebody has to look.
    """
    put(tmp_path, "go", f"echo go{go_build.needed_go()}; touch {tmp_path}/built")

    def refuse(url: str, sha256: str, folder: Path) -> None:
        raise RefusedError("changed")

    monkeypatch.setattr(release, "install", refuse)
    with pytest.raises(RefusedError):
        engine.provide(cache, path_of(tmp_path))
    assert not (tmp_path / "built").exists()
    assert engine.cached(cache) is None


def test_the_key_of_a_build_changes_with_what_it_is_built_from(tmp_path: Path) -> None:
    """
    A new pin builds a new engine; the same pins find the old one.
    """
    (tmp_path / "go.mod").write_text("module a\n")
    (tmp_path / "go.sum").write_text("x\n")
    first = go_build.key(tmp_path)
    assert go_build.key(tmp_path) == first
    (tmp_path / "go.sum").write_text("y\n")
    assert go_build.key(tmp_path) != first


def test_a_failed_build_says_what_go_said_and_keeps_nothing(tmp_path: Path, cache: Cache) -> None:
    """
    The next try starts from nothing half-made.
    """
    script = f'[ "$1" = env ] && echo go{go_build.needed_go()} && exit 0\necho "disk is full" >&2; exit 1'
    put(tmp_path / "bin", "go", script)
    monkey = {**path_of(tmp_path / "bin", Path("/usr/bin"), Path("/bin"))}
    with pytest.raises(Exception, match="disk is full"):
        cache.make("go-x", lambda draft: go_build.build(draft, monkey))
    assert [path.name for path in cache.root.iterdir()] == [".go-x.lock"]
