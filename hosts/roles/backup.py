"""
The backup server: it fetches everybody's data, keeps it encrypted, tries it, and copies it somewhere else.

Keys are on the server's own disk, data on the volume: neither is of use without the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hosts import authority, ssh_key
from hosts.backup.config import FOLDER, GUEST, KEEPER
from hosts.backup.retention import LOG_OF_FULL_BACKUPS
from hosts.backup.source import SSH, USER
from hosts.host import Host
from hosts.items import Absent, Directory, File, Item, Packages, Program
from hosts.roles import backup_library as library
from hosts.roles import backup_units as units
from hosts.roles import postgresql

COMMAND = "/usr/local/sbin/flotilla-backup"
HOME = "/var/lib/flotilla/backup"
LOGS = "/var/log/flotilla-backup"
CACHE = "/var/cache/flotilla-backup"
SSH_WRAPPER = f"""\
#!/bin/sh
# Written by Flotilla; changes are lost.
exec ssh -F {FOLDER}/ssh_config "$@"
"""
SSH_CONFIG = f"""\
# Written by Flotilla; changes are lost.
Host *
    IdentityFile {FOLDER}/ssh_key-%u
    IdentitiesOnly yes
    UserKnownHostsFile {FOLDER}/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    UpdateHostKeys no
    BatchMode yes
    ConnectTimeout 15
    ServerAliveInterval 30
    ServerAliveCountMax 4
"""
OFFSITE_SSH = f"""\
# Written by Flotilla; changes are lost.
Host offsite
    HostName {{host}}
    Port {{port}}
    User {{user}}
    IdentityFile {FOLDER}/offsite-key
    IdentitiesOnly yes
    UserKnownHostsFile {FOLDER}/offsite-known-hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 15
    ServerAliveInterval 30
    ServerAliveCountMax 4
