"""
`flotilla runbook`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ops import checkout, console
from ops.commands import Json, Stack, words

Slug = Annotated[
    str | None,
    typer.Argument(
        help="A runbook, or an alert or finding that one answers; all of them without one.",
        show_default=False,
        callback=words.name,
    ),
]


def runbook(slug: Slug = None, stack: Stack = "local", json: Json = False) -> None:
    """
    What to do in a situation: the runbooks, or one with its commands in this environment's own names. Works offline.
    """
    from ops.runbooks import catalog, collect, text
    from ops.runbooks.words import SITUATIONS

    known = collect.collect(checkout.find(), stack)
    if slug:
        found = catalog.find(known.names, slug)
        if json:
            console.document({"stack": stack, **text.document(found, known.durations, known.language)})
        else:
            for line, style in text.lines(found, known.durations, known.language):
                console.line(line, style)
        return
    every = catalog.every(known.names)
    if json:
        console.document({"stack": stack, "runbooks": [text.document(row, known.durations, known.language) for row in every]})
        return
    for situation in dict.fromkeys(row.situation for row in every):
        rows = [(row.slug, text.told(row.title, known.language)) for row in every if row.situation is situation]
        console.table([SITUATIONS[situation].of(known.language), ""], rows)
        console.line()
    console.line(f"One of them: `flotilla runbook {every[0].slug} -s {stack}`; an alert's or a finding's name will do, too.")
