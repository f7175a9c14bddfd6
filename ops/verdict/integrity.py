"""
Check `integrity`: do the parts agree that have to?

State and cloud, hosts and their roles, release file and what runs are rules of the audit: they are asked here again, under
their own names, and what they find counts once.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ops.audit.catalog import CHECKS
from ops.audit.rule import Check, Fault, critical, degraded, warning
from ops.audit.scene import Code, Host, Scene
from ops.report import Status

CHECK = Check(name="integrity", title="Parts that have to agree do agree")
SHARED = ("drift.changed", "drift.role-differs", "containers.release-differs", "containers.release-pending")
CHECK.rules.extend(rule for check in CHECKS.values() for rule in check.rules if rule.id in SHARED)
BASE = "base"


@CHECK.rule("code-differs", Code, worst=Status.DEGRADED, holds="the stack is what its program says: a preview changes nothing")
def code_differs(code: Code, scene: Scene) -> Iterator[Fault]:
    """
    Settings or code that were changed and not brought out, or the other way round.
    """
    for step in code.see("preview"):
        yield degraded(
            of=step["name"],
            message=f"the program would {step['operation']} it",
            evidence=f"{step['type']} {', '.join(step['properties'])}".strip(),
            fix=shlex.join(["flotilla", "plan", "-s", scene.stack]),
        )


@CHECK.rule("ingress-differs", Host, worst=Status.CRITICAL, holds="HAProxy does what its files say")
def ingress_differs(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    After a restart only the files count. Critical where it would then send people elsewhere, or nowhere.
    """
    haproxy = host.see("haproxy")
    if haproxy is None:
        return
    fix = host.command("docker", "service", "update", "--force", "haproxy")  # it comes back as its files say
    for backend in sorted(haproxy["files"].keys() | haproxy["running"].keys()):
        files, running = haproxy["files"].get(backend), haproxy["running"].get(backend)
        if files is None or running is None:
            yield (degraded if running is None else warning)(
                at=backend,
                message="its file is there, and HAProxy does not know it"
                if running is None
                else "HAProxy has it without a file",
                evidence="",
                fix=fix,
            )
            continue
        wrong = {server: weight for server, weight in sorted(running.items()) if weight != files.get(_slot(server), 0)}
        if wrong:
            yield critical(
                at=backend,
                message="HAProxy spreads requests otherwise than its file says",
                evidence=f"in the file {_written(files)}; running {_written(wrong)}",
                fix=fix,
            )
    in_file, loaded = haproxy["versions"]
    if in_file != loaded:
        yield warning(
            at=BASE,
            message="HAProxy runs with another base configuration than its file; the next switch loads it",
            evidence=f"in the file {in_file or 'none'}; running {loaded or 'none'}",
            fix=fix,
        )


def _slot(server: str) -> str:
    return server.rstrip("0123456789")


def _written(weights: dict[str, int]) -> str:
    return ", ".join(f"{name} {weight}" for name, weight in sorted(weights.items()))


@CHECK.rule("name-undeclared", Code, worst=Status.DEGRADED, holds="every secret that a project's source reads is declared")
def name_undeclared(code: Code, scene: Scene) -> Iterator[Fault]:
    """
    A secret is a file, and `<NAME>_FILE` has its path.
    """
    for project in code.see("names"):
        for name in sorted(set(project["used"]) - set(project["given"])):
            yield degraded(
                of=project["name"],
                at=name,
                message=f"its source reads {name}, and nobody gives it",
                evidence=f"{project['used'][name]}; what it gets: {', '.join(project['given']) or 'nothing'}",
                fix=shlex.join(["flotilla", "settings", "check", "-s", scene.stack]),
            )


@CHECK.rule(
    "name-unused", Code, worst=Status.WARNING, holds="every variable and secret that a project declares is read by its source"
)
def name_unused(code: Code, scene: Scene) -> Iterator[Fault]:
    """
    A setting that changes nothing misleads whoever changes it.
    """
    for project in code.see("names"):
        for name in project["unused"]:
            yield warning(
                of=project["name"],
                at=name,
                message=f"it declares {name}, and its source never reads it",
                evidence=project["source"],
                fix=shlex.join(["grep", "-rn", name, project["source"], f"projects/{project['name']}.yaml"]),
            )
