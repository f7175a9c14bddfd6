"""
The report's page, reports/report.html: written after each report, and by `flotilla dashboard`.
"""

from __future__ import annotations

import time
from pathlib import Path

from ops import reports
from ops.page.page import render, since
from ops.page.records import collect

NAME = "report.html"


def write(checkout: Path, stack: str, out: Path | None = None, now: float | None = None) -> Path:
    """
    Write the page of what is kept in reports/. Only its owner may read it, as the reports.

    Raises: OSError where it cannot be written.
    """
    now = time.time() if now is None else now
    page = render(stack, collect(checkout, stack, since(now)), now)
    path = out or checkout / "reports" / NAME
    path.parent.mkdir(mode=0o700, exist_ok=True)
    reports.put(path, page)
    return path
