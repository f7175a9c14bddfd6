"""
One file per noun of the command line: its arguments, and how its results are shown. What it does is in ops/<noun>.py.

These modules are imported for `flotilla --help`: import whatever is slow inside the functions.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ops.commands import words
from ops.confirm import Level

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack.", callback=words.name)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask at a terminal; never enough for what is critical.")]
Approve = Annotated[Level | None, typer.Option("--approve", help="Approve up to this level without being asked.")]
Reason = Annotated[str, typer.Option("--reason", help="Why it is done.", callback=words.sentence)]
LockWait = Annotated[int, typer.Option("--lock-wait", min=0, help="Wait for whoever is changing the stack, in seconds.")]
