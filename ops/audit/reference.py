"""
The reference of every check and rule: `python -m ops.audit.reference` writes docs/audit.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ops.audit.catalog import CHECKS
from ops.audit.rule import Check
from ops.audit.scene import Cloud, Fleet, Host, Record, Site, Subject

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"
SUBJECTS: dict[type[Subject], str] = {
    Host: "each server",
    Site: "each site",
    Record: "each DNS record",
    Cloud: "the cloud",
    Fleet: "the environment",
}

INTRODUCTION = """\
# The audit

Written by `python -m ops.audit.reference` from the rules in `ops/audit/`: edit those, not this page.

`flotilla audit` looks at servers, sites, DNS and cloud and says what is not as it should be. It changes nothing.

```sh
flotilla audit                                   # everything, of the selected stack
flotilla audit security hosts -s production      # two checks
flotilla audit --json                            # one JSON document
flotilla audit --fail-on degraded                # exit with 6 when it is DEGRADED or CRITICAL
```

## What it does

- Each server is looked at in one SSH round trip: one read-only Python program (`hosts/probe/`) is sent to `python3 -`, all
  servers at the same time. One that does not answer costs {timeout_s:g} seconds and is UNKNOWN; nobody waits for it longer.
- A server is known by the host key that the stack took down at first contact (output `servers.<name>.host_key`). One that shows
  another key is `security.host-key-changed`, and nothing is run there. After a server was replaced on purpose, `pulumi up`
  takes the new key down.
- From this machine, ports are tried and sites are visited, at the addresses of the stack's own outputs and nowhere else. Each
  DNS zone is asked at its own name servers.
- `drift` asks the engine what a refresh would find, without doing it, and the cloud for what it has. It needs the
  stack's tokens and passphrase, as `pulumi` does.

## What it says

| status | what it means |
|---|---|
| CRITICAL | visitors, data or access are lost, or open to somebody else |
| DEGRADED | a part does not work, or the next failure will be CRITICAL |
| WARNING | it works, and it should be mended |
| UNKNOWN | it could not be looked at, and is never taken for OK: the whole is then at least WARNING |
| OK | it is as it should be |

Each finding has an `id` that never changes, the resource, the fact, what was seen, and a command: the one that mends it, or
the one that shows more where mending needs a decision. The newest reports are in `reports/<check>_report.json`, readable by
their owner only.

{count} rules in {checks} checks. A check that looks at servers also has `<check>.unreachable`, which is UNKNOWN, for each
server that did not answer.
"""


def render_reference() -> str:
    """
    The whole page.
    """
    from ops.audit.collect import HOST_TIMEOUT_S

    count = sum(len(check.rules) for check in CHECKS.values())
    head = INTRODUCTION.format(count=count, checks=len(CHECKS), timeout_s=HOST_TIMEOUT_S)
    return "\n".join([head, *(line for check in CHECKS.values() for line in _section(check))])


def _section(check: Check) -> Iterator[str]:
    yield from (f"## `{check.name}`: {check.title[0].lower()}{check.title[1:]}", "")
    yield from ("| id | what holds when all is well | looked at | at worst |", "|---|---|---|---|")
    for rule in check.rules:
        yield f"| `{rule.id}` | {rule.holds} | {SUBJECTS[rule.subject]} | {rule.worst} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(render_reference(), encoding="utf-8")
