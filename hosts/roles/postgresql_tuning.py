"""
PostgreSQL's settings for a machine, as pgtune has them for a web application (`DB Type: web`, Linux, `DB size: mid_ram`).

Source: github.com/le0pard/pgtune, src/features/configuration/configurationSlice.js at commit 7caef27 (2026-07-30); read
2026-11-26. Two things are ours: the size of the disk bounds the write-ahead log, and connections are counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

MEGABYTE_KB = 1024
GIGABYTE_KB = 1024 * MEGABYTE_KB

HUGE_PAGES_FROM_KB = 2 * GIGABYTE_KB
MAINTENANCE_MAXIMUM_KB = 8 * GIGABYTE_KB
AUTOVACUUM_MAXIMUM_KB = 2 * GIGABYTE_KB
WAL_BUFFERS_MAXIMUM_KB = 16 * MEGABYTE_KB
WAL_BUFFERS_NEAR_KB = 14 * MEGABYTE_KB
WAL_BUFFERS_MINIMUM_KB = 32
WORK_MINIMUM_KB = 4 * MEGABYTE_KB
MIN_WAL_KB = GIGABYTE_KB
MAX_WAL_KB = 4 * GIGABYTE_KB
# Of the disk, at most, before a checkpoint is made: data has to fit too.
WAL_SHARE_OF_DISK = 1 / 8
# Of the disk, at most, kept for a backup server that does not fetch it: past this it has to start anew.
SLOT_SHARE_OF_DISK = 1 / 5
PARALLEL_FROM_CORES = 4
PARALLEL_MAXIMUM = 4
# PostgreSQL's own `max_worker_processes`, which pgtune counts on where it sets none.
DEFAULT_WORKERS = 8
LZ4_FROM_VERSION = 15
ASYNCHRONOUS_FROM_VERSION = 18
# {disk: (random_page_cost, effective_io_concurrency)}
DISKS = {"ssd": ("1.1", 200), "san": ("1.1", 300), "nvme": ("1.1", 1000), "hdd": ("4", 2)}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """
    What PostgreSQL may count on. `connections` is how many there may be at once; `disk` one of `DISKS`, and `disk_gb` the size
    of what its data is on (None: not known).
    """

    version: int
    memory_mb: int
    cores: int
    connections: int
    disk: str = "ssd"
    disk_gb: int | None = None


def tuned(machine: Machine) -> dict[str, str]:
    """
    The settings, in PostgreSQL's words.
    """
    memory = machine.memory_mb * MEGABYTE_KB
    shared = memory // 4
    maintenance = min(memory // 16, MAINTENANCE_MAXIMUM_KB)
    page_cost, concurrency = DISKS[machine.disk]
    return {
        "max_connections": str(machine.connections),
        "shared_buffers": size(shared),
        "huge_pages": "try" if shared >= HUGE_PAGES_FROM_KB else "off",
        "effective_cache_size": size(memory * 3 // 4),
        "maintenance_work_mem": size(maintenance),
        **({"autovacuum_work_mem": size(AUTOVACUUM_MAXIMUM_KB)} if maintenance >= AUTOVACUUM_MAXIMUM_KB else {}),
        "work_mem": size(work_memory(memory, shared, machine)),
        "wal_buffers": size(wal_buffers(shared)),
        **_log_sizes(machine.disk_gb),
        "checkpoint_completion_target": "0.9",
        "default_statistics_target": "100",
        "random_page_cost": page_cost,
        "effective_io_concurrency": str(concurrency),
        "jit": "off",
        "wal_compression": "lz4" if machine.version >= LZ4_FROM_VERSION else "on",
        **({"io_method": "io_uring"} if machine.version >= ASYNCHRONOUS_FROM_VERSION else {}),
        **_parallel(machine.cores),
        **_autovacuum(machine.cores),
    }


def work_memory(memory_kb: int, shared_kb: int, machine: Machine) -> int:
    """
    For one sort or hash, in kB: a third of what is left, shared by everybody who may be at it at once.
    """
    workers = machine.cores if machine.cores >= PARALLEL_FROM_CORES else DEFAULT_WORKERS
    return max(math.floor((memory_kb - shared_kb) / ((machine.connections + workers) * 3)), WORK_MINIMUM_KB)


def wal_buffers(shared_kb: int) -> int:
    """
    3 percent of the shared buffers, in kB; 16 MB at most, and whole where it comes near.
    """
    wanted = shared_kb * 3 // 100
    return max(WAL_BUFFERS_MAXIMUM_KB if wanted > WAL_BUFFERS_NEAR_KB else wanted, WAL_BUFFERS_MINIMUM_KB)


def _log_sizes(disk_gb: int | None) -> Mapping[str, str]:
    if disk_gb is None:
        return {"min_wal_size": size(MIN_WAL_KB), "max_wal_size": size(MAX_WAL_KB)}
    most = min(MAX_WAL_KB, int(disk_gb * GIGABYTE_KB * WAL_SHARE_OF_DISK) // MEGABYTE_KB * MEGABYTE_KB)
    return {
        "min_wal_size": size(min(MIN_WAL_KB, most)),
        "max_wal_size": size(most),
        "max_slot_wal_keep_size": size(int(disk_gb * GIGABYTE_KB * SLOT_SHARE_OF_DISK) // MEGABYTE_KB * MEGABYTE_KB),
    }


def _parallel(cores: int) -> Mapping[str, str]:
    if cores < PARALLEL_FROM_CORES:
        return {}
    half = str(min(math.ceil(cores / 2), PARALLEL_MAXIMUM))
    return {
        "max_worker_processes": str(cores),
        "max_parallel_workers_per_gather": half,
        "max_parallel_workers": str(cores),
        "max_parallel_maintenance_workers": half,
    }


def _autovacuum(cores: int) -> Mapping[str, str]:
    if cores < 16:
        return {}
    return {"autovacuum_max_workers": "5" if cores >= 32 else "4"}


def size(kilobytes: int) -> str:
    """
    In the largest unit in which it is a whole number, as pgtune writes it.
    """
    for unit, factor in (("GB", GIGABYTE_KB), ("MB", MEGABYTE_KB)):
        if kilobytes % factor == 0:
            return f"{kilobytes // factor}{unit}"
    return f"{kilobytes}kB"
