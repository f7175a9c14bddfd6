"""
A plan for people: lines for a terminal, Markdown for a pull request. Pure.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ops.confirm import Level
from ops.plan import Plan

STYLES = {Level.CRITICAL: "bold red", Level.IMPORTANT: "yellow", Level.STANDARD: "green", Level.INFO: ""}


def lines(plan: Plan) -> Iterator[tuple[str, str]]:
    """
    (line, style), in the order in which they are read.
    """
    for project, changes in plan.grouped().items():
        yield project, "bold"
        for row in changes:
            yield f"  {row.level:9} {row.line}", STYLES[row.level]
            if row.downtime:
                yield f"            downtime: {row.downtime}", "yellow"
            if row.level is Level.CRITICAL:
                yield f"            why: {row.reason}", ""
    for found in plan.violations:
        word = "mandatory" if found.is_stopping else found.level
        yield f"policy {found.pack}/{found.policy} ({word}): {found.message}", "bold red" if found.is_stopping else "yellow"
    for warning in plan.warnings:
        yield f"warning: {warning.message}", "yellow"
    yield from ((text, "") for text in facts(plan))


def facts(plan: Plan) -> Iterator[str]:
    """
    What is said of the whole.
    """
    if plan.is_refreshed:
        yield "Drift: " + ("; ".join(plan.drifted) if plan.drifted else "none, clouds and state agree.")
    if plan.protected:
        names = ", ".join(urn.rpartition("::")[2] for urn in plan.protected)
        yield f"Protected, so `flotilla apply` refuses: {names}."
    if plan.eur or plan.unpriced:
        unknown = f", and an unknown price: {'; '.join(plan.unpriced)}" if plan.unpriced else ""
        yield f"Cost: {plan.eur:+.2f} EUR per month{unknown}."
    yield summary(plan)


def summary(plan: Plan) -> str:
    """
    One line.
    """
    if plan.is_empty:
        return f"{plan.stack}: nothing to do."
    counted = [f"{sum(row.level is level for row in plan.told)} {level}" for level in reversed(Level)]
    shown = ", ".join(text for text in counted if not text.startswith("0 "))
    return f"{plan.stack}: {plan.level}; {shown or 'nothing that matters'}."


def next_step(plan: Plan) -> str:
    """
    What a person types next.
    """
    if plan.is_empty:
        return "Nothing has to be done."
    if plan.stopping:
        return "Correct the settings, or write a waiver: docs/policies.md."
    words = ["flotilla", "apply", "-s", plan.stack]
    words += ["--destroy"] if plan.is_destroy else []
    words += ["--refresh"] if plan.is_refreshed else []
    words += [word for target in plan.targets for word in ("--target", target)]
    return f"Do it: `{shlex.join(words)}`."


def markdown(plan: Plan) -> str:
    """
    For a comment on a pull request.
    """
    found = [f"### Plan of `{plan.stack}`: {plan.level}", ""]
    for project, changes in plan.grouped().items():
        found += [f"**{project}**", "", "| level | what | downtime |", "|---|---|---|"]
        found += [f"| {row.level} | {_cell(row.line)} | {_cell(row.downtime)} |" for row in changes]
        found.append("")
    for violation in plan.violations:
        word = "mandatory" if violation.is_stopping else violation.level
        found.append(f"- policy `{violation.pack}/{violation.policy}` ({word}): {_cell(violation.message)}")
    found += [f"- {_cell(text)}" for text in facts(plan)]
    return "\n".join(found) + "\n"


def _cell(text: str) -> str:
    """
    Text that stays one cell, and no markup.
    """
    flat = " ".join(text.split())
    for mark in "\\`*_|<>[]":
        flat = flat.replace(mark, f"\\{mark}" if mark != "<" else "&lt;")
    return flat
