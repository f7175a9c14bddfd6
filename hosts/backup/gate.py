"""
All that a backup server may ask a server that has data. It runs as root there, for the one key that `authorized_keys` lets in.

What was asked for is in SSH_ORIGINAL_COMMAND. It is taken apart, compared with what is allowed, and put together anew from what
was recognised; no shell sees it. Nothing here writes outside of its own folder.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hosts.backup import process

CONFIG = Path("/etc/flotilla/backup-source.json")
SNAPSHOTS = Path("/var/lib/flotilla/snapshots")
PGBACKREST = "/usr/bin/pgbackrest"
RSYNC = "/usr/bin/rsync"
DATABASE_USER = "postgres"
# What pgBackRest 2.45 says to its other half: seen, and src/protocol/helper.c at release/2.45; 2026-11-26.
PGBACKREST_OPTION = re.compile(
    r"--(?:exec-id=[0-9]+-[0-9a-f]+|log-level-(?:console|file|stderr)=[a-z]+|process=[0-9]+|remote-type=pg|stanza=[a-z0-9-]+"
    r"|buffer-size=[0-9]+[A-Za-z]*|compress-level(?:-network)?=[0-9]+|(?:db|io|protocol)-timeout=[0-9]+"
    r"|pg1-(?:port|socket-path)=[/A-Za-z0-9._-]+|pg1-path=(?P<path>[/A-Za-z0-9._-]+)|(?:no-)?sck-keep-alive)"
)
PGBACKREST_COMMAND = re.compile(r"(?:backup|check|stanza-create|stanza-upgrade):remote")
# rsync 3.2 as a sender, for `-rlptH` with or without `-v`, `--delete` and a partial folder at the other end.
RSYNC_FLAGS = re.compile(r"-[a-zA-Z]*(?:e[.A-Za-z0-9]*)?")
LABEL = re.compile(r"[A-Za-z0-9_.:-]{1,60}")


class GateError(Exception):
    """
    This is not to be had here.
    """


def main() -> int:
    """
    Answer the one question.
    """
    try:
        config = json.loads(CONFIG.read_text())
        return _answer(shlex.split(os.environ.get("SSH_ORIGINAL_COMMAND", "")), config)
    except (GateError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _answer(argv: Sequence[str], config: Mapping[str, Any]) -> int:
    match list(argv):
        case ["pgbackrest" | "/usr/bin/pgbackrest", *options]:
            _become(pgbackrest(options, config), DATABASE_USER)
        case ["rsync", "--server", "--sender", *rest]:
            _become(rsync(rest, config["volumes"]), None)
        case ["census", label] if LABEL.fullmatch(label) and config["database"]:
            return _census(label, **_cluster(config))
        case ["prepare", path] if path in config["volumes"]:
            from hosts.backup import volume

            return _say(volume.prepare(Path(path), SNAPSHOTS))
    raise GateError(f"{' '.join(argv[:1]) or 'a shell'}: a backup server may not ask for this here")


def pgbackrest(options: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """
    The command for pgBackRest's other half.

    Raises: GateError for anything else.
    """
    *flags, command = options or [""]
    found = [PGBACKREST_OPTION.fullmatch(flag) for flag in flags]
    paths = {match["path"] for match in found if match and match["path"]}
    own = {config["database"]["data_directory"]} if config["database"] else set()
    if not all(found) or paths != own or not PGBACKREST_COMMAND.fullmatch(command):
        raise GateError("pgbackrest: a backup server may not ask for this here")
    return [PGBACKREST, *flags, command]


def rsync(rest: Sequence[str], volumes: Sequence[str]) -> list[str]:
    """
    The command for rsync that sends one volume, or the snapshots of its databases.

    Raises: GateError for anything else.
    """
    allowed = {f"{path}/" for path in volumes} | {f"{snapshot_folder(path)}/" for path in volumes}
    match list(rest):
        case [*flags, ".", path] if flags and all(RSYNC_FLAGS.fullmatch(flag) for flag in flags) and path in allowed:
            return [RSYNC, "--server", "--sender", *flags, ".", path]
    raise GateError("rsync: a backup server may not ask for this here")


def snapshot_folder(path: str) -> Path:
    """
    Where the consistent copies of a volume's databases are.
    """
    return SNAPSHOTS / path.strip("/").replace("/", "-")


def _become(argv: Sequence[str], user: str | None) -> None:
    sys.stdout.flush()
    variables = process.environment(user)
    if identity := process.identity(user):
        os.setgroups(identity["extra_groups"])
        os.setgid(identity["group"])
        os.setuid(identity["user"])
    os.chdir("/")
    os.execve(argv[0], list(argv), variables)  # noqa: S606 -- an argv that was recognised


def _cluster(config: Mapping[str, Any]) -> dict[str, int]:
    return {name: config["database"][name] for name in ("port", "version")}


def _census(label: str, port: int, version: int) -> int:
    from hosts.backup import census

    try:
        return _say(census.take(label, port, version))
    except census.CensusError as error:
        raise GateError(str(error)) from None


def _say(document: Any) -> int:
    sys.stdout.write(json.dumps(document) + "\n")
    return 0
