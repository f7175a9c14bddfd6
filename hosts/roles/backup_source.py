"""
A server whose data is backed up. It has no credential of any kind for the backup server: that one comes and fetches.

It comes as `flotilla-source`, with a key that starts one program, which gives out what hosts/backup/gate.py allows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hosts import ssh_key
from hosts.host import Host
from hosts.items import Directory, File, Item, Packages, Program
from hosts.roles import backup_library as library

USER = "flotilla-source"
HOME = "/var/lib/flotilla/source"
GATE = f"{library.LIBRARY}/source-gate"
PULL = f"{library.LIBRARY}/restore-pull"
SUDOERS = f"""\
# Written by Flotilla; changes are lost. What the backup server may ask for is in hosts/backup/gate.py.
# No terminal between the two: it would change every byte twice.
Defaults!{GATE} env_keep += "SSH_ORIGINAL_COMMAND", !use_pty, !requiretty
{USER} ALL=(root) NOPASSWD: {GATE} ""
"""
# pgBackRest looks for its name in it. Nothing has to be done: the backup server has the log by replication, and the slot keeps
# what it does not have yet.
ARCHIVE = """\
# Written by Flotilla; changes are lost.
archive_command = 'true # in the place of pgbackrest archive-push: the log is fetched by the backup server'
"""


def wanted(host: Host) -> Sequence[Item]:
    """
    The way in for the backup server, and what it may ask for.
    """
    told = host.roles["backup-source"]
    users = {USER: {"home": HOME, "shell": "/bin/sh", "groups": []}}
    names = ("rsync", "sudo", "python3", *(("pgbackrest",) if told["database"] else ()))
    return [
        Packages(names=names),
        *library.files(),
        library.command(GATE, "gate"),
        *([library.command(PULL, "pull")] if told["database"] else []),
        Program(program="system_users", data={"users": users}, title="user of the backup server"),
        File(path="/etc/flotilla/backup-source.json", content=_config(told), mode=0o600),
        File(path="/etc/sudoers.d/80-flotilla-source", content=SUDOERS, mode=0o440, check=("visudo", "-cf", "{new}")),
        Directory(path="/var/lib/flotilla"),
        Directory(path=HOME),
        Directory(path=f"{HOME}/.ssh"),
        File(path=f"{HOME}/.ssh/authorized_keys", content=_authorized(host, told)),
        *_archive(told),
    ]


def _config(told: Mapping[str, Any]) -> str:
    return json.dumps({"volumes": told["volumes"], "database": told["database"]}, indent=1, sort_keys=True) + "\n"


def _authorized(host: Host, told: Mapping[str, Any]) -> str:
    """
    One line, root's: the user cannot change it.
    """
    if not told["backup_servers"]:
        return ""
    origins = ",".join(told["backup_servers"])
    return f'restrict,from="{origins}",command="sudo -n {GATE}" {ssh_key.public(host.key, "backup", "ssh")} backup\n'


def _archive(told: Mapping[str, Any]) -> list[Item]:
    database = told["database"]
    if not database:
        return []
    apply = (f"{library.LIBRARY}/postgresql-apply", str(database["version"]))
    path = f"/etc/postgresql/{database['version']}/main/conf.d/flotilla-backup.conf"
    return [File(path=path, content=ARCHIVE, mode=0o640, owner="postgres", group="postgres", notify=(apply,))]
