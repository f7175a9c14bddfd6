"""
Scenes of the report's own checks as JSON: a project, a server or a checkout as it was seen, in the recorded fleet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ops.audit.scene import Code, Documents, Host, Journal, Scene, Served
from tests.audit_scenes import changed, recorded, scene_of

KINDS = {"code": Code, "documents": Documents, "journal": Journal, "served": Served}


def scene(case: Mapping[str, Any]) -> Scene:
    """
    The recorded fleet, with the case's changes of its outputs and with what the case has beside it. Its hosts have the case's
    `haproxy`.
    """
    found = scene_of(changed(recorded(), case.get("changes", {})))
    further = tuple(
        KINDS[row["kind"]](**{key: value for key, value in row.items() if key != "kind"}) for row in case["subjects"]
    )
    hosts = tuple(_with_haproxy(host, case.get("haproxy")) for host in found.hosts)
    return replace(found, further=further, hosts=hosts)


def _with_haproxy(host: Host, seen: Any) -> Host:
    section = {"data": seen if host.name == "app-1" else None} if seen is None or "error" not in seen else seen
    return replace(host, sections={**host.sections, "haproxy": section})
