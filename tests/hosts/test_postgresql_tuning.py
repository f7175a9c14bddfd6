"""
PostgreSQL's settings for a machine: pgtune's figures, and never more memory than there is.
"""

from __future__ import annotations

import re

import pytest

from hosts.roles.postgresql_tuning import Machine, size, tuned
from settings.catalog import SERVER_TYPES

# {(GB, cores): what pgtune says for PostgreSQL 15, Linux, `web`, SSD and no number of connections}. Source: its own selectors
# at commit 7caef27, run with these inputs on 2026-11-26.
PUBLISHED = {
    (16, 4): {
        "max_connections": "200",
        "shared_buffers": "4GB",
        "effective_cache_size": "12GB",
        "maintenance_work_mem": "1GB",
        "checkpoint_completion_target": "0.9",
        "wal_buffers": "16MB",
        "default_statistics_target": "100",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "200",
        "work_mem": "20560kB",
        "huge_pages": "try",
        "jit": "off",
        "wal_compression": "lz4",
        "min_wal_size": "1GB",
        "max_wal_size": "4GB",
        "max_worker_processes": "4",
        "max_parallel_workers_per_gather": "2",
        "max_parallel_workers": "4",
        "max_parallel_maintenance_workers": "2",
    },
    (4, 2): {
        "max_connections": "200",
        "shared_buffers": "1GB",
        "effective_cache_size": "3GB",
        "maintenance_work_mem": "256MB",
        "checkpoint_completion_target": "0.9",
        "wal_buffers": "16MB",
        "default_statistics_target": "100",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "200",
        "work_mem": "5041kB",
        "huge_pages": "off",
        "jit": "off",
        "wal_compression": "lz4",
        "min_wal_size": "1GB",
        "max_wal_size": "4GB",
    },
    (64, 16): {
        "max_connections": "200",
        "shared_buffers": "16GB",
        "effective_cache_size": "48GB",
        "maintenance_work_mem": "4GB",
        "autovacuum_work_mem": "2GB",
        "checkpoint_completion_target": "0.9",
        "wal_buffers": "16MB",
        "default_statistics_target": "100",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "200",
        "work_mem": "77672kB",
        "huge_pages": "try",
        "jit": "off",
        "wal_compression": "lz4",
        "min_wal_size": "1GB",
        "max_wal_size": "4GB",
        "max_worker_processes": "16",
        "max_parallel_workers_per_gather": "4",
        "max_parallel_workers": "16",
        "max_parallel_maintenance_workers": "4",
        "autovacuum_max_workers": "4",
    },
}


@pytest.mark.parametrize(("memory_gb", "cores"), PUBLISHED)
def test_the_figures_are_those_of_pgtune(memory_gb: int, cores: int) -> None:
    """Every one of them, and none besides."""
    assert tuned(Machine(version=15, memory_mb=memory_gb * 1024, cores=cores, connections=200)) == PUBLISHED[memory_gb, cores]


@pytest.mark.parametrize(
    ("disk", "cost", "concurrency"), [("ssd", "1.1", "200"), ("san", "1.1", "300"), ("nvme", "1.1", "1000"), ("hdd", "4", "2")]
)
def test_the_kind_of_disk_decides_what_reading_costs(disk: str, cost: str, concurrency: str) -> None:
    """As in pgtune's own tests: `selectRandomPageCost`, `selectEffectiveIoConcurrency`."""
    found = tuned(Machine(version=15, memory_mb=4096, cores=2, connections=100, disk=disk))
    assert (found["random_page_cost"], found["effective_io_concurrency"]) == (cost, concurrency)


def test_pgtunes_own_tests_hold() -> None:
    """The rows of `configurationSlice.test.js` that are about web applications on Linux."""
    large = tuned(Machine(version=17, memory_mb=256 * 1024, cores=4, connections=200))
    assert (large["maintenance_work_mem"], large["autovacuum_work_mem"]) == ("8GB", "2GB")
    assert tuned(Machine(version=15, memory_mb=4096, cores=4, connections=9999))["work_mem"] == "4MB"
    assert tuned(Machine(version=14, memory_mb=4096, cores=4, connections=200))["wal_compression"] == "on"
    assert "max_worker_processes" not in tuned(Machine(version=15, memory_mb=4096, cores=1, connections=200))
    assert tuned(Machine(version=15, memory_mb=65536, cores=32, connections=200))["autovacuum_max_workers"] == "5"
    assert tuned(Machine(version=18, memory_mb=4096, cores=4, connections=200))["io_method"] == "io_uring"


def test_the_log_leaves_room_for_the_data() -> None:
    """On a small disk it is smaller than pgtune's; what a lost backup server keeps is bounded too."""
    small = tuned(Machine(version=15, memory_mb=4096, cores=2, connections=50, disk_gb=10))
    large = tuned(Machine(version=15, memory_mb=4096, cores=2, connections=50, disk_gb=100))
    assert (small["min_wal_size"], small["max_wal_size"], small["max_slot_wal_keep_size"]) == ("1GB", "1280MB", "2GB")
    assert (large["min_wal_size"], large["max_wal_size"], large["max_slot_wal_keep_size"]) == ("1GB", "4GB", "20GB")


@pytest.mark.parametrize("name", SERVER_TYPES)
@pytest.mark.parametrize("connections", [20, 100, 200])
def test_all_at_once_fits_the_memory(name: str, connections: int) -> None:
    """Everybody sorts, vacuum runs with all its workers, caches are full: nothing that the kernel would kill PostgreSQL for."""
    hardware = SERVER_TYPES[name]
    memory = hardware.memory_gb * 1024 * 1024
    found = tuned(Machine(version=15, memory_mb=hardware.memory_gb * 1024, cores=hardware.cores, connections=connections))
    vacuum = kilobytes(found.get("autovacuum_work_mem", found["maintenance_work_mem"])) * int(
        found.get("autovacuum_max_workers", 3)
    )
    everybody = kilobytes(found["work_mem"]) * connections
    assert kilobytes(found["shared_buffers"]) + kilobytes(found["wal_buffers"]) + vacuum + everybody <= memory


def kilobytes(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(kB|MB|GB)", text).groups()
    return int(number) * {"kB": 1, "MB": 1024, "GB": 1024**2}[unit]


def test_sizes_are_written_in_the_largest_whole_unit() -> None:
    """As pgtune writes them."""
    assert [size(found) for found in (1024**2, 1024, 1536, 5)] == ["1GB", "1MB", "1536kB", "5kB"]
