"""
The machine itself: load, memory, disks, clock.
"""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any

from hosts.probe.reading import is_container, lines_of, text_of

# File systems that hold no files of anybody's.
UNREAL = frozenset(
    [
        "autofs",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "fuse.lxcfs",
        "fusectl",
        "hugetlbfs",
        "mqueue",
        "nsfs",
        "proc",
        "pstore",
        "ramfs",
        "rpc_pipefs",
        "securityfs",
        "squashfs",
        "sysfs",
        "tracefs",
    ]
)
# Where Docker mounts what containers see: counted once, on the disk that it lies on.
NOT_OURS = (
    "/var/lib/docker/",
    "/var/lib/containerd/",
    "/run/docker/",
    "/run/containerd/",
    "/dev/",
    "/proc/",
    "/sys/",
    "/run/credentials/",
)
STA_UNSYNC = 0x0040
"""Source: adjtimex(2)."""


def system() -> dict[str, Any]:
    """
    Load over 1, 5 and 15 minutes, memory in bytes, and how many processes were killed for want of memory since boot.
    """
    memory = {name: int(value.split()[0]) * 1024 for name, value in (line.split(":", 1) for line in lines_of("/proc/meminfo"))}
    counters = dict(line.split(" ", 1) for line in lines_of("/proc/vmstat"))
    return {
        "hostname": os.uname().nodename,
        "kernel": os.uname().release,
        "uptime_s": round(float(text_of("/proc/uptime").split()[0])),
        "load": list(os.getloadavg()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory["MemTotal"],
        "memory_available_bytes": memory["MemAvailable"],
        "oom_kills": int(counters["oom_kill"]),
    }


def disks() -> list[dict[str, Any]]:
    """
    Every file system once, at the first place where it is mounted: bytes and inodes, all and free, and whether it is read-only.
    """
    found: dict[int, dict[str, Any]] = {}
    for line in lines_of("/proc/mounts"):
        device, point, kind, options = line.split(" ")[:4]
        if kind in UNREAL or f"{point}/".startswith(NOT_OURS):
            continue
        path = point.encode().decode("unicode_escape")
        try:
            space, number = os.statvfs(path), os.stat(path).st_dev  # noqa: PTH116
        except OSError:
            continue  # mounted over, or gone since
        if number not in found and space.f_blocks:
            found[number] = {
                "mount": path,
                "device": device,
                "kind": kind,
                "size_bytes": space.f_blocks * space.f_frsize,
                "free_bytes": space.f_bavail * space.f_frsize,
                "inodes": space.f_files,
                "free_inodes": space.f_favail,
                "is_read_only": "ro" in options.split(","),
            }
    return list(found.values())


def clock() -> dict[str, Any]:
    """
    The time here, and whether the kernel says that something keeps it right. A container's clock is its host's.
    """
    buffer = ctypes.create_string_buffer(512)  # struct timex, all zero: read and set nothing
    library = ctypes.CDLL(None, use_errno=True)
    if library.adjtimex(buffer) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    # modes (4, padded to 8), offset, freq, maxerror, esterror (8 each), status.
    status = int.from_bytes(buffer.raw[40:44], "little")
    return {"time_s": time.time(), "is_own": not is_container(), "is_synchronized": not status & STA_UNSYNC}
