"""
`flotilla-backup <command>` on the backup server. Prints one JSON document. Exit codes: 0 done and nothing wrong; 1 something
is, and is in `findings`; 2 no such project, or no valid command.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from hosts.backup import config as configuration
from hosts.backup import lock, metrics, offsite, pgbackrest, process, restic, run, send, serve, status, verify, volumes, wal
from hosts.backup.config import Config, Project
from hosts.backup.errors import BackupError, Finding, failed

WAIT_S = 3600


def main(argv: Sequence[str] | None = None) -> int:
    """
    Carry out a command.
    """
    arguments = _parser().parse_args(argv)
    config = configuration.load()
    unknown = [name for name in arguments.project if name not in config.projects]
    if unknown:
        sys.stderr.write(
            f"{unknown[0]}: there is no such project with data. Choose of: {', '.join(sorted(config.projects))}.\n"
        )
        return 2
    projects = [
        project for name, project in sorted(config.projects.items()) if not arguments.project or name in arguments.project
    ]
    try:
        document = COMMANDS[arguments.command](config, projects, arguments)
    except BackupError as error:
        document = {"findings": [error.finding]}
    # Where an archive was sent, there is no room for words.
    stream = sys.stderr if arguments.command == "send" else sys.stdout
    stream.write(json.dumps(document, default=_plain) + "\n")
    return 1 if document["findings"] else 0


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _run(config: Config, projects: Sequence[Project], arguments: argparse.Namespace) -> dict[str, Any]:
    with lock.held(config.lock, config.server, WAIT_S):
        if arguments.new_cluster:
            for stanza in config.stanzas.values():
                pgbackrest.adopt(stanza)
        made, findings = run.run(config, projects, is_full=arguments.full)
        if config.offsite and not arguments.no_offsite:
            findings += offsite.copy(config)
    _publish_soon()
    return {"made": made, "findings": findings}


def _list(config: Config, projects: Sequence[Project], arguments: argparse.Namespace) -> dict[str, Any]:
    now = arguments.at or time.time()
    states, findings = status.collect(config, projects, now)
    copies: dict[str, int] = {}
    if config.offsite:
        copies, more = offsite.state(config, now)
        findings += more
    rows = [{**dataclasses.asdict(state), "offsite_at": copies.get(f"{state.project}/{state.source}")} for state in states]
    return {"at": int(now), "sources": rows, "findings": findings}


def _verify(config: Config, projects: Sequence[Project], arguments: argparse.Namespace) -> dict[str, Any]:
    with lock.held(config.lock, config.server, WAIT_S):
        rows = verify.verify(config, projects, arguments.label, is_deep=arguments.deep)
        now = arguments.at or time.time()
        _, findings = status.collect(config, projects, now)
    _publish_soon()
    old = [found for found in findings if found.id in ("backup-old", "no-backup")]
    return {"records": rows, "findings": [*(found for row in rows for found in row["findings"]), *old]}


def _drill(config: Config, projects: Sequence[Project], arguments: argparse.Namespace) -> dict[str, Any]:
    due = {project.name for project in verify.due(config, time.time())}
    chosen = [project for project in projects if project.name in due or not arguments.due]
    if not chosen:
        return {"records": [], "findings": []}
    arguments.label, arguments.deep, arguments.at = None, True, None
    return _verify(config, chosen, arguments)


def _wal(config: Config, _: Sequence[Project], arguments: argparse.Namespace) -> dict[str, Any]:
    wal.fetch(config, config.stanzas[arguments.stanza])
    return {"findings": []}


def _offsite(config: Config, _: Sequence[Project], arguments: argparse.Namespace) -> dict[str, Any]:
    with lock.held(config.lock, config.server, WAIT_S):
        findings = offsite.copy(config, part=arguments.part)
    _publish_soon()
    return {"findings": findings}


def _metrics(config: Config, _: Sequence[Project], __: argparse.Namespace) -> dict[str, Any]:
    return {"findings": _publish(config)}


def _serve(config: Config, _: Sequence[Project], arguments: argparse.Namespace) -> dict[str, Any]:
    wish = json.loads(sys.stdin.readline())
    with lock.held(config.lock, config.server, WAIT_S):
        serve.serve(config, config.stanzas[arguments.stanza], wish)
    return {"findings": []}


def _send(config: Config, projects: Sequence[Project], arguments: argparse.Namespace) -> dict[str, Any]:
    (project,) = projects
    wanted = next((source for source in project.sources if source.covered == f"volume:{arguments.volume}"), None)
    if wanted is None:
        raise failed("no-backup", f"{project.name}/volume:{arguments.volume}", "there is no such volume", "See `backup list`")
    with lock.held(config.lock, config.server, WAIT_S):
        found = restic.snapshots(volumes.repository(config), volumes.tag(project, wanted))
        send.send(config, project, wanted, verify.choose_snapshot(project, wanted, found, arguments.label).id)
    return {"findings": []}


def _note(config: Config, _: Sequence[Project], __: argparse.Namespace) -> dict[str, Any]:
    rows = [verify.keep(config, row) for row in json.load(sys.stdin)]
    return {"records": rows, "findings": []}


def _publish_soon() -> None:
    """
    Have Prometheus told, by its own unit: nobody has to wait for that.
    """
    process.run(["systemctl", "start", "--no-block", "flotilla-backup-metrics.service"])


def _publish(config: Config) -> list[Finding]:
    now = time.time()
    states, findings = status.collect(config, config.projects.values(), now)
    copies, more = offsite.state(config, now) if config.offsite else ({}, [])
    metrics.write("flotilla_backup", metrics.text(status.measures(states, copies)))
    return [*findings, *more]


COMMANDS = {
    "run": _run,
    "list": _list,
    "verify": _verify,
    "drill": _drill,
    "serve": _serve,
    "send": _send,
    "note": _note,
    "wal": _wal,
    "offsite": _offsite,
    "metrics": _metrics,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flotilla-backup", description=__doc__)
    parser.set_defaults(project=[])
    commands = parser.add_subparsers(dest="command", required=True)
    chosen = argparse.ArgumentParser(add_help=False)
    chosen.add_argument("--project", action="append", default=[], help="only this project; may be said again")
    made = commands.add_parser("run", parents=[chosen], help="back up")
    made.add_argument("--full", action="store_true", help="a full backup of database clusters, whatever there is")
    made.add_argument("--no-offsite", action="store_true", help="without the copy off-site")
    made.add_argument("--new-cluster", action="store_true", help="take backups of the cluster that is there now")
    listed = commands.add_parser("list", parents=[chosen], help="what there is, and what is wrong with it")
    listed.add_argument("--at", type=float, help="judge as of this time, in seconds since 1970")
    tried = commands.add_parser("verify", parents=[chosen], help="restore and compare")
    tried.add_argument("--label", help="this backup, not the last one")
    tried.add_argument("--deep", action="store_true", help="read everything else in the repositories, too")
    tried.add_argument("--at", type=float, help="judge its age as of this time, in seconds since 1970")
    drilled = commands.add_parser("drill", parents=[chosen], help="verify, and read the repositories")
    drilled.add_argument("--due", action="store_true", help="only what was not tried for as long as the policy says")
    commands.add_parser("wal", help="fetch a cluster's log, all the time").add_argument("stanza")
    copied = commands.add_parser("offsite", help="copy off-site")
    copied.add_argument("--part", default=offsite.PART, help="how much of the copy is read, such as 100%%")
    commands.add_parser("serve", help="restore a cluster and answer until standard input ends").add_argument("stanza")
    sent = commands.add_parser("send", parents=[chosen], help="a volume's snapshot as a tar archive, on standard output")
    sent.add_argument("volume")
    sent.add_argument("--label", help="this snapshot, not the last one")
    commands.add_parser("note", help="sign and keep the records on standard input")
    commands.add_parser("metrics", help="tell Prometheus")
    return parser
