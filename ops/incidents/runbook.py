"""
Which runbook fits: a pure function over findings.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ops.report import Finding, Status


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """
    `matches` are ids of findings; `steps` say what to do in which order, `commands` are run as they stand, where `{server}`,
    `{resource}` and `{stack}` are those of the finding.
    """

    name: str
    title: str
    matches: frozenset[str]
    steps: Sequence[str]
    commands: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """
    A runbook with what it is suggested for.
    """

    name: str
    title: str
    severity: Status
    because: tuple[str, ...]
    steps: tuple[str, ...]
    commands: tuple[str, ...]


RUNBOOKS = (
    Runbook(
        name="host-unreachable",
        title="A server does not answer",
        matches=frozenset(
            f"{check}.unreachable" for check in ("hosts", "security", "containers", "data", "network", "drift", "tls")
        ),
        steps=(
            "Find out whether the machine is off, or the way to it is closed.",
            "Is it on and does not answer: look at its console at the provider, then start it again there.",
            "Is it lost: docs/backups.md says how data comes back on a new one.",
        ),
        commands=(
            "flotilla host ssh -s {stack} {server} -- uptime",
            "pulumi preview -s {stack} --refresh",
            "flotilla audit -s {stack} hosts",
        ),
    ),
    Runbook(
        name="disk-full",
        title="A disk is full",
        matches=frozenset(("hosts.disk-full", "hosts.inodes-full")),
        steps=(
            "Make room with what nobody needs: images, build cache, old logs.",
            "See what has grown. A database or volume that grows needs a larger disk: `volume_gb` of its pool.",
            "PostgreSQL stops when its disk is full, and starts by itself once there is room.",
        ),
        commands=(
            "flotilla cleanup -s {stack}",
            "flotilla cleanup -s {stack} --apply",
            "flotilla host ssh -s {stack} {server} -- du -xhd 2 --threshold=100M /",
            "flotilla host ssh -s {stack} {server} -- journalctl --disk-usage",
        ),
    ),
    Runbook(
        name="certificate",
        title="A certificate has ended, or is not trusted",
        matches=frozenset(("tls.expired", "tls.untrusted")),
        steps=(
            "See what Caddy says about this name: most often the authority cannot reach it, or its limit is reached.",
            "The name has to lead to the way in, and port 80 has to be open.",
            "Caddy asks again by itself; to have it ask at once, restart it.",
        ),
        commands=(
            "flotilla audit -s {stack} dns network tls",
            "flotilla host ssh -s {stack} {ingress} -- docker service logs --tail 100 caddy",
            "flotilla host ssh -s {stack} {ingress} -- docker service update --force caddy",
        ),
    ),
    Runbook(
        name="database-down",
        title="PostgreSQL is down",
        matches=frozenset(("data.postgresql-down", "data.database-missing", "data.volume-unmounted")),
        steps=(
            "A full disk or a disk that is not mounted comes first: nothing else helps.",
            "See why it ended, then start it.",
            "Is the data gone: restore beside what is there, look, then in its place.",
        ),
        commands=(
            "flotilla host ssh -s {stack} {server} -- df -h",
            "flotilla host ssh -s {stack} {server} -- journalctl --no-pager -n 100 -u 'postgresql@*'",
            "flotilla host ssh -s {stack} {server} -- systemctl restart 'postgresql@*'",
            "flotilla backup list -s {stack}",
        ),
    ),
    Runbook(
        name="out-of-memory",
        title="Something was killed for want of memory",
        matches=frozenset(("containers.out-of-memory", "hosts.out-of-memory", "hosts.memory-low")),
        steps=(
            "See who takes it. A container at its limit is killed alone; a server without memory kills anything.",
            "Is the limit too low for what the project does: raise `limits.memory_mb` in projects/<name>.yaml.",
            "Does it grow without end: go back to the release before.",
        ),
        commands=(
            "flotilla host ssh -s {stack} {server} -- journalctl -k --no-pager --grep 'Out of memory|oom-kill'",
            "flotilla host ssh -s {stack} {server} -- docker stats --no-stream",
            "flotilla plan -s {stack}",
        ),
    ),
    Runbook(
        name="container-restarting",
        title="Containers do not stay up",
        matches=frozenset(
            (
                "containers.restarting",
                "containers.service-short",
                "containers.unhealthy",
                "containers.stopped",
                "containers.release-differs",
                "network.site-failing",
            )
        ),
        steps=(
            "Read the last lines of the container in the bundle: most say why they end.",
            "Did it begin with a release: go back to the one before.",
            "Is a database, a secret or a disk missing: mend that first; the swarm starts containers again by itself.",
        ),
        commands=(
            "flotilla release list -s {stack}",
            "flotilla rollback -s {stack} {project}",
            "flotilla host ssh -s {stack} {server} -- docker service ls",
        ),
    ),
    Runbook(
        name="backup-missing",
        title="Data is not backed up as it should be",
        matches=frozenset(
            f"data.{name}" for name in ("backup-missing", "backup-old", "backup-empty", "drill-old", "offsite-old")
        ),
        steps=("Back up now, and read what fails.", "A backup counts once it was restored: try it."),
        commands=("flotilla backup list -s {stack}", "flotilla backup run -s {stack}", "flotilla backup verify -s {stack}"),
    ),
    Runbook(
        name="dns",
        title="Names lead nowhere, or elsewhere",
        matches=frozenset(("dns.record-missing", "dns.record-foreign")),
        steps=(
            "See what the zone's own name servers say, and what was declared.",
            "A record that somebody changed by hand is put back by the stack.",
            "The others remember the old answer for as long as `dns.ttl_s` says.",
        ),
        commands=("flotilla audit -s {stack} dns", "pulumi preview -s {stack} --refresh", "pulumi up -s {stack} --refresh"),
    ),
)


def suggest(
    findings: Iterable[Finding], stack: str, *, project: str | None = None, ingress: str | None = None
) -> tuple[Suggestion, ...]:
    """
    The runbooks that fit, the gravest first; of the same gravity in the order in which one comes before the other.
    """
    known = list(findings)
    found = []
    for runbook in RUNBOOKS:
        matching = [finding for finding in known if finding.id in runbook.matches]
        if matching:
            found.append(_suggestion(runbook, matching, {"stack": stack, "project": project, "ingress": ingress}))
    return tuple(sorted(found, key=lambda suggestion: -suggestion.severity.rank))


def _suggestion(runbook: Runbook, findings: Sequence[Finding], known: Mapping[str, str | None]) -> Suggestion:
    gravest = max(findings, key=lambda finding: finding.severity.rank)
    resource = gravest.resource.partition(":")[0].partition("/")[0]
    words = {
        **{name: value or f"<{name}>" for name, value in known.items()},
        "server": resource,
        "project": known["project"] or "<project>",
        "ingress": known["ingress"] or "<ingress server>",
    }
    own = tuple(dict.fromkeys(finding.fix for finding in findings if finding.fix))
    stack = str(known["stack"])
    commands = tuple(command.format(**{name: _quoted(value) for name, value in words.items()}) for command in runbook.commands)
    return Suggestion(
        name=runbook.name,
        title=runbook.title,
        severity=gravest.severity,
        because=tuple(dict.fromkeys(f"{finding.resource}: {finding.message}" for finding in findings)),
        steps=tuple(runbook.steps),
        commands=tuple(dict.fromkeys((*own[:3], *commands, _page(stack, runbook.name)))),
    )


def _page(stack: str, name: str) -> str:
    """
    The command that shows the whole runbook, filled: ops/runbooks has one for each name here.
    """
    return f"flotilla runbook -s {_quoted(stack)} {name}"


def _quoted(value: str) -> str:
    return value if value.startswith("<") and value.endswith(">") and value.count(">") == 1 else shlex.quote(value)
