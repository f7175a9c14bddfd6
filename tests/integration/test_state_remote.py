"""
Remote state as docs/state.md describes it: on a real S3-compatible server, with the real engine.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.remote_state import Checkout, ObjectStorage, key_service, object_storage

PATIENCE_S = 30.0


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[ObjectStorage]:
    """
    An empty bucket.
    """
    (tmp_path / "s3").mkdir()
    with object_storage(tmp_path / "s3") as served:
        yield served


@pytest.fixture
def token() -> str:
    """
    A secret that must not be found anywhere.
    """
    return secrets.token_hex(16)


@pytest.fixture
def alice(tmp_path: Path, bucket: ObjectStorage, token: str) -> Checkout:
    """
    The one who made the stack `production` in the bucket.
    """
    made = Checkout.make(tmp_path / "alice", bucket.url, **bucket.login)
    made.pulumi("stack", "init", "production")
    made.pulumi("config", "set", "--secret", "token", "--stack", "production", given=token)
    return made


def colleague(alice: Checkout, folder: Path) -> Checkout:
    """
    Somebody else's clone of the same project: what is committed, and nothing of alice's home.
    """
    made = Checkout(folder, {**alice.environment, "HOME": str(folder), "PULUMI_HOME": str(folder / ".home")})
    folder.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.production.yaml", "__main__.py"):
        shutil.copy(alice.folder / name, folder / name)
    return made


def wait_for(path: Path) -> None:
    """
    Until the program has come as far as to make this file.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.02)


def test_a_second_checkout_sees_what_the_first_did(alice: Checkout, bucket: ObjectStorage, token: str, tmp_path: Path) -> None:
    """The state is shared, its secrets too for who has the passphrase, and nothing in the bucket is a secret in plain text."""
    alice.up()
    bob = colleague(alice, tmp_path / "bob")
    assert bob.outputs() == {"plain": "here", "token": token}
    bob.pulumi("preview", "--expect-no-changes", "--stack", "production")
    assert b"organization/probe/production" in bucket.everything()
    assert token.encode() not in bucket.everything()
    assert token not in (alice.folder / "Pulumi.production.yaml").read_text()


def test_a_wrong_key_opens_nothing(alice: Checkout) -> None:
    """The storage checks signatures, and the engine says so instead of beginning anew."""
    stranger = Checkout(alice.folder, {**alice.environment, "AWS_SECRET_ACCESS_KEY": "guessed"})
    refused = stranger.pulumi("stack", "ls", check=False)
    assert refused.returncode != 0
    assert "SignatureDoesNotMatch" in refused.stderr


def test_a_wrong_passphrase_opens_nothing(alice: Checkout, token: str) -> None:
    """Who may read the bucket still cannot read a secret, nor change the stack."""
    alice.up()
    stranger = Checkout(alice.folder, {**alice.environment, "PULUMI_CONFIG_PASSPHRASE": "guessed"})
    for command in (["stack", "output", "--json", "--show-secrets"], ["up", "--yes", "--skip-preview"]):
        refused = stranger.pulumi(*command, "--stack", "production", check=False)
        assert refused.returncode != 0
        assert "incorrect passphrase" in refused.stderr + refused.stdout
        assert token not in refused.stdout + refused.stderr


def test_two_updates_at_once_are_refused_and_a_dead_ones_lock_can_be_lifted(alice: Checkout, tmp_path: Path) -> None:
    """The second is told who holds the stack since when; after `kill -9` the lock stays until `pulumi cancel`."""
    alice.pulumi("config", "set", "gate", str(tmp_path / "gate"), "--stack", "production")
    running = alice.start("up", "--yes", "--skip-preview", "--stack", "production")
    try:
        wait_for(alice.folder / "running")
        bob = colleague(alice, tmp_path / "bob")
        refused = bob.pulumi("up", "--yes", "--skip-preview", "--stack", "production", check=False)
        assert refused.returncode != 0
        assert "currently locked by 1 lock(s)" in refused.stderr
        assert f"(pid {running.pid})" in refused.stderr
        assert not (bob.folder / "running").exists()
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait(PATIENCE_S)
    (tmp_path / "gate").touch()
    assert bob.pulumi("up", "--yes", "--skip-preview", "--stack", "production", check=False).returncode != 0
    bob.pulumi("cancel", "--yes", "--stack", "production")
    bob.up()
    assert bob.outputs()["plain"] == "here"


