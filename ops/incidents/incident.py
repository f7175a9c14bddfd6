"""
An incident from its start to its end: look, write down what was seen without any secret, say what to do, remember it.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops.errors import RefusedError
from ops.incidents import folder, postmortem, runbook, timeline
from ops.incidents.gather import Gathered, gather
from ops.report import Finding, Status
from ops.secrecy import Filter

SCHEMA = 1
SINCE_S = 6 * 3600
POST_MORTEM, RUNBOOK, TIMELINE = "post-mortem.md", "what-to-do.md", "timeline.json"
# Texts of servers, which are left out where nobody knows what in them is secret: {section of the probe: file}.
TEXTS = {"journal": "journal.log", "kernel": "kernel.log", "processes": "processes.txt"}


def start(checkout: Path, stack: str, *, project: str | None, title: str, since_s: int = SINCE_S) -> dict[str, Any]:
    """
    A new incident, and the first look. Returns its document, with where everything is.
    """
    gathered = gather(checkout, stack, project, since_s)
    now = datetime.now(UTC)
    title = (gathered.hide or Filter(()))(" ".join(title.split()))[:200] or f"Incident of {project or stack}"
    name = folder.new_id(title, now)
    path = folder.make(checkout, name)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "id": name,
        "title": title,
        "stack": stack,
        "project": project,
        "status": "open",
        "started": now.isoformat(timespec="seconds"),
        "closed": None,
        "resolution": "",
        "who": getpass.getuser(),
        "events": [{"time": now.isoformat(timespec="seconds"), "what": f"incident started: {title}"}],
        "collections": [],
    }
    return _put_down(path, document, gathered)


def collect(checkout: Path, name: str | None, since_s: int = SINCE_S) -> dict[str, Any]:
    """
    Another look at the same incident.

    Raises: RefusedError where it is closed.
    """
    path = folder.find(checkout, name)
    document = folder.load(path)
    if document["status"] != "open":
        raise RefusedError(f"{document['id']}: it is closed. Nothing was done. Start another: `flotilla incident start`.")
    return _put_down(path, document, gather(checkout, document["stack"], document["project"], since_s))


def close(checkout: Path, name: str | None, resolution: str) -> dict[str, Any]:
    """
    The last look, which says whether all is back to normal, and the end. What a person wrote into the post-mortem stays: the
    new one is put beside it.
    """
    path = folder.find(checkout, name)
    document = folder.load(path)
    if document["status"] != "open":
        raise RefusedError(f"{document['id']}: it is closed already. Nothing was done. See {path / POST_MORTEM}.")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    gathered = gather(checkout, document["stack"], document["project"], SINCE_S)
    document |= {"status": "closed", "closed": now, "resolution": " ".join(resolution.split())}
    document["events"].append({"time": now, "what": "incident closed"})
    return _put_down(path, document, gathered)


def _put_down(path: Path, document: dict[str, Any], gathered: Gathered) -> dict[str, Any]:
    """
    Write what was seen, and everything that follows from it.
    """
    hide = gathered.hide or Filter(())
    place = f"collected-{datetime.fromtimestamp(gathered.now, UTC).strftime('%Y%m%dT%H%M%SZ')}"
    for host in gathered.hosts:
        _host(path / place / host.name, host.sections, gathered.hide)
    found = summary(document, gathered)
    _json(path / place / "audit.json", gathered.report, hide)
    _json(path / place / "changes.json", {"git": gathered.commits, "operations": gathered.operations}, hide)
    _json(path / place / "notes.json", list(gathered.notes), hide)
    _json(path / TIMELINE, found["timeline"], hide)
    folder.write(path / RUNBOOK, hide(postmortem.runbook(found["runbooks"])))
    seen = {"status": found["status"], "servers": found["servers"], "notes": len(found["notes"])}
    document["collections"].append({"at": gathered.now, "folder": place, **seen})
    written = _post_mortem(path, hide(postmortem.render(document, found)))
    folder.save(path, hide.data(document))
    archive = folder.bundle(path)
    return {
        **hide.data(document),
        **hide.data({key: found[key] for key in ("runbooks", "notes", "findings")}),
        "folder": str(path),
        "post_mortem": str(written),
        "bundle": str(archive),
        "audit": found["status"],
        "next_steps": hide.data(next_steps(document, found)),
    }


def summary(document: Mapping[str, Any], gathered: Gathered) -> dict[str, Any]:
    """
    What documents say of it: pure.
    """
    rows = [row for check in gathered.report["checks"].values() for row in check["findings"]]
    findings = [Finding(**{**row, "severity": Status(row["severity"])}) for row in rows]
    events = [event for host in gathered.hosts for event in timeline.of_server(host.name, host.sections)]
    changes = [*timeline.of_commits(gathered.commits), *timeline.of_operations(gathered.operations)]
    own = [
        timeline.Event(at=at, source="incident", what=row["what"])
        for row in document["events"]
        if (at := timeline.seconds(row["time"])) is not None
    ]
    ingress = next((host.name for host in gathered.hosts if "ingress" in host.roles), None)
    suggested = runbook.suggest(findings, document["stack"], project=document["project"], ingress=ingress)
    return {
        "status": gathered.report["status"],
        "servers": [host.name for host in gathered.hosts if not host.problem],
        "findings": rows,
        "runbooks": [asdict(row) for row in suggested],
        "changes": [_event(event) for event in timeline.timeline(changes, gathered.now)],
        "timeline": [_event(event) for event in timeline.timeline([*events, *changes, *own], gathered.now)],
        "notes": list(gathered.notes),
    }


def _event(event: timeline.Event) -> dict[str, Any]:
    return {"time": event.time, "source": event.source, "what": event.what}


def _host(place: Path, sections: Mapping[str, Mapping[str, Any]], hide: Filter | None) -> None:
    """
    One server's files: its logs, its measures, and everything else that it told as one document.
    """
    separate = {"logs", "exporters", *TEXTS}
    told = {name: row for name, row in sections.items() if name not in separate}
    known = hide or Filter(())
    _json(place / "state.json", told, known)
    if hide is None:
        return
    for section, file in TEXTS.items():
        if "data" in sections.get(section, {}):
            folder.write(place / file, hide(str(sections[section]["data"])))
    for row in sections.get("logs", {}).get("data") or ():
        text = row.get("text", f"it cannot be read: {row.get('error')}\n")
        folder.write(place / "containers" / f"{_file(row['name'])}.log", hide(text))
    for job, row in (sections.get("exporters", {}).get("data") or {}).items():
        folder.write(place / "measures" / f"{_file(job)}.prom", hide(row.get("text", f"# {row.get('error')}\n")))


def _file(name: str) -> str:
    """
    A file's name that is made of what a server said: never another folder's.
    """
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name).lstrip(".")[:120] or "unnamed"


def _json(path: Path, value: Any, hide: Filter) -> None:
    folder.write(path, json.dumps(hide.data(value), indent=1) + "\n")


def _post_mortem(path: Path, text: str) -> Path:
    """
    In the place of the last one, unless somebody has written in it since.
    """
    target, made = path / POST_MORTEM, path / f".{POST_MORTEM}"
    if target.exists() and (not made.exists() or target.read_text() != made.read_text()):
        beside = path / "post-mortem.new.md"
        folder.write(beside, text)
        return beside
    folder.write(target, text)
    folder.write(made, text)
    return target


def next_steps(document: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """
    What a person does now.
    """
    suggested: Sequence[Mapping[str, Any]] = found["runbooks"]
    if document["status"] == "closed":
        still = f"The audit still says {found['status']}: see the findings."
        normal = "All is back to normal." if found["status"] == "OK" else still
        return [normal, f"Complete {POST_MORTEM}: what only people know is marked."]
    steps = [f"{row['title']}: begin with `{row['commands'][0]}`" for row in suggested[:3]]
    return [
        *(steps or ["No runbook fits: read the containers' logs in the bundle."]),
        f'When it is over: flotilla incident close {document["id"]} --resolution "..."',
    ]
