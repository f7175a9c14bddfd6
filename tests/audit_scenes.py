"""
Scenes of audits as JSON: recorded from real machines, and changed to what was seen on them when something was wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ops.audit.scene import Cloud, Host, Record, Scene, Site

CASES = Path(__file__).parent / "cases" / "audit"
KINDS = {"hosts": Host, "sites": Site, "records": Record}


def document(scene: Scene) -> dict[str, Any]:
    """
    A scene as JSON has it: what `scene_of` takes.
    """
    whole = {"now": scene.now, "outputs": scene.outputs, "wanted": scene.wanted}
    subjects = {kind: [asdict(subject) for subject in getattr(scene, kind)] for kind in KINDS}
    return dict(json.loads(json.dumps({**whole, **subjects, "cloud": asdict(scene.cloud)})))


def scene_of(found: Mapping[str, Any]) -> Scene:
    """
    The scene of a document.
    """
    subjects = {kind: tuple(make(**_frozen(row)) for row in found[kind]) for kind, make in KINDS.items()}
    return Scene(now=found["now"], outputs=found["outputs"], wanted=found["wanted"], cloud=Cloud(**found["cloud"]), **subjects)


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def recorded() -> dict[str, Any]:
    """
    The sandbox's fleet as an audit saw it, with nothing wrong that tests ask for.
    """
    return dict(json.loads((CASES / "fleet.json").read_text()))


def changed(found: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """
    A document with other values: {path: value}, as in `hosts/app-1/sections/units/data`. A list's entry is named by its `name`,
    or counted; `+` at the end adds to a list.
    """
    whole = deepcopy(dict(found))
    for path, value in changes.items():
        *way, last = path.split("/")
        place: Any = whole
        for step in way:
            place = _inside(place, step)
        if last == "+":
            place.append(value)
        elif isinstance(place, list):
            place[place.index(_inside(place, last))] = value
        else:
            place[last] = value
    return whole


def _inside(place: Any, step: str) -> Any:
    if isinstance(place, list):
        named = [row for row in place if isinstance(row, dict) and row.get("name") == step]
        return named[0] if named else place[int(step)]
    return place[step]
