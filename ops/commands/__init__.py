"""
One file per noun of the command line: its arguments, and how its results are shown. What it does is in ops/<noun>.py.

These modules are imported for `flotilla --help`: import whatever is slow inside the functions.
"""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
