"""
`flotilla compliance`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ops import checkout, console
from ops.commands import Json, Stack, words
from ops.errors import ChangedError, ReportError, SettingsError

STYLES = {"met": "green", "part": "yellow", "not met": "bold red", "UNKNOWN": "magenta", "not applicable": "dim"}
# What --fail-on takes, each with what it stops at.
LIMITS = {"not-met": ("not met",), "unknown": ("not met", "UNKNOWN"), "part": ("not met", "UNKNOWN", "part")}
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on", help="Exit with 6 where a control is not-met, unknown (or worse), part (or worse).", callback=words.name
    ),
]
Plan = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        help="A plan of these settings, by `flotilla plan --save`: what policies say.",
        callback=words.path,
        show_default=False,
    ),
]
Bundle = Annotated[
    Path | None,
    typer.Option(
        "--bundle",
        help="Also write the evidence to this new folder, or file that ends in .tar.gz.",
        callback=words.path,
        show_default=False,
    ),
]
Verify = Annotated[
    Path | None,
    typer.Option(
        "--verify",
        help="Only check a bundle against its manifest; exit with 5 where it differs.",
        callback=words.path,
        show_default=False,
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", help="Judge as of this time, like 2026-11-26T12:00:00+00:00: the same bundle again.", callback=words.moment
    ),
]


def compliance(
    stack: Stack = "local",
    framework: Annotated[
        list[str] | None,
        typer.Option("--framework", help="Only controls of this one: gdpr, anssi, docker, debian, iso.", callback=words.name),
    ] = None,
    plan: Plan = None,
    at: At = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the controls and the record of processing as pages.")
    ] = False,
    bundle: Bundle = None,
    verify: Verify = None,
    fail_on: FailOn = None,
    json: Json = False,
) -> None:
    """
    Which controls of GDPR, ANSSI, CIS and ISO 27001 are met, by what evidence, and the record of processing. Changes nothing.
    """
    if verify:
        _verify(verify, json=json)
        return
    if fail_on is not None and fail_on not in LIMITS:
        raise SettingsError(f"--fail-on: {fail_on} is none. Nothing was looked at. Give not-met, unknown or part.")
    if markdown and json:
        raise SettingsError("--markdown: it cannot be together with --json. Nothing was done. Give one of them.")
    from ops.compliance.assess import assess, document
    from ops.compliance.collect import collect
    from ops.compliance.record import record

    here = checkout.find()
    evidence = collect(here, stack, _moment(at), plan)
    found = document(evidence, assess(evidence, _controls(framework or [])))
    processing = record(evidence.settings)
    written = _bundle(here, bundle, evidence, found, processing) if bundle else None
    if json:
        console.document({**found, "record": processing, **({"bundle": written} if written else {})})
    elif markdown:
        from ops.compliance.render import pages

        console.raw("\n".join(page.content for page in pages(found, processing)))
    else:
        _show(found)
    if written and not json:
        note = console.line if not markdown else _aside
        note(
            f"The evidence is in {written['path']}. Tell the SHA-256 of its manifest another way: {written['manifest_sha256']}"
        )
        note(f"Whoever gets it runs `flotilla compliance --verify {written['path']}`. {written['secrets']}")
    _require(found, fail_on)


def _controls(names: list[str]) -> Any:
    """
    Raises: SettingsError
    """
    from ops.compliance.catalogue import CONTROLS

    prefixes = sorted({control.id.partition("-")[0] for control in CONTROLS})
    strange = [name for name in names if name not in prefixes]
    if strange:
        raise SettingsError(
            f"--framework: {', '.join(strange)} is none. Nothing was looked at. There are: {', '.join(prefixes)}."
        )
    return [control for control in CONTROLS if not names or control.id.partition("-")[0] in names]


def _moment(at: str | None) -> datetime:
    """
    Raises: SettingsError
    """
    from ops.compliance.evidence import moment

    if at is None:
        return datetime.now(UTC)
    found = moment(at)
    if found is None:
        raise SettingsError(f"--at: {at} is no time. Nothing was looked at. Write it like 2026-11-26T12:00:00+00:00.")
    return found.astimezone(UTC)


def _bundle(here: Path, path: Path, evidence: Any, found: dict[str, Any], processing: dict[str, Any]) -> dict[str, Any]:
    from ops.audit.audit import origin_of
    from ops.compliance import bundle
    from ops.compliance.collect import hiding
    from ops.compliance.gather import files

    hide = hiding(here, evidence.settings)
    contents = files(evidence, found, processing, hide)
    commit = origin_of(here, found["environment"]).commit
    digest = bundle.write(path, bundle.manifest(found["environment"], found["timestamp"], commit, contents), contents)
    known = "Every secret of the stack was looked for in it."
    unknown = "The stack's secrets could not be read here: only what looks like a secret was taken out."
    return {"path": path, "manifest_sha256": digest, "files": len(contents), "secrets": unknown if hide is None else known}


def _verify(path: Path, *, json: bool) -> None:
    from ops.compliance.bundle import check

    found = check(path)
    listed = found.manifest
    if json:
        console.document({**vars(found), "path": path, "is_whole": not found.problems})
    elif not found.problems:
        rows = [(row["path"], row["when"] or "no time", row["sha256"], row["what"]) for row in listed["files"]]
        console.table(["file", "of", "SHA-256", "what"], rows)
        console.line(f"{path}: {len(rows)} files of {listed['environment']}, each as it was at {listed['made']}.", "green")
        console.line(f"The manifest's SHA-256 is {found.manifest_sha256}: compare it with what you were told another way.")
    if found.problems:
        raise ChangedError(
            f"{path}: {'; '.join(found.problems)}. It proves nothing. Ask for another one whose manifest is not "
            f"{found.manifest_sha256}."
        )


def _show(found: dict[str, Any]) -> None:
    for framework in found["frameworks"]:
        rows = [
            (row["item"], row["status"], row["title"], row["why"]) for row in found["controls"] if row["framework"] == framework
        ]
        console.table([framework, "status", "what it asks for", "why"], rows, STYLES)
        console.line()
    counted = ", ".join(f"{count} {status}" for status, count in found["summary"].items())
    console.line(f"{found['environment']}: {counted}.", "bold")
    if found["is_rehearsal"]:
        console.line("This is the sandbox: it shows how evidence is made, and nothing about a real environment.")
    for step in found["next_steps"]:
        console.line(step)
    console.line(f"The whole, with the record of processing: `flotilla compliance -s {found['environment']} --markdown`.")


def _aside(text: str) -> None:
    from ops import progress

    progress.say(text)


def _require(found: dict[str, Any], fail_on: str | None) -> None:
    """
    Raises: ReportError where a control is at this limit, or worse.
    """
    stopped = [row["item"] for row in found["controls"] if row["status"] in LIMITS.get(fail_on or "", ())]
    if stopped:
        raise ReportError(
            f"{found['environment']}: {len(stopped)} controls are at --fail-on {fail_on} or worse: {', '.join(stopped[:10])}"
            f"{', ...' if len(stopped) > 10 else ''}. Nothing was changed. "
            f"See `flotilla compliance -s {found['environment']}`."
        )
