"""
Tokens and the SSH key.
"""

from __future__ import annotations

import subprocess

import pytest

from sandbox import credentials, private_files
from sandbox.instance import Instance, identity


def test_tokens_have_the_lengths_that_the_official_plugins_insist_on(instance: Instance) -> None:
    """64 characters for Hetzner Cloud, 40 for Cloudflare, letters and digits only."""
    credentials.ensure(instance)
    hcloud, cloudflare = instance.hcloud_token_file.read_text(), instance.cloudflare_token_file.read_text()
    assert (len(hcloud), len(cloudflare)) == (64, 40)
    assert hcloud.isalnum() and cloudflare.isalnum()


def test_secrets_are_closed_to_others_and_kept(instance: Instance) -> None:
    """Files are readable by their owner only, and a second run keeps what the first one made."""
    credentials.ensure(instance)
    files = [instance.hcloud_token_file, instance.cloudflare_token_file, instance.ssh_key]
    before = [path.read_bytes() for path in files]
    credentials.ensure(instance)
    assert [path.read_bytes() for path in files] == before
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in files} == {0o700}


def test_no_two_instances_share_a_secret(instance: Instance) -> None:
    """Each instance makes its own."""
    folder = instance.checkout / "other"
    folder.mkdir()
    other = Instance(identity(folder), folder, 252)
    for each in (instance, other):
        credentials.ensure(each)
    assert instance.hcloud_token_file.read_text() != other.hcloud_token_file.read_text()
    assert instance.ssh_key.read_text() != other.ssh_key.read_text()


def test_openssh_reads_the_key(instance: Instance) -> None:
    """The system's own ssh-keygen finds the public key in the private one."""
    credentials.ensure(instance)
    derived = subprocess.run(["ssh-keygen", "-y", "-f", instance.ssh_key], capture_output=True, text=True, check=True).stdout
    assert derived.split()[:2] == instance.ssh_public_key.read_text().split()[:2]


def test_private_file_replaces_an_open_one(instance: Instance) -> None:
    """A file that was readable for everybody is not after it was written again, and no draft is left behind."""
    path = instance.checkout / "folder" / "secret"
    path.parent.mkdir()
    path.write_text("old")
    path.chmod(0o644)
    private_files.write(path, b"new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_interrupted_write_keeps_the_old_content(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full half-way, the old secret is still there."""
    path = instance.checkout / "secret"
    private_files.write(path, b"old")

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        private_files.write(path, b"new")
    assert path.read_bytes() == b"old"
