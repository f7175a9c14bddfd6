"""
The cache of engines: made once, complete or not there.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from toolchain.cache import Cache


def test_two_checkouts_at_once_make_it_once(tmp_path: Path) -> None:
    """
    The second waits for the first and uses what it made.
    """
    cache = Cache(tmp_path / "cache")
    made: list[Path] = []

    def fill(draft: Path) -> None:
        made.append(draft)
        time.sleep(0.2)
        (draft / "pulumi").write_text("engine")

    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(cache.make("engine", fill))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert found == [cache.root / "engine"] * 4
    assert (cache.root / "engine" / "pulumi").read_text() == "engine"


def test_nothing_is_there_until_it_is_complete(tmp_path: Path) -> None:
    """
    Whoever looks while it is being made, or after it failed, finds nothing.
    """
    cache = Cache(tmp_path / "cache")

    def fail(draft: Path) -> None:
        (draft / "half").write_text("")
        assert cache.get("engine") is None
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        cache.make("engine", fail)
    assert cache.get("engine") is None
    assert not list(cache.root.glob("*making*"))


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    """
    Leftovers of the same name go; those of another name may still be in the making.
    """
    cache = Cache(tmp_path / "cache")
    for name in (".engine.making-dead", ".other.making-busy"):
        (cache.root / name).mkdir(parents=True)
    cache.make("engine", lambda draft: None)
    assert sorted(path.name for path in cache.root.iterdir() if path.is_dir()) == [".other.making-busy", "engine"]


def test_the_folder_follows_the_users_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    $XDG_CACHE_HOME, else ~/.cache.
    """
    monkeypatch.setenv("HOME", "/home/somebody")
    assert Cache.of_user({"XDG_CACHE_HOME": str(tmp_path)}).root == tmp_path / "flotilla" / "engine"
    assert Cache.of_user({}).root == Path("/home/somebody/.cache/flotilla/engine")
