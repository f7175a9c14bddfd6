"""
The figures of a report and of the day before it, as tables with plots in them: each value stands there in words, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.page import figures
from ops.page.markup import Markup, element, table
from ops.page.records import DAY_S, Document, seconds

HOUR_S = 3600


@dataclass(frozen=True, kw_only=True)
class Plot:
    """
    One section of `measures` and how it is shown. `whole` is a bar's full length, at least; `limits` where it is a warning, and
    where critical.
    """

    section: str
    title: str
    heading: str
    value: str
    label: Callable[[Mapping[str, Any]], str]
    said: Callable[[float], str]
    whole: float = 0.0
    limits: tuple[float, float] | None = None

    def key(self, row: Mapping[str, Any]) -> str:
        """
        By which a row is found again in another report.
        """
        return self.label(row)


def _age(age_s: float) -> str:
    return f"{age_s / HOUR_S:.1f} hours" if age_s < 2 * DAY_S else f"{age_s / DAY_S:.1f} days"


PLOTS = (
    Plot(
        section="disks",
        title="Disk used, per server",
        heading="Server",
        value="used_share",
        label=lambda row: f"{row['server']} {row['mount']}",
        said=lambda value: f"{value:.0%}",
        whole=1.0,
        limits=(0.8, 0.95),
    ),
    Plot(
        section="responses",
        title="Response time, per project, from where the report ran",
        heading="Project",
        value="seconds",
        label=lambda row: f"{row['project']}, {row['site']}",
        said=lambda value: f"{value * 1000:.0f} ms",
        whole=1.0,
        limits=(1.0, 5.0),
    ),
    Plot(
        section="backups",
        title="Age of the last backup, per source",
        heading="Source",
        value="age_s",
        label=lambda row: f"{row['project']} {row['source']}",
        said=_age,
        whole=2 * DAY_S,
        limits=(30 * HOUR_S, 54 * HOUR_S),
    ),
    Plot(
        section="costs",
        title="Cost, per project, EUR a month at list prices",
        heading="Project",
        value="eur_per_month",
        label=lambda row: str(row["project"]),
        said=lambda value: f"{value:.2f} EUR",
    ),
)


def sections(report: Document, runs: Sequence[Document], now: float) -> Iterator[Markup]:
    """
    One table for each kind of figure; a kind that the report does not have is said to be unknown.
    """
    for plot in PLOTS:
        rows = _rows(report, plot)
        if rows is None:
            yield element("p", element("b", f"{plot.title}: "), "unknown, the report has no such figures.")
        elif not rows:
            yield element("p", element("b", f"{plot.title}: "), "there is nothing to measure.")
        else:
            yield _table(plot, rows, runs, now)


def _rows(report: Document, plot: Plot) -> list[Document] | None:
    found = (report.get("measures") or {}).get(plot.section)
    return found if isinstance(found, list) else None


def _table(plot: Plot, rows: Sequence[Document], runs: Sequence[Document], now: float) -> Markup:
    values = [row[plot.value] for row in rows if row[plot.value] is not None]
    whole = max([plot.whole, *values]) or 1.0
    cells = [(plot.label(row), _said(plot, row), _bar(plot, row, whole), _line(plot, plot.key(row), runs, now)) for row in rows]
    return table(plot.title, [plot.heading, "Now", f"Of {plot.said(whole)}", "Last 24 hours"], cells)


def _said(plot: Plot, row: Document) -> str:
    value = row[plot.value]
    return f"unknown: {row.get('why') or 'nobody says why'}" if value is None else plot.said(value)


def _bar(plot: Plot, row: Document, whole: float) -> Markup:
    return figures.bar(row[plot.value], whole, f"{plot.label(row)}: {_said(plot, row)}", level=_level(plot, row[plot.value]))


def _level(plot: Plot, value: float | None) -> str:
    if plot.limits is None or value is None or value < plot.limits[0]:
        return "ok"
    return "critical" if value >= plot.limits[1] else "warning"


def _line(plot: Plot, key: str, runs: Sequence[Document], now: float) -> Markup:
    """
    A run that did not measure it is a gap, as one in which it was not known.
    """
    points = []
    for run in runs:
        value = next((row[plot.value] for row in _rows(run, plot) or () if plot.key(row) == key), None)
        points.append((seconds(run["timestamp"]), value))
    seen = [value for _, value in points if value is not None]
    if not seen:
        return element("span", "no figures kept", class_="soft")
    gaps = f", unknown in {len(points) - len(seen)} runs" if len(seen) < len(points) else ""
    said = f"{key}: {plot.said(min(seen))} to {plot.said(max(seen))} in {len(seen)} runs{gaps}"
    return figures.line(points, now - DAY_S, now, said)
