"""
A report's figures in Prometheus' text format.

Source: Prometheus' documentation, "Exposition formats", read 2026-11-26.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.report import Status

SEVERITIES = [status for status in Status if status is not Status.OK]


def text(document: Mapping[str, Any], now_s: float) -> str:
    """
    The figures of one report, for node_exporter's text files or anything else that reads the format.
    """
    return "".join(f"{line}\n" for line in _lines(document, now_s))


def _lines(document: Mapping[str, Any], now_s: float) -> Iterator[str]:
    where = {"environment": document["environment"]}
    checks = document["checks"]
    yield from _family("flotilla_report_last_run_timestamp_seconds", "When the report was made.", [(where, now_s)])
    yield from _family("flotilla_report_status", "1 for the status of everything, 0 for all others.", _states(where, document))
    yield from _family(
        "flotilla_report_check_duration_seconds",
        "How long a check took.",
        [({**where, "check": name}, check["duration_s"]) for name, check in checks.items()],
    )
    yield from _family(
        "flotilla_report_check_success",
        "1 where a check ran to its end and could look at everything.",
        [({**where, "check": name}, int(_is_whole(check))) for name, check in checks.items()],
    )
    yield from _family(
        "flotilla_report_check_status",
        "1 for the status of a check, 0 for all others.",
        [row for name, check in checks.items() for row in _states({**where, "check": name}, check)],
    )
    yield from _family(
        "flotilla_report_findings",
        "How much a check found, by severity.",
        [
            ({**where, "check": name, "severity": severity}, sum(row["severity"] == severity for row in check["findings"]))
            for name, check in checks.items()
            for severity in SEVERITIES
        ],
    )
    yield from _family(
        "flotilla_report_held",
        "How many things a check found as they should be.",
        [({**where, "check": name}, check["held"]) for name, check in checks.items()],
    )


def _is_whole(check: Mapping[str, Any]) -> bool:
    return all(row["severity"] != Status.UNKNOWN for row in check["findings"])


def _states(labels: Mapping[str, str], found: Mapping[str, Any]) -> list[tuple[dict[str, str], float]]:
    return [({**labels, "status": status}, int(status == found["status"])) for status in Status]


def _family(name: str, words: str, rows: list[tuple[dict[str, str], float]]) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    for labels, value in rows:
        written = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        yield f"{name}{{{written}}} {value:.3f}"


def _escaped(label: str) -> str:
    return str(label).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
