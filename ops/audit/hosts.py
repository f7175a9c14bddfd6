"""
Check `hosts`: is every server well?
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ops.audit.rule import Check, Fault, critical, degraded, unknown, warning
from ops.audit.scene import Host, Scene
from ops.report import Status
from settings import Role

CHECK = Check(name="hosts", title="Every server is well")

BYTES_PER_GB = 1e9
DISK_WARNING, DISK_DEGRADED, DISK_CRITICAL = 0.80, 0.90, 0.95
# Ten percent of a large disk is a lot: with this much free, nothing worse than a warning is said.
ENOUGH_GB = 20
MEMORY_WARNING, MEMORY_DEGRADED = 0.10, 0.05
LOAD_WARNING, LOAD_DEGRADED = 2.0, 5.0
CLOCK_WARNING_S, CLOCK_DEGRADED_S = 2.0, 30.0
DAY_S = 86_400
LISTS_AGE_S = 7 * DAY_S


@CHECK.rule("disk-full", Host, worst=Status.CRITICAL, holds="every file system has a fifth of its space free")
def disk_full(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Warning at 80 %, degraded at 90, critical at 95.
    """
    for disk in host.see("disks"):
        used = 1 - disk["free_bytes"] / disk["size_bytes"]
        free_gb = disk["free_bytes"] / BYTES_PER_GB
        if disk["is_read_only"] or used < DISK_WARNING:
            continue
        make = warning if free_gb >= ENOUGH_GB or used < DISK_DEGRADED else degraded if used < DISK_CRITICAL else critical
        yield make(
            at=disk["mount"],
            message=f"{used:.0%} of the space is used",
            evidence=f"{free_gb:.2f} of {disk['size_bytes'] / BYTES_PER_GB:.2f} GB free on {disk['device']}",
            fix=host.command("du", "-xhd", "2", "--threshold=100M", disk["mount"]),
        )


