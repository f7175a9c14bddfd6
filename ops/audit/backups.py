"""
Check `data`: backups are there, young, and have been restored. A backup that nobody knows of is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.audit.data import CHECK
from ops.audit.rule import Fault, critical, degraded, warning
from ops.audit.scene import Fleet, Host, Scene
from ops.report import Status
from settings.gaps import longest_gap_s
from settings.reserved import INGRESS

# A backup may be this much late: it takes time, and a server may be restarted meanwhile.
GRACE_S = 6 * 3600
DAY_S, HOUR_S = 86_400, 3600
SUCCESS = "flotilla_backup_success_timestamp_seconds"
OFFSITE = "flotilla_backup_offsite_timestamp_seconds"
DRILL = "flotilla_backup_drill_timestamp_seconds"
SIZE = "flotilla_backup_size_bytes"


def policies(scene: Scene) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """
    What is to be backed up: (project, source, its policy).
    """
    for name, project in sorted(scene.outputs["projects"].items()):
        for source in (project.get("backup") or {"covers": []})["covers"]:
            yield name, source, project["backup"]
    general = scene.outputs.get("backup") or {}
    # Outputs from before there were backups of certificates do not say.
    for source in general.get("covers", ()):
        yield INGRESS, source, general


def measured(host: Host, measure: str, project: str, source: str) -> float | None:
    """
    What the backup server wrote down last; None where it never did.
    """
    wanted = {"project": project, "source": source}
    found = [row["value"] for row in host.see("measures") if row["name"] == measure and row["labels"] == wanted]
    return max(found, default=None)


def _start(host: Host, project: str) -> str:
    return host.command("systemctl", "list-units", "--all", "--no-pager", f"*backup*{project}*")


def _is_backup_server(host: Host) -> bool:
    return "backup" in host.roles


@CHECK.rule("backup-server-missing", Fleet, worst=Status.CRITICAL, holds="there is a server that fetches the backups")
def backup_server_missing(fleet: Fleet, scene: Scene) -> Iterator[Fault]:
    """
    Where anything is to be backed up.
    """
    if any(policies(scene)) and not any(_is_backup_server(host) for host in scene.hosts):
        yield critical(
            of=scene.stack,
            message="data is to be backed up, and no server has the role backup",
            evidence=", ".join(sorted({project for project, _, _ in policies(scene)})),
            fix="flotilla settings check",
        )


@CHECK.rule("backup-missing", Host, worst=Status.CRITICAL, holds="everything that is to be backed up has been")
def backup_missing(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    By what the backup server wrote down.
    """
    for project, source, _ in policies(scene) if _is_backup_server(host) else ():
        if not measured(host, SUCCESS, project, source):
            yield critical(
                of=f"{project}/{source}",
                message="it was never backed up, or nobody knows of it",
                evidence=f"no {SUCCESS} on {host.name}",
                fix=_start(host, project),
            )


@CHECK.rule("backup-old", Host, worst=Status.CRITICAL, holds="every backup is as young as its schedule says")
def backup_old(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    With six hours of grace; a second one that is missed is critical.
    """
    for project, source, policy in policies(scene) if _is_backup_server(host) else ():
        gap_s = longest_gap_s(policy["schedule"])
        then = measured(host, SUCCESS, project, source)
        if then and scene.now - then > gap_s + GRACE_S:
            make = critical if scene.now - then > 2 * gap_s + GRACE_S else degraded
            yield make(
                of=f"{project}/{source}",
                message=f"the last backup is {(scene.now - then) / HOUR_S:.0f} hours old",
                evidence=f"schedule {policy['schedule']}",
                fix=_start(host, project),
            )


@CHECK.rule("backup-empty", Host, worst=Status.CRITICAL, holds="no backup of a database is empty")
def backup_empty(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    A job that ended well and saved nothing. A volume may be empty, a database never is.
    """
    for project, source, _ in policies(scene) if _is_backup_server(host) else ():
        if (
            source.startswith("database:")
            and measured(host, SUCCESS, project, source)
            and measured(host, SIZE, project, source) == 0
        ):
            yield critical(
                of=f"{project}/{source}",
                message="the last backup is empty",
                evidence=f"{SIZE} 0 on {host.name}",
                fix=_start(host, project),
            )


@CHECK.rule("drill-old", Host, worst=Status.DEGRADED, holds="every backup has been restored and compared in its interval")
def drill_old(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    A backup that was never restored is a hope.
    """
    for project, source, policy in policies(scene) if _is_backup_server(host) else ():
        if not measured(host, SUCCESS, project, source):
            continue  # there is none that could have been restored
        then, limit_s = measured(host, DRILL, project, source), (policy["drill_interval_days"] + 1) * DAY_S
        if not then or scene.now - then > limit_s:
            yield (warning if then else degraded)(
                of=f"{project}/{source}",
                message=f"the last restore was tried {(scene.now - then) / DAY_S:.0f} days ago"
                if then
                else "no restore was ever tried",
                evidence=f"to be tried every {policy['drill_interval_days']} days",
                fix=_start(host, project),
            )


@CHECK.rule("offsite-old", Host, worst=Status.CRITICAL, holds="every backup that is to be elsewhere too is there")
def offsite_old(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Where the policy names a second place.
    """
    for project, source, policy in policies(scene) if _is_backup_server(host) else ():
        if not policy.get("offsite"):
            continue
        then = measured(host, OFFSITE, project, source)
        if not then or scene.now - then > longest_gap_s(policy["schedule"]) + GRACE_S:
            yield critical(
                of=f"{project}/{source}",
                message=f"its copy elsewhere is {(scene.now - then) / HOUR_S:.0f} hours old"
                if then
                else "it was never copied elsewhere",
                evidence=f"to be at {policy['offsite']}",
                fix=_start(host, project),
            )
