"""
Check `docs`: do documents say what the code does?
"""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from ops.audit.rule import Check, Fault, unknown, warning
from ops.audit.scene import Documents, Scene
from ops.errors import FlotillaError
from ops.report import Status

CHECK = Check(name="docs", title="Documents say what the code does")


@CHECK.rule("page-stale", Documents, worst=Status.WARNING, holds="every page that is written from code is what the code says")
def page_stale(documents: Documents, scene: Scene) -> Iterator[Fault]:
    """
    Settings, schemas, audit, alerts, policies, outputs.
    """
    for row in documents.see("pages"):
        if "error" in row:
            yield unknown(
                of=row["page"], message=f"it cannot be written: {row['error']}", evidence=row["command"], fix=row["command"]
            )
        elif not row["is_fresh"]:
            yield warning(
                of=row["page"],
                message="it is not what the code says",
                evidence=f"written by {row['command']}",
                fix=row["command"],
            )


@CHECK.rule("link-broken", Documents, worst=Status.WARNING, holds="every link leads somewhere")
def link_broken(documents: Documents, scene: Scene) -> Iterator[Fault]:
    """
    To files of the checkout and headings in them; other sites are not asked.
    """
    for row in documents.see("links"):
        fix = shlex.join(["grep", "-n", row["target"], row["page"]])
        yield warning(of=row["page"], message=f"a link leads nowhere: {row['target']}", evidence=row["why"], fix=fix)


@CHECK.rule("command-unknown", Documents, worst=Status.WARNING, holds="every command that is named exists")
def command_unknown(documents: Documents, scene: Scene) -> Iterator[Fault]:
    """
    In the README and the pages of docs/, without the decision records.
    """
    for row in documents.see("commands"):
        fix = shlex.join(["grep", "-n", row["command"], row["page"]])
        yield warning(of=row["page"], message=f"there is no command `{row['command']}`", evidence="flotilla --help", fix=fix)


async def see_documents(checkout: Path) -> tuple[Documents, ...]:
    """
    As one subject.

    Raises: FlotillaError where the process that reads them fails.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ops.verdict.documents",
        cwd=checkout,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        printed, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise FlotillaError(f"reading the documents ended with {process.returncode}: {said.decode(errors='replace')[-300:]}")
    sections = {name: {"data": rows} for name, rows in json.loads(printed).items()}
    return (Documents(name="documents", sections=sections),)
