"""
Environments that advice is given about: the sample fleet with other settings, and what reports have measured of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ops.advice.advise import document, propose, tried
from ops.advice.proposal import Situation
from ops.advice.trial import attempt
from settings.prices import PriceList, parse
from tests.compliance_scenes import NOW
from tests.conftest import Checkout

PRICES: PriceList = parse((Path(__file__).parent / "cases" / "costs" / "prices.json").read_text())
GIB = 1024**3


def rewritten(checkout: Checkout, case: Mapping[str, Any]) -> Checkout:
    """
    `environment`: {place with dots: value} of the stack's settings; `projects`: {project: {place: value}}. None takes away.
    """
    stack = case["stack"]
    _edit(checkout.root / f"Pulumi.{stack}.yaml", case.get("environment", {}), ("config", "flotilla:environment"))
    for name, changes in case.get("projects", {}).items():
        _edit(checkout.root / "projects" / f"{name}.yaml", changes, ())
    return checkout


def _edit(path: Path, changes: Mapping[str, Any], prefix: tuple[str, ...]) -> None:
    document_ = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        place = document_
        *outer, last = (*prefix, *key.split("."))
        for part in outer:
            place = place.setdefault(part, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    path.write_text(yaml.safe_dump(document_, sort_keys=False))


def situation(checkout: Checkout, case: Mapping[str, Any]) -> Situation:
    """
    `used`: {server: [share of the memory that is used, load over 15 minutes]}; `killed`: {project and process: message};
    `seconds`: {project: the time of its answers}.
    """
    settings = checkout.settings(case["stack"])
    return Situation(settings=settings, prices=PRICES, reports=reports(settings.environment.name, case))


def reports(environment: str, case: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the reports of this morning have measured."""
    common = {"timestamp": NOW.isoformat(), "environment": environment}
    found: dict[str, dict[str, Any]] = {}
    if "used" in case:
        measures = {
            name: {"memory_bytes": 8 * GIB, "memory_available_bytes": round(8 * GIB * (1 - share)), "load_15m": load}
            for name, (share, load) in case["used"].items()
        }
        found["hosts"] = {**common, "checks": {"hosts": {"findings": [], "measures": measures}}}
    if "killed" in case:
        rows = [
            {"id": "prod.out-of-memory", "severity": "CRITICAL", "resource": name, "message": said}
            for name, said in case["killed"].items()
        ]
        found["prod"] = {**common, "checks": {"prod": {"findings": rows}}}
    if "seconds" in case:
        rows = [
            {"project": name, "site": name, "seconds": value, "status": 200, "why": ""}
            for name, value in case["seconds"].items()
        ]
        found["global"] = {**common, "checks": {}, "measures": {"responses": rows}}
    return found


def advice(checkout: Checkout, case: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that is proposed, each tried in a copy of the checkout."""
    known = situation(checkout, case)
    return document(known, tried(known, propose(known), lambda changes: attempt(checkout.root, case["stack"], changes)))


def told(found: Mapping[str, Any]) -> list[str]:
    """The proposals, each in one line."""
    return [
        f"{row['id']} {row['project']}: "
        + "; ".join(f"{change['file']} {change['path']}: {change['old']} -> {change['new']}" for change in row["changes"])
        + f" ({row['eur_per_month']} EUR)"
        for row in found["proposals"]
    ]
