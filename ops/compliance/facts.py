"""
Evidence that is neither a policy nor a check: what settings and records say themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from ops.compliance.control import Need
from ops.compliance.evidence import REPORT_AGE, Evidence, Piece, State
from settings.processors import processors
from settings.stacks import is_sandbox

# {major version: its last day of support}, by the rule of postgresql.org/support/versioning: five years, then one last release.
POSTGRESQL_ENDS = {
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}
# {image: the last day of its long-term support}, as announced by Debian; see wiki.debian.org/LTS before relying on it.
DEBIAN_ENDS = {"debian-12": date(2028, 6, 30)}

# What is so, in words, and where it can be checked, with the time that it is of.
Answer = tuple[State, str, str, str]
Fact = Callable[[Evidence], Answer]


def judge(name: str, evidence: Evidence) -> Piece:
    """
    What is known of a fact.
    """
    state, said, source, when = FACTS[name](evidence)
    return Piece(need=Need.FACT, name=name, state=state, said=said, source=source, when=when)


def _stack_file(evidence: Evidence) -> str:
    return f"Pulumi.{evidence.settings.stack}.yaml"


def _administrators(evidence: Evidence) -> Answer:
    access = evidence.settings.environment.access
    if not access.public_keys:
        return State.BROKEN, "one key file, of nobody by name: write `access.public_keys`", _stack_file(evidence), ""
    return State.HELD, f"{len(access.public_keys)} by name: {', '.join(sorted(access.public_keys))}", _stack_file(evidence), ""


def _processors(evidence: Evidence) -> Answer:
    settings = evidence.settings
    found = processors(settings.environment, settings.projects)
    if is_sandbox(settings.stack):
        return State.HELD, "the sandbox hands nothing on", _stack_file(evidence), ""
    approved = {row.what for row in settings.environment.approvals if row.date <= evidence.now.date()}
    missing = [one.name for one in found if not one.is_given and f"processor:{one.name}" not in approved]
    if missing:
        return State.BROKEN, f"nobody has approved {', '.join(missing)}", _stack_file(evidence), ""
    return State.HELD, f"{len(found)} are known: {', '.join(one.name for one in found)}", _stack_file(evidence), ""


def _classified(evidence: Evidence) -> Answer:
    projects = evidence.settings.projects
    missing = sorted(name for name, project in projects.items() if project.data is None)
    if missing:
        return State.BROKEN, f"nobody has said it of {', '.join(missing)}", "projects/*.yaml: data", ""
    said = ", ".join(f"{name}: {project.data}" for name, project in sorted(projects.items())) or "there is no project"
    return State.HELD, said, "projects/*.yaml: data", ""


def _record(evidence: Evidence) -> Answer:
    state, said, source, when = _classified(evidence)
    if state is not State.HELD:
        return state, f"the record is not complete: {said}", source, when
    return state, "the record is written from settings: `flotilla compliance --markdown`", source, when


def _report(evidence: Evidence) -> Answer:
    source = "reports/global_report.json"
    report = evidence.reports.get("global")
    again = f"run `flotilla report -s {evidence.settings.stack}`"
    if report is None:
        return State.UNKNOWN, f"there is no report: {again}", source, ""
    when = str(report.get("timestamp", ""))
    old = evidence.age_problem(when, REPORT_AGE)
    if old:
        return State.UNKNOWN, f"the report proves nothing now: {old}: {again}", source, when
    return State.HELD, f"the last report is {report.get('status')}", source, when


def _history(evidence: Evidence) -> Answer:
    source = "flotilla history verify"
    if evidence.history_problems is None:
        return State.UNKNOWN, "the audit log could not be read", source, ""
    if evidence.history_problems:
        return State.BROKEN, "; ".join(evidence.history_problems[:3]), source, ""
    if not evidence.history:
        return State.UNKNOWN, "nothing was written down yet", source, ""
    count, last = len(evidence.history), evidence.history[-1]
    return State.HELD, f"{count} lines, each as it was written", source, str(last.get("at", ""))


def _logs(evidence: Evidence) -> Answer:
    compliance = evidence.settings.environment.compliance
    if compliance is None:
        return State.BROKEN, "nobody has said how long logs are kept", _stack_file(evidence), ""
    return State.HELD, f"logs are kept for {compliance.log_retention_days} days", _stack_file(evidence), ""


def _incidents(evidence: Evidence) -> Answer:
    monitoring = evidence.settings.environment.monitoring
    if monitoring is None:
        return State.BROKEN, "nobody is told of anything: write `monitoring`", _stack_file(evidence), ""
    names = ", ".join(receiver.name for receiver in monitoring.receivers)
    return State.HELD, f"alerts go to {names}; `flotilla incident` gathers and says what to do", "docs/incidents.md", ""


def _secrets(evidence: Evidence) -> Answer:
    return State.HELD, "every secret in the stack's file is encrypted: settings refuse others", _stack_file(evidence), ""


def _versions(evidence: Evidence) -> Answer:
    environment, today = evidence.settings.environment, evidence.now.date()
    used: dict[str, date | None] = {f"{pool.image}": DEBIAN_ENDS.get(pool.image.value) for pool in environment.servers.values()}
    if any(project.database for project in evidence.settings.projects.values()):
        version = environment.postgresql.version
        used[f"PostgreSQL {version}"] = POSTGRESQL_ENDS.get(version)
    unknown = sorted(name for name, ends in used.items() if ends is None)
    ended = sorted(f"{name} ended on {ends}" for name, ends in used.items() if ends and ends < today)
    if ended:
        return State.BROKEN, "; ".join(ended), _stack_file(evidence), ""
    if unknown:
        return State.UNKNOWN, f"it is not known here until when {', '.join(unknown)} is mended", _stack_file(evidence), ""
    return State.HELD, "; ".join(f"{name} until {ends}" for name, ends in sorted(used.items())), _stack_file(evidence), ""


def _updates(evidence: Evidence) -> Answer:
    updates = evidence.settings.environment.updates
    restart = "restarts where one needs it" if updates.may_restart else "never restarts by itself"
    return State.HELD, f"each server updates itself daily in {updates.window} UTC and {restart}", _stack_file(evidence), ""


def _waivers(evidence: Evidence) -> Answer:
    today, waivers = evidence.now.date(), evidence.settings.environment.waivers
    ended = [f"{waiver.rule} for {waiver.resource} on {waiver.until}" for waiver in waivers if waiver.until < today]
    if ended:
        return State.BROKEN, f"ended and still written down: {'; '.join(ended)}", _stack_file(evidence), ""
    return State.HELD, f"{len(waivers)} exceptions, none of them ended", _stack_file(evidence), ""


def _brought_out(evidence: Evidence) -> Answer:
    line = evidence.last_applied()
    if line is None:
        return State.UNKNOWN, "the audit log tells of nothing that was brought out", "flotilla history", ""
    return State.HELD, f"{line.get('what')}, by {line.get('who')}", "flotilla history", str(line.get("at", ""))


FACTS: Mapping[str, Fact] = {
    "administrators-named": _administrators,
    "brought-out-by-flotilla": _brought_out,
    "history-intact": _history,
    "incident-procedure": _incidents,
    "logs-kept": _logs,
    "processors-approved": _processors,
    "projects-classified": _classified,
    "record-of-processing": _record,
    "report-of-this-week": _report,
    "secrets-encrypted": _secrets,
    "supported-versions": _versions,
    "updates-by-themselves": _updates,
    "waivers-valid": _waivers,
}