"""


def wanted(host: Host) -> Sequence[Item]:
    """
    Users, keys and configuration before the units that need them.
    """
    told = host.roles["backup"]
    return [
        *_packages(told),
        *library.files(),
        library.command(COMMAND, "main"),
        Program(program="system_users", data={"users": _users()}, title="users of backups"),
        *_folders(told),
        *_configuration(host, told),
        *_ssh(host, told),
        *_offsite(host, told),
        *units.wanted(told),
    ]


def _packages(told: Mapping[str, Any]) -> Iterator[Item]:
    yield Packages(names=("pgbackrest", "restic", "rsync", "openssh-client", "python3"))
    for version in sorted({stanza["version"] for stanza in told["stanzas"].values()}):
        yield from postgresql.packages(version)


def _users() -> dict[str, Any]:
    return {
        GUEST: {"home": "/nonexistent", "shell": "/usr/sbin/nologin", "groups": []},
        # It reads the copies of volumes, and nothing of it can be read by those.
        KEEPER: {"home": HOME, "shell": "/usr/sbin/nologin", "groups": [GUEST]},
    }


def _folders(told: Mapping[str, Any]) -> Iterator[Item]:
    repository = told["repository"]
    yield Directory(path="/var/lib/flotilla")
    for path in (HOME, LOGS, CACHE):
        yield Directory(path=path, mode=0o700, owner=KEEPER, group=KEEPER)
    # Passed through by the guest, who has folders of its own in it.
    yield Directory(path=repository, mode=0o711)
    for name in ("pgbackrest", "restic", "wal"):
        yield Directory(path=f"{repository}/{name}", mode=0o700, owner=KEEPER, group=KEEPER)
    for name in ("manifests", "records"):
        yield Directory(path=f"{repository}/{name}", mode=0o2750, group=KEEPER)
    for name in ("staging", "scratch"):
        yield Directory(path=f"{repository}/{name}", mode=0o711)


def _configuration(host: Host, told: Mapping[str, Any]) -> Iterator[Item]:
    def own(name: str, content: str, *, is_secret: bool = False, mode: int = 0o640) -> File:
        return File(path=f"{FOLDER}/{name}", content=content, mode=mode, group=KEEPER, is_secret=is_secret)

    pair = authority.server(host.key, host.name, told["address"])
    yield Directory(path=str(FOLDER), mode=0o751)
    yield File(path=f"{FOLDER}/config.json", content=_config(host, told), mode=0o644)
    yield own("pgbackrest.conf", _pgbackrest(host, told, is_local=False), is_secret=True)
    yield own("pgbackrest-local.conf", _pgbackrest(host, told, is_local=True), is_secret=True)
    yield own("restic.key", f"{host.secret('backup', 'restic')}\n", is_secret=True)
    yield File(path=f"{FOLDER}/record.key", content=f"{host.secret('backup', 'record')}\n", mode=0o600, is_secret=True)
    # libpq takes none that anybody else may read.
    password = "".join(
        f"{stanza['address']}:{stanza['port']}:*:flotilla_backup:{host.secret('postgresql', 'backup')}\n"
        for stanza in told["stanzas"].values()
    )
    yield File(path=f"{FOLDER}/pgpass", content=password, mode=0o600, owner=KEEPER, group=KEEPER, is_secret=True)
    yield File(path=f"{FOLDER}/authority.crt", content=authority.certificate(host.key))
    yield File(path=f"{FOLDER}/server.crt", content=pair.certificate)
    yield File(path=f"{FOLDER}/server.key", content=pair.private_key, mode=0o600, is_secret=True)


def _config(host: Host, told: Mapping[str, Any]) -> str:
    left_out = ("policies", "encrypted", "host_keys")
    document = {
        "environment": host.environment,
        "server": host.name,
        **{name: value for name, value in told.items() if name not in left_out},
        "projects": {policy["project"]: _policy(policy) for policy in told["policies"]},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _policy(policy: Mapping[str, Any]) -> dict[str, Any]:
    names = ("longest_gap_s", "retention", "drill_interval_days", "sources")
    return {name: policy[name] for name in names}


def _pgbackrest(host: Host, told: Mapping[str, Any], *, is_local: bool) -> str:
    """
    pgBackRest's configuration: the repository, and without `is_local` the servers that data comes from. Full backups do not
    expire by number: hosts/backup/retention.py says which go.
    """
    lines = [
        "# Written by Flotilla; changes are lost.",
        "[global]",
        f"repo1-path={told['repository']}/pgbackrest",
        "repo1-cipher-type=aes-256-cbc",
        f"repo1-cipher-pass={host.secret('backup', 'pgbackrest')}",
        "repo1-bundle=y",
        "repo1-retention-full-type=count",
        "repo1-retention-full=9999999",
        "repo1-retention-archive-type=full",
        f"repo1-retention-archive={LOG_OF_FULL_BACKUPS}",
        "compress-type=zst",
        "start-fast=y",
        "process-max=2",
        f"log-path={LOGS}",
        f"lock-path={HOME}/lock",
        f"spool-path={HOME}/spool",
        "log-level-console=warn",
    ]
    if is_local:
        return "\n".join(lines) + "\n"
    lines += [f"cmd-ssh={SSH}"]
    for name, stanza in sorted(told["stanzas"].items()):
        lines += [
            "",
            f"[{name}]",
            f"pg1-host={stanza['address']}",
            f"pg1-host-user={USER}",
            f"pg1-path={stanza['data_directory']}",
            f"pg1-port={stanza['port']}",
            "pg1-socket-path=/var/run/postgresql",
        ]
    return "\n".join(lines) + "\n"


def _ssh(host: Host, told: Mapping[str, Any]) -> list[Item]:
    known = "".join(f"{address} {key}\n" for address, key in sorted(told["host_keys"].items()))
    return [
        # A copy for each of the two: ssh takes no key that others may read.
        File(path=SSH, content=SSH_WRAPPER, mode=0o755),
        File(path=f"{FOLDER}/ssh_config", content=SSH_CONFIG),
        File(path=f"{FOLDER}/known_hosts", content=known),
        *(
            File(
                path=f"{FOLDER}/ssh_key-{owner}",
                content=ssh_key.private(host.key, "backup", "ssh"),
                mode=0o600,
                owner=owner,
                group=owner,
                is_secret=True,
            )
            for owner in (KEEPER, GUEST)
        ),
    ]


def _offsite(host: Host, told: Mapping[str, Any]) -> list[Item]:
    """
    What opens the place for copies; whatever opened another one is gone.
    """
    offsite = told["offsite"] or {"kind": None}
    wanted: dict[str, str] = {}
    if offsite["kind"] == "s3":
        access, secret = host.offsite.get("access-key", ""), host.offsite.get("secret-key", "")
        wanted["offsite-s3"] = f"[default]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n"
    if offsite["kind"] == "sftp":
        port = offsite.get("port") or 22
        place = offsite["host"] if port == 22 else f"[{offsite['host']}]:{port}"
        wanted["offsite-key"] = ssh_key.private(host.key, "backup", "offsite")
        wanted["offsite-known-hosts"] = f"{place} {' '.join(offsite['host_key'].split()[:2])}\n"
        wanted["offsite-ssh-config"] = OFFSITE_SSH.format(host=offsite["host"], port=port, user=offsite["user"])
    names = ("offsite-s3", "offsite-key", "offsite-known-hosts", "offsite-ssh-config")
    common: dict[str, Any] = {"mode": 0o600, "owner": KEEPER, "group": KEEPER}
    return [
        File(path=f"{FOLDER}/{name}", content=wanted[name], is_secret=name in ("offsite-s3", "offsite-key"), **common)
        if name in wanted
        else Absent(path=f"{FOLDER}/{name}")
        for name in names
    ]