@CHECK.rule("inodes-full", Host, worst=Status.CRITICAL, holds="every file system has a fifth of its inodes free")
def inodes_full(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    As for space. File systems without a fixed number of inodes have none to run out of.
    """
    for disk in host.see("disks"):
        used = 1 - disk["free_inodes"] / disk["inodes"] if disk["inodes"] else 0
        if disk["is_read_only"] or used < DISK_WARNING:
            continue
        make = warning if used < DISK_DEGRADED else degraded if used < DISK_CRITICAL else critical
        yield make(
            at=disk["mount"],
            message=f"{used:.0%} of the inodes are used",
            evidence=f"{disk['free_inodes']} of {disk['inodes']} inodes free on {disk['device']}",
            fix=host.command("du", "-x", "--inodes", "-d", "3", "--threshold=10000", disk["mount"]),
        )


@CHECK.rule("disk-read-only", Host, worst=Status.CRITICAL, holds="no disk has become read-only")
def disk_read_only(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    What the kernel does with a file system that it found damaged.
    """
    for disk in host.see("disks"):
        if disk["is_read_only"] and disk["kind"] in ("ext4", "xfs", "btrfs"):
            yield critical(
                at=disk["mount"],
                message="it is mounted read-only",
                evidence=f"{disk['device']}, {disk['kind']}",
                fix=host.command("journalctl", "-k", "--no-pager", "-n", "50", "--grep", "I/O error|Remounting|EXT4-fs error"),
            )


@CHECK.rule("memory-low", Host, worst=Status.DEGRADED, holds="a tenth of the memory is available")
def memory_low(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    By what the kernel could give without swapping.
    """
    system = host.see("system")
    share = system["memory_available_bytes"] / system["memory_bytes"]
    if share < MEMORY_WARNING:
        make = degraded if share < MEMORY_DEGRADED else warning
        yield make(
            message=f"{share:.0%} of the memory is available",
            evidence=f"{system['memory_available_bytes'] / BYTES_PER_GB:.2f} of {system['memory_bytes'] / BYTES_PER_GB:.2f} GB",
            fix=host.command("ps", "-eo", "pid,rss,comm", "--sort=-rss"),
        )


@CHECK.rule("out-of-memory", Host, worst=Status.WARNING, holds="no process was killed for want of memory since the start")
def out_of_memory(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Counted by the kernel, containers included.
    """
    kills = host.see("system")["oom_kills"]
    if kills:
        yield warning(
            message=f"{kills} processes were killed for want of memory since the last start",
            evidence=f"oom_kill {kills} in /proc/vmstat",
            fix=host.command("journalctl", "-k", "--no-pager", "--grep", "Out of memory|oom-kill"),
        )


@CHECK.rule("load-high", Host, worst=Status.DEGRADED, holds="fewer than two processes a core wait for their turn")
def load_high(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Over fifteen minutes: a deployment or a backup is no load.
    """
    system = host.see("system")
    load = system["load"][2] / system["cores"]
    if load >= LOAD_WARNING:
        make = degraded if load >= LOAD_DEGRADED else warning
        yield make(
            message=f"the load over 15 minutes is {load:.1f} a core",
            evidence=f"{system['load'][2]:.2f} on {system['cores']} cores",
            fix=host.command("ps", "-eo", "pid,pcpu,stat,comm", "--sort=-pcpu"),
        )


@CHECK.rule("unit-failed", Host, worst=Status.DEGRADED, holds="no systemd unit has failed")
def unit_failed(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Services, timers, mounts and jobs alike.
    """
    for unit in host.see("units"):
        yield degraded(
            at=unit["name"],
            message="the unit has failed",
            evidence=unit["description"],
            fix=host.command("journalctl", "--no-pager", "-n", "50", "-u", unit["name"]),
        )


@CHECK.rule("updates-pending", Host, worst=Status.WARNING, holds="every security update is installed, by lists of this week")
def updates_pending(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Old lists say nothing of today's updates: that is unknown.
    """
    updates = host.see("updates")
    if updates["lists_age_s"] > LISTS_AGE_S:
        yield unknown(
            message=f"it is not known which updates wait: the lists are {updates['lists_age_s'] // DAY_S} days old",
            evidence="/var/lib/apt/lists",
            fix=host.command("apt-get", "update"),
        )
    if updates["pending"]:
        yield warning(
            message=f"{len(updates['pending'])} security updates are not installed",
            evidence=", ".join(updates["pending"][:10]),
            fix=host.command("unattended-upgrade"),
        )


@CHECK.rule("reboot-required", Host, worst=Status.WARNING, holds="no update waits for a restart")
def reboot_required(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    A kernel or library that is installed, but not the one that runs.
    """
    reboot = host.see("reboot")
    if reboot["is_required"]:
        yield warning(
            message="an update waits for a restart",
            evidence=", ".join(reboot["packages"]) or "/run/reboot-required",
            fix=shlex.join(["flotilla", "host", "reboot", "-s", scene.stack, host.name]),
        )


@CHECK.rule("clock-wrong", Host, worst=Status.DEGRADED, holds="the clock agrees with this machine's within 2 seconds")
def clock_wrong(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    `seen_s` is when this machine had the answer, `asked_s` when it asked: in between lies no disagreement.
    """
    clock, asked = host.see("clock"), host.see("asked")
    ahead_s = max(clock["time_s"] - asked["until_s"], 0.0) or min(clock["time_s"] - asked["from_s"], 0.0)
    if abs(ahead_s) >= CLOCK_WARNING_S:
        make = degraded if abs(ahead_s) >= CLOCK_DEGRADED_S else warning
        yield make(
            message=f"the clock is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} this machine's",
            evidence=f"{clock['time_s']:.0f} there, {asked['until_s']:.0f} here",
            fix=host.command("chronyc", "makestep"),
        )


@CHECK.rule("clock-unsynchronized", Host, worst=Status.WARNING, holds="something keeps the clock right")
def clock_unsynchronized(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    By the kernel's word, where the clock is the server's own: a machine of the sandbox has this computer's.
    """
    clock = host.see("clock")
    if clock["is_own"] and not clock["is_synchronized"]:
        yield warning(
            message="nothing keeps the clock right",
            evidence="the kernel's clock is not synchronized",
            fix=host.command("chronyc", "tracking"),
        )


@CHECK.rule(
    "declaration-differs", Host, worst=Status.DEGRADED, holds="the server's declaration is there, with the roles of the outputs"
)
def declaration_differs(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    What its roles read. Roles that follow from others are declared too, such as `docker`; the outputs do not name them.
    """
    declared = host.see("declaration")
    roles = set(declared["roles"]) & {*Role, *host.roles} if declared else set()
    if not declared or roles != set(host.roles):
        yield degraded(
            message="it has no declaration" if not declared else "its declaration has other roles than the outputs",
            evidence="/etc/flotilla/host.json: " + (", ".join(sorted(roles)) or "not there"),
            fix=f"pulumi up -s {scene.stack}",
        )


def measures(scene: Scene) -> dict[str, dict[str, float]]:
    """
    What each server that answered had of memory, and what it was busy with over the last 15 minutes.
    """
    found = {}
    for host in scene.hosts:
        system = host.sections.get("system", {}).get("data")
        if system and not host.problem:
            found[host.name] = {
                "memory_bytes": system["memory_bytes"],
                "memory_available_bytes": system["memory_available_bytes"],
                "cores": system["cores"],
                "load_15m": system["load"][2],
            }
    return found
