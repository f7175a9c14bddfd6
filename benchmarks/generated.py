"""
Settings of any size: as many small projects as a number of resources needs, on the committed stack `staging`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import ROOT
from settings.documents import Document, read_document

STACK = "staging"
# How the committed program builds it: what stands under the projects, and what each of these projects adds.
FOUNDATION, PER_PROJECT = 69, 9


def lay(folder: Path, resources: int) -> Path:
    """
    Write settings that make about this many resources; each project is a copy of the guestbook without its database.
    """
    projects = [f"site-{number:03}" for number in range(max(1, round((resources - FOUNDATION) / PER_PROJECT)))]
    stack = _read(f"Pulumi.{STACK}.yaml")
    stack["config"]["flotilla:secrets"].pop("projects")
    environment = stack["config"]["flotilla:environment"]
    environment["servers"]["app"] |= {"type": "cx53"}  # 32 GB: room for all of them
    environment["zones"] = []
    (folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(stack))
    model = _read("projects/guestbook.yaml")
    del model["database"]
    serving: dict[str, Any] = {}
    (folder / "projects").mkdir()
    (folder / "releases").mkdir()
    for number, name in enumerate(projects):
        limits = {"memory_mb": 64, "cpus": 0.1}
        project = {**model, "name": name, "image": name, "domains": [{"subdomain": name}], "limits": limits}
        project.pop("source")
        (folder / "projects" / f"{name}.yaml").write_text(yaml.safe_dump(project))
        image = f"{environment['registry']}/{name}@sha256:{number:08x}{'0' * 56}"
        serving[name] = {"serving": [{"image": image, "slot": "a", "weight": 100}], "history": []}
    releases = {"platform": _read(f"releases/{STACK}.yaml")["platform"], "projects": serving}
    (folder / "releases" / f"{STACK}.yaml").write_text(yaml.safe_dump(releases))
    return folder


def _read(name: str) -> dict[str, Any]:
    document = read_document(ROOT / name, name)
    if not isinstance(document, Document) or not isinstance(document.data, dict):
        raise SystemExit(f"{name}: it cannot be read. Nothing was measured. Restore it from git.")
    return document.data
