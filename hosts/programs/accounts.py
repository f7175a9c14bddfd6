"""
Administrators' accounts: made, kept to their keys, and taken away with the settings that named them.

An account belongs to us when it is in our group, so that one that settings no longer name is known without any other record.
"""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FIRST_UID = 1000
SHELL = "/bin/bash"
# What a person leaves behind, readable by root only.
HOMES = Path("/var/lib/flotilla/former-administrators")
KILL_WAIT_S = 5


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    changes = list(_group(data["group"], dry))
    for name, keys in sorted(data["accounts"].items()):
        changes += _account(name, keys, data["group"], dry)
    for name in sorted(_members(data["group"]) - data["accounts"].keys()):
        changes.append(f"lock and remove {name}")
        if not dry:
            _remove(name)
    return changes


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")


def _group(group: str, dry: bool) -> Iterator[str]:
    try:
        grp.getgrnam(group)
    except KeyError:
        if not dry:
            _run("groupadd", "--system", group)
        yield f"make group {group}"


def _members(group: str) -> set[str]:
    try:
        return set(grp.getgrnam(group).gr_mem)
    except KeyError:
        return set()


def _account(name: str, keys: list[str], group: str, dry: bool) -> list[str]:
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        if not dry:
            # A key is all that lets anybody in: without a maximum age, no password that is not there can expire.
            limits = ("-K", "PASS_MAX_DAYS=-1", "-K", "PASS_MIN_DAYS=-1")
            _run("useradd", "--create-home", "--user-group", "--shell", SHELL, "--groups", f"{group},adm", *limits, name)
            list(_keys(pwd.getpwnam(name), keys, dry))
        return [f"make {name} with {len(keys)} key(s)"]
    if account.pw_uid < FIRST_UID:
        raise ValueError(f"{name} is an account of the system's own: an administrator cannot be called so")
    return [*_entry(account, group, dry), *_keys(account, keys, dry)]


def _entry(account: pwd.struct_passwd, group: str, dry: bool) -> Iterator[str]:
    name = account.pw_name
    if name not in _members(group):
        yield f"put {name} into {group}"
        if not dry:
            _run("usermod", "--append", "--groups", group, name)
    if account.pw_shell != SHELL:
        yield f"shell of {name}: {account.pw_shell} -> {SHELL}"
        if not dry:
            _run("usermod", "--shell", SHELL, name)
    password, expires = _shadow(name)
    if expires:
        yield f"let {name} in again: the account had expired"
        if not dry:
            _run("usermod", "--expiredate", "", name)
    if not password.startswith(("!", "*")):
        yield f"take away the password of {name}"
        if not dry:
            _run("usermod", "--password", "!", name)


def _shadow(name: str) -> tuple[str, str]:
    """
    The password as it is stored, and the day on which the account expires.
    """
    for line in Path("/etc/shadow").read_text().splitlines():
        fields = line.split(":")
        if fields[0] == name:
            return fields[1], fields[7]
    return "!", ""


def _keys(account: pwd.struct_passwd, keys: list[str], dry: bool) -> Iterator[str]:
    home = Path(account.pw_dir)
    folder, file = home / ".ssh", home / ".ssh/authorized_keys"
    yield from _owned(home, account, 0o700, dry)
    yield from _owned(folder, account, 0o700, dry)
    content = "".join(f"{key}\n" for key in keys)
    if not file.is_symlink() and file.is_file() and file.read_text() == content:
        yield from _owned(file, account, 0o600, dry)
        return
    yield f"keys of {account.pw_name}"
    if not dry:
        new = folder / ".authorized_keys.new"
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(content)
        os.chown(new, account.pw_uid, account.pw_gid)
        new.replace(file)


def _owned(path: Path, account: pwd.struct_passwd, mode: int, dry: bool) -> Iterator[str]:
    """
    A folder is made where there is none.
    """
    if path.is_symlink():
        raise ValueError(f"{path} is a symbolic link, and nobody knows to what")
    found = path.stat() if path.exists() else None
    if found and (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (account.pw_uid, account.pw_gid, mode):
        return
    yield f"owner and mode of {path}"
    if not dry:
        if found is None:
            path.mkdir()
        os.chown(path, account.pw_uid, account.pw_gid)
        path.chmod(mode)


def _remove(name: str) -> None:
    """
    No new login first, then nobody who still is there, then what was left; the account itself last, so that a run that was
    interrupted is taken up again.
    """
    account = pwd.getpwnam(name)
    if account.pw_uid < FIRST_UID:
        raise ValueError(f"{name} is an account of the system's own, and was put into the administrators' group")
    _run("usermod", "--lock", "--expiredate", "1", "--shell", "/usr/sbin/nologin", name)
    folder = Path(account.pw_dir) / ".ssh"
    if not folder.is_symlink():  # it would lead to somebody else's keys
        (folder / "authorized_keys").unlink(missing_ok=True)
    _end_processes(account.pw_uid)
    Path(f"/var/spool/cron/crontabs/{name}").unlink(missing_ok=True)
    _put_away(Path(account.pw_dir), name)
    _run("userdel", name)


def _processes(uid: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                yield int(entry.name)


def _end_processes(uid: int) -> None:
    subprocess.run(["loginctl", "terminate-user", str(uid)], capture_output=True)
    deadline = time.monotonic() + KILL_WAIT_S
    while left := list(_processes(uid)):
        for process in left:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise RuntimeError(f"processes of user {uid} do not end: {left}")
        time.sleep(0.1)


def _put_away(home: Path, name: str) -> None:
    if not home.is_dir() or home.is_symlink() or home.parent != Path("/home"):
        return
    HOMES.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = HOMES / f"{name}-{time.strftime('%Y%m%dT%H%M%S')}"
    place.mkdir(mode=0o700)
    shutil.move(home, place / "home")
