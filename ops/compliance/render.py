"""
An assessment and a record of processing as pages, for people who are to read or print them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.compliance.record import TO_FILL_IN, written
from ops.dossier.page import Markdown, Page, body, bullets, code, heading, paragraph, strong, table, text

NOTE = (
    "Each control is judged by evidence alone: policies, the audit's newest reports, settings and the audit log. UNKNOWN is "
    "what nobody has looked at, or not lately; part is what is so with exceptions, or where a part is not shown here. This is "
    "no certificate, and no advice on law."
)


def pages(assessment: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[Page, Page]:
    """
    The two documents, as `--json` has them, as pages.
    """
    name = assessment["environment"]
    return (
        Page("compliance.md", f"Controls of {name}", controls_page(assessment)),
        Page("record-of-processing.md", f"Record of processing: {name}", record_page(record)),
    )


def controls_page(found: Mapping[str, Any]) -> Markdown:
    """
    Counts, what to do, then every control with why, then the evidence itself.
    """
    rehearsal = "This is the sandbox: it shows how the evidence is made, and nothing about a real environment."
    return body(
        paragraph(f"As of {found['timestamp']}. ", rehearsal if found["is_rehearsal"] else ""),
        paragraph(NOTE),
        table(["framework", *found["summary"]], _counts(found)),
        heading("What to do now"),
        bullets(spoken(step) for step in found["next_steps"]),
        *(part for framework in found["frameworks"] for part in _framework(found, framework)),
        *_decided(found),
        heading("Evidence"),
        table(["evidence", "says", "fact", "where", "when"], _evidence(found)),
    )


def spoken(words: str) -> Markdown:
    """
    A sentence of ours with commands and names between backquotes, which become code; everything else is text.
    """
    parts = words.split("`")
    if len(parts) % 2 == 0:
        return text(words)
    return Markdown("".join(code(part) if number % 2 else text(part) for number, part in enumerate(parts)))


def _counts(found: Mapping[str, Any]) -> Iterator[list[object]]:
    for name, counts in found["frameworks"].items():
        yield [name, *counts.values()]
    yield [strong("all"), *found["summary"].values()]


def _framework(found: Mapping[str, Any], framework: str) -> tuple[Markdown, Markdown]:
    rows = [
        [row["item"], row["title"], strong(row["status"]), row["why"]]
        for row in found["controls"]
        if row["framework"] == framework
    ]
    return heading(framework), table(["item", "what it asks for", "status", "why"], rows)


def _decided(found: Mapping[str, Any]) -> Iterator[Markdown]:
    yield heading("Approvals and exceptions")
    rows = [[code(row["what"]), row["by"], row["date"], row["reason"]] for row in found["approvals"]]
    yield table(["approved", "by", "when", "why"], rows) if rows else paragraph("Nobody has approved anything.")
    waived = [[code(row["rule"]), code(row["resource"]), row["owner"], row["until"], row["reason"]] for row in found["waivers"]]
    if waived:
        yield table(["exception of", "for", "owner", "until", "why"], waived)


def _evidence(found: Mapping[str, Any]) -> list[list[object]]:
    pieces = {(row["need"], row["name"]): row for control in found["controls"] for row in control["evidence"]}
    return [
        [Markdown(f"{text(need)} {code(name)}"), strong(row["state"]), spoken(row["said"]), row["source"], row["when"]]
        for (need, name), row in sorted(pieces.items())
    ]


def record_page(found: Mapping[str, Any]) -> Markdown:
    """
    What article 30 asks for, with room for what settings do not know.
    """
    processors = [[row["name"], row["what"], row["location"] or TO_FILL_IN] for row in found["processors"]]
    without = found["without_personal_data"]
    return body(
        paragraph(
            f"Written from settings, as article 30 of the GDPR asks for it. What reads “{TO_FILL_IN}” is known to people only: "
            "complete it in your own record."
        ),
        table(
            ["", ""],
            [
                ["controller", found["controller"]],
                ["data protection officer", found["data_protection_officer"]],
                ["data stays in", found["region"] or TO_FILL_IN],
            ],
        ),
        heading("Other companies that get data"),
        table(["who", "what", "where"], processors),
        *(part for row in found["processings"] for part in _processing(row)),
        paragraph("Without personal data, as their owners say: ", ", ".join(without) or "none", "."),
    )


def _processing(row: Mapping[str, Any]) -> tuple[Markdown, Markdown]:
    nobody = "nobody has said whether it has personal data"
    logs = row["logs_kept_days"]
    rows: list[list[object]] = [
        ["owner", row["owner"]],
        ["approved", (row["approved"] or "by nobody") if row["classified"] else nobody],
        *([name, TO_FILL_IN] for name in row["open"]),
        ["answers at", ", ".join(row["answers_at"]) or "nowhere"],
        ["kept in", ", ".join(row["kept_in"]) or "nowhere"],
        ["backups kept", written(row["backups_kept"])],
        ["logs kept", f"{logs} days" if logs else TO_FILL_IN],
    ]
    return heading(f"Project {row['project']}"), table(["", ""], rows)
