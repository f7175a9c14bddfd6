"""
`python -m benchmarks [NAME ...]`: run, print `name value bar holds`, record; exit 1 when a bar does not hold.
"""

from __future__ import annotations

import sys

from benchmarks.audit import audit_ratio
from benchmarks.backups import (
    backup_narrow_ratio,
    backup_ratio,
    damage_missed,
    restore_narrow_ratio,
    restore_ratio,
    restore_small_ratio,
)
from benchmarks.converge import converge_ratio
from benchmarks.dossier import docs_30_s, docs_200_s, docs_s
from benchmarks.growth import policy_added_1000_s, policy_added_s, preview_memory_mb, preview_ms_per_resource
from benchmarks.measure import Figure, record
from benchmarks.preview import preview_ratio
from benchmarks.up import up_cold_s, up_warm_s
from benchmarks.zero_downtime import (
    canary_error_points,
    deploy_ratio,
    lost_requests,
    lost_requests_broken_image,
    lost_requests_failing_migration,
    lost_requests_killed,
    lost_requests_rebooted,
    lost_requests_slow_starter,
    rollback_ratio,
)

BENCHMARKS = {
    "preview_ratio": preview_ratio,
    "preview_ms_per_resource": preview_ms_per_resource,
    "preview_memory_mb": preview_memory_mb,
    "policy_added_s": policy_added_s,
    "policy_added_1000_s": policy_added_1000_s,
    "audit_ratio": audit_ratio,
    "converge_ratio": converge_ratio,
    "backup_ratio": backup_ratio,
    "backup_narrow_ratio": backup_narrow_ratio,
    "restore_ratio": restore_ratio,
    "restore_small_ratio": restore_small_ratio,
    "restore_narrow_ratio": restore_narrow_ratio,
    "damage_missed": damage_missed,
    "lost_requests": lost_requests,
    "lost_requests_broken_image": lost_requests_broken_image,
    "lost_requests_slow_starter": lost_requests_slow_starter,
    "lost_requests_failing_migration": lost_requests_failing_migration,
    "lost_requests_killed": lost_requests_killed,
    "canary_error_points": canary_error_points,
    "deploy_ratio": deploy_ratio,
    "rollback_ratio": rollback_ratio,
    "lost_requests_rebooted": lost_requests_rebooted,
    "docs_s": docs_s,
    "docs_30_s": docs_30_s,
    "docs_200_s": docs_200_s,
    "up_warm_s": up_warm_s,
    "up_cold_s": up_cold_s,
}


def main(names: list[str]) -> int:
    """
    Run the named benchmarks, or all; 2 when a name is unknown.
    """
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        print(
            f"benchmarks: {', '.join(unknown)} does not exist. Nothing was run. Choose from: {', '.join(BENCHMARKS)}.",
            file=sys.stderr,
        )
        return 2
    figures: list[Figure] = []
    for name in names or BENCHMARKS:
        figure = BENCHMARKS[name]()
        figures.append(figure)
        print(figure.line(), flush=True)
    record(figures)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
