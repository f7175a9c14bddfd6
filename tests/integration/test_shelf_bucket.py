"""
Lock and history in a bucket, on an S3-compatible server that checks signatures and conditions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import history, lock, shelf
from ops.errors import MissingToolError
from tests.integration.remote_state import ObjectStorage, object_storage


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStorage]:
    """An empty bucket."""
    with object_storage(tmp_path_factory.mktemp("storage")) as served:
        yield served


def bucket(storage: ObjectStorage, stack: str) -> shelf.Shelf:
    """
    The shelf of a stack whose state is in the bucket.
    """
    return shelf.of(Path("/"), stack, {"PULUMI_BACKEND_URL": storage.url, **storage.login})


def test_a_change_is_a_comparison(storage: ObjectStorage) -> None:
    """Who compares with what is not there any more changes nothing."""
    kept = bucket(storage, "swap")

    assert kept.read("file") is None
    assert kept.swap("file", None, b"one")
    assert not kept.swap("file", None, b"other")
    assert not kept.swap("file", b"other", b"two")
    assert kept.swap("file", b"one", b"two")
    assert kept.read("file") == b"two"
    assert not kept.swap("file", b"one", None)
    assert kept.swap("file", b"two", None)
    assert kept.read("file") is None


def test_the_store_itself_compares(storage: ObjectStorage) -> None:
    """Two who both saw the same before cannot both write: the second one's condition does not hold any more."""
    kept = bucket(storage, "condition")
    assert isinstance(kept, shelf.Bucket)
    key = f"{kept.prefix}/file"
    assert kept._ask("put_object", Key=key, Body=b"one", IfNoneMatch="*") is not None
    assert kept._ask("put_object", Key=key, Body=b"two", IfNoneMatch="*") is None
    tag = kept._get("file")[1]
    assert kept._ask("put_object", Key=key, Body=b"three", IfMatch=tag) is not None
    assert kept._ask("put_object", Key=key, Body=b"four", IfMatch=tag) is None
    assert kept.read("file") == b"three"


def test_a_history_of_several_writers_is_whole(storage: ObjectStorage) -> None:
    """
    Four writers in turn, ten lines each, all in one chain. (At once they cannot be tried here: this server, unlike S3, lets a
    reader see half of a write.)
    """
    writers = [bucket(storage, "history") for _ in range(4)]
    for number in range(40):
        history.append(writers[number % 4], {"event": "begun", "what": f"{number}"})

    assert history.verify(writers[0]) == []
    assert [line["what"] for line in history.read(writers[1])] == [f"{number}" for number in range(40)]


def test_the_lock_is_one_for_all(storage: ObjectStorage) -> None:
    """Whoever comes second is told who is first."""
    with (
        lock.held(bucket(storage, "lock"), "production", lock.Holder.here("apply", "Apply a plan")),
        pytest.raises(lock.LockedError, match="Apply a plan"),
        lock.held(bucket(storage, "lock"), "production", lock.Holder.here("deploy", "Deploy")),
    ):
        pass
    assert lock.holder(bucket(storage, "lock")) is None


def test_wrong_credentials_are_one_error(storage: ObjectStorage) -> None:
    """Nothing is done without a lock."""
    known = {"PULUMI_BACKEND_URL": storage.url, **storage.login, "AWS_SECRET_ACCESS_KEY": "wrong"}
    with pytest.raises(MissingToolError, match=r"it answers SignatureDoesNotMatch\. .* nothing more was done"):
        shelf.of(Path("/"), "production", known).read("lock")


def test_a_store_that_is_not_there_is_one_error(storage: ObjectStorage) -> None:
    """The address is wrong, or the network is down."""
    address = "s3://state?endpoint=http://127.0.0.1:9&use_path_style=true&region=hel1"
    with pytest.raises(MissingToolError, match="it does not answer"):
        shelf.of(Path("/"), "production", {"PULUMI_BACKEND_URL": address, **storage.login}).read("lock")
