"""
Which keys each kind of process needs, and which it has no use for. Looks at what was written, so that it sees everything at
once, even where something else is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from settings.problems import Finding
from settings.process import Kind, Process

ANSWERING = frozenset({Kind.WEB, Kind.STATIC})
RUNNING = ANSWERING | {Kind.WORKER}
# Keys that only some kinds have. All others belong to every kind.
USED_BY: Mapping[str, frozenset[Kind]] = {
    "port": ANSWERING,
    "domains": ANSWERING,
    "health": RUNNING,
    "rate_limit": ANSWERING,
    "replicas": RUNNING,
    "strategy": RUNNING,
    "schedule": frozenset({Kind.JOB}),
    "timeout_s": frozenset({Kind.JOB}),
    "secrets": frozenset(Kind) - {Kind.STATIC},
}
NEEDED_BY: Mapping[str, frozenset[Kind]] = {
    "port": frozenset({Kind.WEB}),
    "health": frozenset({Kind.WEB}),
    "domains": ANSWERING,
    "schedule": frozenset({Kind.JOB}),
}
REASONS = {
    Kind.WEB: "a `web` process does not start on a schedule",
    Kind.WORKER: "a `worker` answers no requests and does not start on a schedule",
    Kind.STATIC: "a `static` site only serves files",
    Kind.JOB: "a `job` starts on its schedule, runs once and answers no requests",
}


def check_keys(written: object) -> Iterator[Finding]:
    """
    What a process lacks or has too much for its kind; `written` is what stands in the file, whatever that is.
    """
    if not isinstance(written, dict):
        return
    try:
        kind = Kind(written.get("kind", Kind.WEB))
    except ValueError:
        return  # said already: there is no such kind
    for key, kinds in USED_BY.items():
        if kind not in kinds and written.get(key) not in (None, []):
            yield Finding(location=(key,), fact=REASONS[kind], next_step=f"Remove `{key}`, or correct `kind`")
    for key, kinds in NEEDED_BY.items():
        if kind in kinds and written.get(key) in (None, []):
            yield _missing(key)
    health = written.get("health")
    has_path = isinstance(health, dict) and health.get("path") is not None
    if kind is Kind.WEB and isinstance(health, dict) and not has_path:
        yield Finding(
            location=("health", "path"), fact="this is missing", next_step="Add the path that answers 200, like `/up`"
        )
    if kind is Kind.WORKER and has_path:
        yield Finding(location=("health", "path"), fact=REASONS[kind], next_step="Remove `path`, or correct `kind`")


def _missing(key: str) -> Finding:
    description = (Process.model_fields[key].description or "").partition(". ")[0]
    return Finding(location=(key,), fact="this is missing", next_step=f"Add it: {description}")
