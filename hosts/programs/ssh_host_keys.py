"""
The server's own SSH keys: an Ed25519 one, which is never renewed here, and an RSA one that is long enough.
"""

import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path("/etc/ssh")


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    changes = []
    if not (FOLDER / "ssh_host_ed25519_key").exists():
        changes.append("make the Ed25519 host key")
        if not dry:
            _make("ed25519", [])
    bits = _bits(FOLDER / "ssh_host_rsa_key.pub")
    if bits < data["rsa_bits"] or not (FOLDER / "ssh_host_rsa_key").exists():
        changes.append(f"make an RSA host key of {data['rsa_bits']} bits" + (f" (it has {bits})" if bits else ""))
        if not dry:
            _make("rsa", ["-b", str(data["rsa_bits"])])
    return changes


def _make(kind: str, options: list[str]) -> None:
    """
    Beside its place first: a key that was half written would keep sshd from starting.
    """
    new, place = FOLDER / f"flotilla-new-{kind}", FOLDER / f"ssh_host_{kind}_key"
    for path in (new, new.with_suffix(".pub")):
        path.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *options, "-N", "", "-C", "", "-f", str(new)], check=True)
    new.with_suffix(".pub").replace(place.with_suffix(".pub"))
    new.replace(place)


def _bits(public: Path) -> int:
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(public)], capture_output=True, text=True)
    return int(shown.stdout.split()[0]) if shown.returncode == 0 else 0
