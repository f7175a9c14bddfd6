"""
What is kept of reports: the newest, 30 days, figures, a bounded log; and one run at a time.
"""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ops import report
from ops.report import CheckReport, Finding, Origin, Status
from ops.verdict import kept, metrics

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CODE = Path(__file__).parents[3]


def document(status: Status = Status.CRITICAL, name: str = "local") -> dict[str, Any]:
    finding = Finding(id="tls.expired", severity=status, resource="a", message="ended", evidence="", fix="true")
    found = () if status is Status.OK else (finding,)
    checks = [
        CheckReport(name="tls", duration_s=1.25, findings=found, held=3),
        CheckReport(name="dns", duration_s=0.5, findings=(), held=4),
    ]
    origin = Origin(environment=name, commit="a" * 40, branch="main", deployed_revision="b" * 40)
    return json.loads(json.dumps(report.document(origin, checks, NOW)))  # type: ignore[no-any-return]  # an object is one


def test_thirty_days_are_kept_and_somebody_elses_files_too(tmp_path: Path) -> None:
    """A report of 31 days ago goes; what is not named like one stays."""
    for days in (31, 29, 0):
        kept.keep(tmp_path, document(), NOW - timedelta(days=days))
    (tmp_path / "reports/history/notes.json").write_text("{}")
    kept.keep(tmp_path, document(Status.OK), NOW + timedelta(seconds=1))

    names = sorted(path.name for path in (tmp_path / "reports/history").iterdir())
    assert names == [
        "20261028T120000.000000Z.json",
        "20261126T120000.000000Z.json",
        "20261126T120001.000000Z.json",
        "notes.json",
    ]
    assert [row["status"] for row in kept.history(tmp_path, NOW - timedelta(days=1))] == ["CRITICAL", "OK"]
    assert json.loads((tmp_path / "reports/global_report.json").read_text())["status"] == "OK"


def test_what_is_kept_is_its_owners(tmp_path: Path) -> None:
    """It says where an environment is weak."""
    kept.keep(tmp_path, document(), NOW)
    kept.note(tmp_path, "a line", NOW)

    files = [path for path in (tmp_path / "reports").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"global_report.json", "metrics.prom", "orchestrator.log"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_report_of_history_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    """The others are told."""
    kept.keep(tmp_path, document(), NOW)
    (tmp_path / "reports/history/20261126T110000.000000Z.json").write_text('{"status": ')

    assert len(kept.history(tmp_path, NOW - timedelta(days=1))) == 1


def test_the_log_is_bounded(tmp_path: Path) -> None:
    """Two files; the newest line is in the first."""
    for number in range(4):
        kept.note(tmp_path, f"{number} " + "x" * (kept.LOG_BYTES // 2 + 1), NOW)

    names = {path.name: path.stat().st_size for path in (tmp_path / "reports").iterdir()}
    assert names.keys() == {"orchestrator.log", "orchestrator.log.1"}
    assert max(names.values()) < 2 * kept.LOG_BYTES
    assert (tmp_path / "reports/orchestrator.log").read_text().splitlines()[-1].startswith("2026-11-26T12:00:00+00:00 3 x")


def test_a_second_run_waits_for_the_first(tmp_path: Path) -> None:
    """Another process; and the lock of one that was killed is free."""
    program = (
        "from pathlib import Path; from ops.verdict import kept\n"
        f"with kept.alone(Path({str(tmp_path)!r})): print('in', flush=True); "
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program + "input()"], cwd=CODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None and holder.stdout.readline() == b"in\n"
    second = subprocess.Popen([sys.executable, "-c", program + "pass"], cwd=CODE, stdout=subprocess.PIPE)
    time.sleep(1)
    waited = second.poll() is None
    holder.kill()
    holder.communicate()
    printed, _ = second.communicate(timeout=30)

    assert waited
    assert (second.returncode, printed) == (0, b"in\n")


def test_figures_are_those_of_the_report() -> None:
    """Each check's time, whether it could look, its status and its counts; labels are escaped."""
    lines = metrics.text(document(Status.UNKNOWN, 'lo"cal'), NOW.timestamp()).splitlines()
    environment = 'environment="lo\\"cal"'

    assert f'flotilla_report_check_duration_seconds{{{environment},check="tls"}} 1.250' in lines
    assert f'flotilla_report_check_success{{{environment},check="tls"}} 0.000' in lines
    assert f'flotilla_report_check_success{{{environment},check="dns"}} 1.000' in lines
    assert f'flotilla_report_check_status{{{environment},check="tls",status="UNKNOWN"}} 1.000' in lines
    assert f'flotilla_report_findings{{{environment},check="tls",severity="UNKNOWN"}} 1.000' in lines
    assert f'flotilla_report_status{{{environment},status="WARNING"}} 1.000' in lines
    assert f"flotilla_report_last_run_timestamp_seconds{{{environment}}} {NOW.timestamp():.3f}" in lines
    assert len([line for line in lines if not line.startswith("#")]) == len(
        {line.rpartition(" ")[0] for line in lines if line[0] != "#"}
    )
