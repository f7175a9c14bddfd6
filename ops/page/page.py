"""
The page: one status, what to do, what was measured, and what was done in the last day. Pure: of the records and the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ops.page import plots
from ops.page.markup import Markup, element, joined, table, text
from ops.page.records import DAY_S, Document, Records, seconds
from ops.page.style import CSS
from ops.report import Status, overall

# A report is made every six hours: after two that did not come, the last one says nothing of now.
STALE_S = 12 * 3600
MOST_FINDINGS = 200
SYNC = "sync"
NONE = "none"


def render(stack: str, records: Records, now: float) -> str:
    """
    The whole file.
    """
    status = status_of(records.report, now)
    title = f"{stack} is {status}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="robots", content="noindex"),
        element("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'"),
        element("title", f"{title} - Flotilla"),
        element("style", Markup(CSS)),
    )
    body = element(
        "body",
        element("header", element("h1", stack, " is ", badge(status)), *_about(records, now)),
        element("main", *_main(records, now)),
        element(
            "footer", element("p", f"Written {when(now)} by flotilla. Times are UTC. This page does not change by itself.")
        ),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def status_of(report: Document | None, now: float) -> Status:
    """
    Of now: without a report that is young enough it is UNKNOWN, and one that was OK is so no more.
    """
    if report is None:
        return Status.UNKNOWN
    status = known(report.get("status"))
    if now - seconds(report["timestamp"]) <= STALE_S:
        return status
    return overall([status, Status.UNKNOWN])


def known(status: object) -> Status:
    """
    A status as reports write it; what is none is UNKNOWN.
    """
    return next((one for one in Status if one == status), Status.UNKNOWN)


def badge(status: object) -> Markup:
    """
    A status in its colour, and in words.
    """
    return element("span", str(status), class_=f"badge {known(status).lower()}")


def when(at: float | str) -> str:
    """
    A time for people.
    """
    moment = seconds(at) if isinstance(at, str) else at
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")


def _about(records: Records, now: float) -> Iterator[Markup]:
    report = records.report
    if report is None:
        yield element("p", "There is no report yet. Run ", element("code", "flotilla report"), ".")
    else:
        age_s = now - seconds(report["timestamp"])
        yield element("p", f"Looked at {when(report['timestamp'])}, {ago(age_s)}.")
        if age_s > STALE_S:
            yield element(
                "p",
                element("b", "This report is old: how things are now is not known. "),
                "Run ",
                element("code", "flotilla report"),
                ".",
            )
        revisions = (
            ("commit", report.get("commit")),
            ("branch", report.get("branch")),
            ("deployed", report.get("deployed_revision")),
        )
        said = ", ".join(f"{name} {str(value)[:12] if name != 'branch' else value}" for name, value in revisions if value)
        yield element("p", said or "Of which commit it is, is not known.", class_="soft")
        counted = report.get("summary", {})
        rows = (element("li", element("b", counted.get(status.lower(), "?")), f" {status.lower()}") for status in Status)
        yield element("ul", *rows, class_="counts")
    for problem in records.problems:
        yield element("p", element("b", "Not shown: "), problem, ".")


def ago(age_s: float) -> str:
    """
    How long ago, in words.
    """
    if age_s < 120:
        return "just now"
    return f"{age_s / 60:.0f} minutes ago" if age_s < 7200 else f"{age_s / 3600:.0f} hours ago"


def _main(records: Records, now: float) -> Iterator[Markup]:
    if records.report is not None:
        yield element("h2", "What to do")
        yield from _findings(records.report)
        yield element("h2", "Checks")
        yield _checks(records.report, records.runs)
        yield element("h2", "Figures")
        yield from plots.sections(records.report, records.runs, now)
    yield element("h2", "The last 24 hours")
    yield from _day(records)


def findings(report: Document) -> list[Document]:
    """
    All of a report, worst first, each with its check.
    """
    rows = [{**row, "check": name} for name, check in report.get("checks", {}).items() for row in check.get("findings", ())]
    return sorted(rows, key=lambda row: (-known(row.get("severity")).rank, str(row.get("severity")), str(row.get("resource"))))


def _findings(report: Document) -> Iterator[Markup]:
    rows = findings(report)
    if not rows:
        yield element("p", "Nothing has to be done.")
    for row in rows[:MOST_FINDINGS]:
        severity = known(row.get("severity"))
        heading = element("h3", badge(severity), " ", row.get("resource", ""), ": ", row.get("message", ""))
        seen = element("p", "Seen: ", row["evidence"], class_="soft") if row.get("evidence") else Markup()
        fix = element("pre", element("code", row["fix"])) if row.get("fix") else Markup()
        yield element("article", heading, element("p", row.get("id", ""), class_="soft"), seen, fix, class_=severity.lower())
    if len(rows) > MOST_FINDINGS:
        yield element("p", f"{len(rows) - MOST_FINDINGS} more are in reports/global_report.json.")


def _checks(report: Document, runs: Sequence[Document]) -> Markup:
    rows = [
        (
            name,
            badge(check.get("status")),
            str(len(check.get("findings", ()))),
            f"{check.get('duration_s', 0):.1f} s",
            _counted(run["checks"][name].get("status") for run in runs if name in run.get("checks", {})),
        )
        for name, check in report.get("checks", {}).items()
    ]
    return table("Each check, and what it said in the last 24 hours", ["Check", "Status", "Findings", "Took", "24 hours"], rows)


def _counted(statuses: Iterable[object]) -> str:
    counted = Counter(known(status) for status in statuses)
    return ", ".join(f"{counted[status]} {status}" for status in Status if counted[status]) or NONE


def _day(records: Records) -> Iterator[Markup]:
    runs = _counted(run.get("status") for run in records.runs)
    yield _or_none(
        "Runs of the report", runs, ["When", "Status", "Critical", "Degraded", "Warning", "Unknown"], map(_run, records.runs)
    )
    others = [row for row in records.operations if row.get("operation") != SYNC]
    yield _or_none("Fixes", _results(records.fixes), ["When", "Branch", "Result", "Fixes"], map(_fix, records.fixes))
    headings = ["When", "What", "Result", "Level", "Who", "Took"]
    yield _or_none("Operations", _results(others), headings, map(_operation, others))
    yield _or_none(
        "Syncs of git remotes",
        _results(records.syncs, "outcome"),
        ["When", "Remote", "Branch", "Result", "Detail"],
        map(_sync, records.syncs),
    )


def _or_none(caption: str, counted: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    kept = list(rows)
    if not kept:
        return element("p", element("b", f"{caption}: "), NONE, ".")
    return table(f"{caption}: {counted}", headings, kept)


def _results(rows: Sequence[Document], key: str = "status") -> str:
    return ", ".join(f"{count} {result}" for result, count in sorted(Counter(str(row.get(key, "?")) for row in rows).items()))


def _run(row: Mapping[str, Any]) -> Sequence[object]:
    counted = row.get("summary", {})
    names = ("critical", "degraded", "warning", "unknown")
    return (when(row["timestamp"]), badge(row.get("status")), *(str(counted.get(name, "?")) for name in names))


def _operation(row: Mapping[str, Any]) -> Sequence[object]:
    steps = [step for step in row.get("steps", ()) if step.get("status") in ("failed", "interrupted")]
    why = joined(element("p", f"{step.get('name')}: {step.get('detail')}", class_="soft") for step in steps)
    result = Markup(text(row.get("status", "?")) + why)
    return (
        when(row["started"]),
        row.get("what", ""),
        result,
        row.get("level", ""),
        row.get("who", ""),
        f"{row.get('duration_s', 0):.0f} s",
    )


def _fix(row: Mapping[str, Any]) -> Sequence[object]:
    fixes = row.get("fixes", ())
    said = joined(element("p", f"{fix.get('status')}: {fix.get('action')}", class_="soft") for fix in fixes)
    return when(row["when"]), row.get("branch") or "-", row.get("status", "?"), Markup(text(_results(fixes) or NONE) + said)


def _sync(row: Mapping[str, Any]) -> Sequence[object]:
    return (
        when(row["time"]),
        row.get("remote", ""),
        row.get("branch", ""),
        row.get("outcome", ""),
        row.get("detail", "") or "-",
    )


def since(now: float) -> float:
    """
    Where the last day begins.
    """
    return now - DAY_S
