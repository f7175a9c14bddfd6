"""
The files of a bundle, from an assessment and its evidence. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ops.compliance.bundle import File
from ops.compliance.evidence import Evidence
from ops.compliance.render import pages
from ops.secrecy import Filter
from policies.reference import render_reference


def files(
    evidence: Evidence, assessment: Mapping[str, Any], record: Mapping[str, Any], hide: Filter | None
) -> tuple[File, ...]:
    """
    Every piece of evidence. `hide` takes secrets out; without it only what looks like one is taken out.
    """
    return tuple(_clean(file, hide or Filter(())) for file in _files(evidence, assessment, record))


def _files(evidence: Evidence, assessment: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[File]:
    when = str(assessment["timestamp"])
    for page in pages(assessment, record):
        yield File(path=page.path, content=page.content.encode(), what=page.title, when=when)
    yield _json("compliance.json", assessment, "every control with its status and evidence", when)
    yield _json("record-of-processing.json", record, "the record of processing, as far as settings know it", when)
    yield _json(
        "settings.json", _settings(evidence), "the environment and its projects as settings have them, without secrets", when
    )
    yield File(path="policies.md", content=render_reference().encode(), what="every policy, with its examples run", when=when)
    for name, report in evidence.reports.items():
        said = "the newest report of all checks" if name == "global" else f"the newest report of the check {name}"
        yield _json(f"reports/{name}.json", report, said, str(report.get("timestamp", "")))
    if evidence.plan is not None:
        yield _json("plan.json", evidence.plan, "a plan of these settings, judged by the policies", "")
    if evidence.history:
        lines = "".join(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n" for line in evidence.history)
        last = str(evidence.history[-1].get("at", ""))
        yield File(
            path="history.jsonl", content=lines.encode(), what="the audit log, each line with the one before's hash", when=last
        )


def _settings(evidence: Evidence) -> dict[str, Any]:
    settings = evidence.settings
    return {
        "stack": settings.stack,
        "environment": settings.environment.model_dump(mode="json"),
        "projects": {name: project.model_dump(mode="json") for name, project in sorted(settings.projects.items())},
        "releases": settings.releases.model_dump(mode="json"),
    }


def _json(path: str, document: Mapping[str, Any], what: str, when: str) -> File:
    return File(path=path, content=(json.dumps(document, indent=2) + "\n").encode(), what=what, when=when)


def _clean(file: File, hide: Filter) -> File:
    before = file.content.decode()
    after = hide(before)
    if after == before:
        return file
    return File(path=file.path, content=after.encode(), what=file.what, when=file.when, is_masked=True)
