"""
A whole dossier: read, rendered, and compared with the folder that it goes to.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.dossier import write as files
from ops.dossier.collect import Sources, collect
from ops.dossier.facts import Facts
from ops.dossier.page import Page
from ops.dossier.write import Change, changes

HTML = "dossier.html"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """
    A dossier with what is not yet as it says in its folder. `out` is the folder that was asked for, None for the usual one.
    """

    facts: Facts
    folder: Path
    out: Path | None
    sources: Sources
    pages: Sequence[Page]
    changes: Sequence[Change]


def make(
    checkout: Path, stack: str, out: Path | None = None, sources: Sources | None = None, *, with_html: bool = False
) -> Dossier:
    """
    Read, render and compare. Nothing is written.

    Raises: SettingsError, FlotillaError
    """
    from settings.loading import require_name

    require_name(stack)
    folder = out.absolute() if out else files.folder_of(checkout, stack)
    asked = sources or Sources()
    facts = collect(checkout, stack, folder, asked)
    pages = render(facts, with_html=with_html)
    found = changes(folder, pages, asked.kept)
    return Dossier(facts=facts, folder=folder, out=out, sources=asked, pages=pages, changes=found)


def render(facts: Facts, *, with_html: bool = False) -> tuple[Page, ...]:
    """
    Every file of the dossier, from the facts alone.
    """
    from ops.dossier import pages

    found = pages.render(facts)
    if not with_html:
        return found
    from ops.dossier.html import render as to_html

    return (*found, Page(HTML, found[0].title, to_html(found, facts.language)))


def write(found: Dossier) -> None:
    """
    Write what is not yet as it is to be.

    Raises: RefusedError, FlotillaError
    """
    files.write(found.folder, found.changes, found.pages, found.sources.kept)


def command(found: Dossier) -> str:
    """
    What writes this dossier.
    """
    words = ["flotilla", "docs", "-s", found.facts.stack]
    words += ["--declared"] if found.sources.is_declared else []
    words += ["--preview"] if found.sources.is_previewed else []
    words += ["--outputs", str(found.sources.outputs)] if found.sources.outputs else []
    words += ["--out", str(found.out)] if found.out else []
    words += ["--html"] if any(page.path == HTML for page in found.pages) else []
    return shlex.join(words)


def document(found: Dossier, *, is_check: bool) -> dict[str, Any]:
    """
    What was done, or with `is_check` what would be, as one document.
    """
    facts = found.facts
    return {
        "schema": SCHEMA,
        "stack": facts.stack,
        "language": facts.language,
        "folder": str(found.folder),
        "is_check": is_check,
        "is_fresh": not found.changes,
        "as_of": facts.as_of.isoformat() if facts.as_of else None,
        "has_outputs": facts.outputs is not None,
        "outputs_problem": facts.why_no_outputs,
        "problems": list(facts.problems),
        "pages": [{"path": page.path, "title": page.title} for page in found.pages],
        "changes": [
            {"path": change.path, "kind": change.kind.value, **({"difference": change.difference} if is_check else {})}
            for change in found.changes
        ],
        "next": f"{command(found)}" if is_check and found.changes else f"Read {found.folder / 'index.md'}",
    }
