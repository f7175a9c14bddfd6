"""
Derived SSH keys are what OpenSSH takes.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hosts import ssh_key

KEY = "the key of an environment that is only there for tests"


@pytest.mark.parametrize("purpose", ["ssh", "offsite", "x", "xy", "xyz"])
def test_openssh_reads_the_private_key(tmp_path: Path, purpose: str) -> None:
    """`ssh-keygen` finds the public key in it that we say it has; the same key makes the same file."""
    path = tmp_path / "key"
    path.write_text(ssh_key.private(KEY, "backup", purpose))
    path.chmod(0o600)
    shown = subprocess.run(["ssh-keygen", "-y", "-f", str(path)], capture_output=True, text=True, check=True).stdout
    assert shown.split()[:2] == ssh_key.public(KEY, "backup", purpose).split()
    assert path.read_text() == ssh_key.private(KEY, "backup", purpose)
    assert ssh_key.public(KEY, "backup", purpose) != ssh_key.public(KEY + "!", "backup", purpose)
