"""
Check `dns`: do names lead where they should?
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ops.audit.rule import Check, Fault, critical, degraded
from ops.audit.scene import Record, Scene
from ops.report import Status

CHECK = Check(name="dns", title="Names lead where they should")


def _dig(record: Record) -> str:
    server = record.see("answer")["server"]
    port = ["-p", str(server["port"])] if server["port"] != 53 else []
    return shlex.join(["dig", "+short", f"@{server['address']}", *port, record.name, record.kind])


def compared(kind: str, content: str) -> str:
    """
    A record's content so that two spellings of it are one.
    """
    text = content.replace('"', "") if kind in ("TXT", "CAA") else content.rstrip(".")
    return text if kind == "TXT" else text.lower()


@CHECK.rule("record-missing", Record, worst=Status.CRITICAL, holds="every name has what was declared for it")
def record_missing(record: Record, scene: Scene) -> Iterator[Fault]:
    """
    In the zone's own name server. Behind Cloudflare's proxy the addresses are Cloudflare's, but there are some.
    """
    answer = record.see("answer")
    found = {compared(record.kind, content) for content in answer["contents"]}
    missing = [content for content in record.contents if compared(record.kind, content) not in found]
    if missing and not (record.is_proxied and found):
        make = degraded if found else critical
        yield make(
            at=record.kind,
            message=f"{', '.join(missing)} is not there" if found else f"it has no {record.kind} record",
            evidence=f"{answer['code']}, {', '.join(sorted(answer['contents'])) or 'nothing'}",
            fix=_dig(record) if found else f"pulumi up -s {scene.stack} --refresh",
        )


@CHECK.rule("record-foreign", Record, worst=Status.CRITICAL, holds="no name leads anywhere else beside")
def record_foreign(record: Record, scene: Scene) -> Iterator[Fault]:
    """
    A foreign address beside the right ones takes a part of the visitors.
    """
    answer = record.see("answer")
    wanted = {compared(record.kind, content) for content in record.contents}
    foreign = sorted(content for content in answer["contents"] if compared(record.kind, content) not in wanted)
    if foreign and record.is_exact and not record.is_proxied:
        yield critical(
            at=record.kind,
            message=f"it leads elsewhere: {', '.join(foreign)}",
            evidence=f"declared: {', '.join(record.contents) or 'nothing'}",
            fix=_dig(record),
        )