def test_a_stack_moves_from_a_file_backend_and_back(alice: Checkout, bucket: ObjectStorage, token: str, tmp_path: Path) -> None:
    """Export and import carry everything, secrets still encrypted on the way; the engine then finds nothing to change."""
    alice.up()
    (tmp_path / "files").mkdir()
    local = Checkout(alice.folder, {**alice.environment, "PULUMI_BACKEND_URL": f"file://{tmp_path}/files"})
    alice.pulumi("stack", "export", "--stack", "production", "--file", str(tmp_path / "there.json"))
    local.pulumi("stack", "init", "production")
    local.pulumi("stack", "import", "--stack", "production", "--file", str(tmp_path / "there.json"))
    local.pulumi("preview", "--expect-no-changes", "--stack", "production")
    assert local.outputs() == {"plain": "here", "token": token}
    assert token not in (tmp_path / "there.json").read_text()

    alice.pulumi("stack", "rm", "production", "--yes", "--force", "--preserve-config")
    local.pulumi("stack", "export", "--stack", "production", "--file", str(tmp_path / "back.json"))
    alice.pulumi("stack", "init", "production")
    alice.pulumi("stack", "import", "--stack", "production", "--file", str(tmp_path / "back.json"))
    alice.pulumi("preview", "--expect-no-changes", "--stack", "production")
    assert alice.outputs() == {"plain": "here", "token": token}


def test_a_lost_bucket_is_restored_from_an_export(alice: Checkout, bucket: ObjectStorage, token: str, tmp_path: Path) -> None:
    """What `pulumi stack export` has written and the committed stack file are enough."""
    alice.up()
    alice.pulumi("stack", "export", "--stack", "production", "--file", str(tmp_path / "backup.json"))
    shutil.rmtree(bucket.data / "state" / ".pulumi")
    bob = colleague(alice, tmp_path / "bob")
    assert bob.pulumi("stack", "output", "--stack", "production", check=False).returncode != 0
    bob.pulumi("stack", "init", "production")
    bob.pulumi("stack", "import", "--stack", "production", "--file", str(tmp_path / "backup.json"))
    bob.pulumi("preview", "--expect-no-changes", "--stack", "production")
    assert bob.outputs() == {"plain": "here", "token": token}


def test_the_passphrase_changes_for_state_and_settings_at_once(alice: Checkout, bucket: ObjectStorage, token: str) -> None:
    """The new one opens both, the old one neither."""
    alice.up()
    alice.pulumi("stack", "change-secrets-provider", "passphrase", "--stack", "production", given="battery\nbattery\n")
    renewed = Checkout(alice.folder, {**alice.environment, "PULUMI_CONFIG_PASSPHRASE": "battery"})
    assert renewed.outputs()["token"] == token
    assert renewed.pulumi("config", "get", "token", "--stack", "production").stdout.strip() == token
    assert alice.pulumi("config", "get", "token", "--stack", "production", check=False).returncode != 0
    assert token.encode() not in bucket.everything()


def test_a_key_service_takes_the_passphrases_place(alice: Checkout, bucket: ObjectStorage, token: str, tmp_path: Path) -> None:
    """With a stack's own provider nobody needs a passphrase; without the service nothing is opened."""
    alice.up()
    with key_service() as address:
        service = {"VAULT_SERVER_URL": address, "VAULT_SERVER_TOKEN": "t", "VAULT_ADDR": address, "VAULT_TOKEN": "t"}
        migrating = Checkout(alice.folder, {**alice.environment, **service})
        migrating.pulumi("stack", "change-secrets-provider", "hashivault://flotilla", "--stack", "production")
        bob = colleague(migrating, tmp_path / "bob")
        del bob.environment["PULUMI_CONFIG_PASSPHRASE"]
        assert bob.outputs()["token"] == token
        bob.pulumi("preview", "--expect-no-changes", "--stack", "production")
        text = (alice.folder / "Pulumi.production.yaml").read_text()
        assert "secretsprovider: hashivault://flotilla" in text
        assert "encryptionsalt" not in text
    assert token.encode() not in bucket.everything()
    refused = bob.pulumi("stack", "output", "token", "--show-secrets", "--stack", "production", check=False)
    assert refused.returncode != 0
    assert token not in refused.stdout + refused.stderr
