"""
The store: what it promises to the emulators about durability, order and concurrency.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.cloud.store import Store

KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from sandbox.cloud.store import Store
store = Store(Path(sys.argv[1]))
store.put("server", store.next_id("server"), {"name": "kept"})
with store.transaction():
    store.put("server", store.next_id("server"), {"name": "lost"})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_put_survives_a_restart(tmp_path: Path) -> None:
    """Another store on the same file has the same documents and goes on counting."""
    first = Store(tmp_path / "cloud.sqlite")
    assert first.put("server", first.next_id("server", first=100), {"name": "web", "labels": {"ü": None}}) == {
        "name": "web",
        "labels": {"ü": None},
    }
    first.close()
    second = Store(tmp_path / "cloud.sqlite")
    assert second.get("server", 100) == {"name": "web", "labels": {"ü": None}}
    assert second.next_id("server", first=100) == 101


def test_a_killed_process_leaves_only_what_it_finished(tmp_path: Path) -> None:
    """After kill -9 in the middle of a transaction, the put before it is there and the open one is not."""
    path = tmp_path / "cloud.sqlite"
    ended = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(path)], check=False, timeout=30)
    assert ended.returncode == -signal.SIGKILL
    assert Store(path).list("server") == [{"name": "kept"}]


def test_a_document_is_replaced_whole(store: Store) -> None:
    """Put does not merge."""
    store.put("server", 1, {"name": "web", "status": "running"})
    store.put("server", 1, {"name": "web"})
    assert store.get("server", 1) == {"name": "web"}


def test_what_get_returns_is_a_copy(store: Store) -> None:
    """Changing an answer does not change the store."""
    store.put("server", 1, {"labels": {}})
    (store.get("server", 1) or {})["labels"]["role"] = "web"
    assert store.get("server", 1) == {"labels": {}}


def test_kinds_are_apart(store: Store) -> None:
    """The same id in two kinds is two documents with two counters."""
    store.put("server", 1, {"name": "web"})
    assert store.get("volume", 1) is None
    assert store.list("volume") == []
    assert [store.next_id("server"), store.next_id("volume"), store.next_id("server")] == [1, 1, 2]


def test_lists_are_in_numeric_order(store: Store) -> None:
    """Ten comes after nine."""
    for number in (10, 9, 100, 1):
        store.put("server", number, {"id": number})
    assert [document["id"] for document in store.list("server")] == [1, 9, 10, 100]


def test_a_deleted_document_is_gone_and_its_number_is_not_given_again(store: Store) -> None:
    """Deleting twice is no error, and next_id never goes back."""
    number = store.next_id("server")
    store.put("server", number, {})
    store.delete("server", number)
    store.delete("server", number)
    assert store.get("server", number) is None
    assert store.next_id("server") == number + 1


def test_a_transaction_that_fails_changes_nothing(store: Store) -> None:
    """Puts, deletes and counters all go back."""
    store.put("server", 1, {"name": "web"})
    with pytest.raises(ValueError, match="stop"), store.transaction():
        store.put("server", 2, {})
        store.delete("server", 1)
        store.next_id("volume")
        raise ValueError("stop")
    assert store.list("server") == [{"name": "web"}]
    assert store.next_id("volume") == 1


def test_the_outermost_transaction_decides(store: Store) -> None:
    """What an inner block finished goes back with the outer one; an inner error that the outer one handles does not."""
    with pytest.raises(ValueError, match="outer"), store.transaction():
        with store.transaction():
            store.put("server", 1, {})
        raise ValueError("outer")
    assert store.list("server") == []
    with store.transaction():
        store.put("server", 1, {"name": "kept"})
        with pytest.raises(ValueError, match="inner"), store.transaction():
            raise ValueError("inner")
    assert store.list("server") == [{"name": "kept"}]


def test_an_unstorable_document_is_refused_and_nothing_is_left_open(store: Store) -> None:
    """What JSON cannot express raises, and the next write is durable."""
    with pytest.raises(TypeError):
        store.put("server", 1, {"name": object()})
    store.put("server", 2, {})
    assert store.list("server") == [{}]


def test_a_full_disk_is_reported_and_overcome(tmp_path: Path) -> None:
    """The error is the one about the disk; when there is room again, writes are durable again."""
    path = tmp_path / "cloud.sqlite"
    store = Store(path)
    store._connection.execute("PRAGMA cache_size=1")
    store._connection.execute("PRAGMA max_page_count=10")
    with pytest.raises(sqlite3.OperationalError, match="full"), store.transaction():
        for number in range(200):
            store.put("server", number, {"text": "x" * 2000})
    store._connection.execute("PRAGMA max_page_count=100000")
    store.put("server", 1, {"name": "web"})
    assert Store(path).list("server") == [{"name": "web"}]


def test_threads_never_get_the_same_number(store: Store) -> None:
    """Eight threads that count at once get every number once."""
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: store.next_id("server"), range(200)))
    assert sorted(numbers) == list(range(1, 201))


def test_processes_never_get_the_same_number(tmp_path: Path) -> None:
    """Two processes on one file count together."""
    path = tmp_path / "cloud.sqlite"
    Store(path).close()
    count = (
        "import json,sys,pathlib; from sandbox.cloud.store import Store; s = Store(pathlib.Path(sys.argv[1])); "
        "print(json.dumps([s.next_id('server') for _ in range(50)]))"
    )
    running = [subprocess.Popen([sys.executable, "-c", count, str(path)], stdout=subprocess.PIPE) for _ in range(2)]
    numbers = [number for process in running for number in json.loads(process.communicate(timeout=30)[0])]
    assert sorted(numbers) == list(range(1, 101))


def test_a_reader_never_sees_half_a_transaction(store: Store) -> None:
    """Two documents that change together are always read equal."""
    pair = ("a", "b")
    for name in pair:
        store.put("pair", name, {"value": 0})
    is_done = threading.Event()

    def write() -> None:
        for value in range(1, 60):
            with store.transaction():
                for name in pair:
                    store.put("pair", name, {"value": value})
        is_done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = []
    while not is_done.is_set():
        seen.append([document["value"] for document in store.list("pair")])
    writer.join()
    assert all(first == second for first, second in seen)
