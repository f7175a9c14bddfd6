"""
`flotilla doctor`.
"""

from __future__ import annotations

from ops import checkout, console
from ops.commands import Json

STYLES = {"ok": "green", "missing": "bold red", "attention": "yellow"}


def doctor(json: Json = False) -> None:
    """
    Say what is missing on this machine, and how to get it. Changes nothing; exits with 7 when something needed is missing.
    """
    import ops.doctor as checks

    findings = checks.examine(checkout.find())
    if json:
        console.document({"findings": findings})
    else:
        console.table(["", "what", "found"], [(row.state, row.subject, row.fact) for row in findings], STYLES)
        for fix in dict.fromkeys(row.fix for row in findings if row.fix):
            console.line()
            console.line(f"{', '.join(row.subject for row in findings if row.fix == fix)}:", "bold")
            console.line(f"  {fix}")
    checks.require(findings)
