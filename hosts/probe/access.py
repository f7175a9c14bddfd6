"""
Who may log in, and as whom: sshd, accounts, keys, sudo.
"""

from __future__ import annotations

import grp
import pwd
from pathlib import Path
from typing import Any

from hosts.probe.reading import entries, lines_of, run

# What a login as root from an address of nobody's gets (RFC 5737), rules for single users and addresses included.
STRANGER = "user=root,host=stranger.invalid,addr=192.0.2.1"
NO_LOGIN = ("nologin", "false", "sync")
ADMINISTRATIVE_GROUPS = ("sudo", "docker", "root", "adm", "shadow", "disk", "flotilla-admin")
KEY_TYPES = ("ssh-", "ecdsa-", "sk-")


def sshd() -> dict[str, list[str]]:
    """
    What sshd does, by its own word: {option: its values}.
    """
    found: dict[str, list[str]] = {}
    for line in run("sshd", "-T", "-C", STRANGER).splitlines():
        option, _, value = line.partition(" ")
        found.setdefault(option, []).append(value)
    return found


def host_keys() -> list[str]:
    """
    The public keys that this host shows.
    """
    return [" ".join(line.split()[:2]) for path in entries("/etc/ssh", "_key.pub") for line in lines_of(path)]


def accounts() -> list[dict[str, Any]]:
    """
    Every account that is root's or that may log in, with the state of its password and its authorized keys; no password.
    """
    passwords = {line.split(":")[0]: line.split(":")[1] for line in lines_of("/etc/shadow") if ":" in line}
    return [
        {
            "name": entry.pw_name,
            "uid": entry.pw_uid,
            "shell": entry.pw_shell,
            "home": entry.pw_dir,
            "password": _state(passwords.get(entry.pw_name, "")),
            "keys": _keys(Path(entry.pw_dir)),
        }
        for entry in pwd.getpwall()
        if entry.pw_uid == 0 or not entry.pw_shell.endswith(NO_LOGIN)
    ]


def _state(field: str) -> str:
    if not field:
        return "empty"
    return "locked" if field.startswith(("!", "*")) else "set"


def _keys(home: Path) -> list[str]:
    """
    The keys of both files that sshd reads by default: `type blob`.
    """
    lines = [line for name in ("authorized_keys", "authorized_keys2") for line in lines_of(home / ".ssh" / name)]
    found = []
    for line in lines:
        words = line.split()
        for position, word in enumerate(words[:-1]):
            if word.startswith(KEY_TYPES) and not line.lstrip().startswith("#"):
                found.append(f"{word} {words[position + 1]}")
                break
    return found


def sudo() -> dict[str, Any]:
    """
    Every line of sudo's rules with the file that it stands in, and who is in the groups that come close to root.
    """
    files = [
        Path("/etc/sudoers"),
        *(path for path in entries("/etc/sudoers.d") if "." not in path.name and path.name[-1] != "~"),
    ]
    rules = [{"file": str(path), "rule": rule} for path in files for rule in _rules(path)]
    groups = {name: sorted(_members(name)) for name in ADMINISTRATIVE_GROUPS if _exists(name)}
    return {"rules": rules, "groups": groups}


def _rules(path: Path) -> list[str]:
    text = "\n".join(lines_of(path)).replace("\\\n", " ")
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "@include", "Defaults"))]


def _exists(group: str) -> bool:
    try:
        return bool(grp.getgrnam(group))
    except KeyError:
        return False


def _members(group: str) -> set[str]:
    """
    Those whose first group it is, too.
    """
    entry = grp.getgrnam(group)
    return {*entry.gr_mem, *(user.pw_name for user in pwd.getpwall() if user.pw_gid == entry.gr_gid)}
