"""
Seeing what people read, and whether it is true: generated pages, links, commands that are named.

`python -m ops.verdict.documents` prints it as JSON: rendering pages imports much, and a process of its own can be stopped.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import typer

CODE = Path(__file__).parents[2]
_LINK = re.compile(r"(?<!\!)\[[^\]\n]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_COMMAND = re.compile(r"(?:^|[`(;&|] *)(?:\.venv/bin/)?flotilla((?: +[^\s`|;&)]+)*)", re.MULTILINE)
_ELSEWHERE = ("http://", "https://", "mailto:")


def pages(checkout: Path, *, with_previews: bool = True) -> list[dict[str, Any]]:
    """
    Each page that is written from code: its file, what writes it, and whether that would write the same. Without previews,
    dossiers that are made from one are left out.
    """
    found = [{"page": page, "command": command, **_compared(checkout, page, render)} for page, command, render in _pages()]
    return [*found, *_dossiers(checkout, with_previews=with_previews)]


def _dossiers(checkout: Path, *, with_previews: bool) -> Iterator[dict[str, Any]]:
    """
    Every dossier in the checkout that is of its settings alone, and of their preview. Others tell of a moment, and are never
    fresh for long.
    """
    from ops.dossier import dossier, write
    from ops.dossier.collect import Sources

    for path in sorted((checkout / "docs" / "generated").glob(f"*/{write.MANIFEST}")):
        sources = Sources.of(write.read_manifest(path.parent))
        if not sources.is_repeatable or (sources.is_previewed and not with_previews):
            continue
        stack, has_html = path.parent.name, dossier.HTML in write.owned(path.parent)
        words = ["--declared", *(["--preview"] if sources.is_previewed else []), *(["--html"] if has_html else [])]
        command = f"flotilla docs -s {stack} {' '.join(words)}"
        row = {"page": str(path.parent.relative_to(checkout)), "command": command}
        try:
            found = dossier.make(checkout, stack, sources=sources, with_html=has_html)
        except Exception as error:  # as above
            yield {**row, "error": _shown(error)}
        else:
            yield {**row, "is_fresh": not found.changes}


def _pages() -> Iterator[tuple[str, str, Callable[[], str]]]:
    def module(name: str, function: str) -> Callable[[], str]:
        from importlib import import_module

        return lambda: str(getattr(import_module(name), function)())

    python = ".venv/bin/python -m"
    yield "docs/settings.md", f"{python} settings.reference", module("settings.reference", "render_reference")
    yield "docs/policies.md", f"{python} policies.reference", module("policies.reference", "render_reference")
    yield "docs/audit.md", f"{python} ops.audit.reference", module("ops.audit.reference", "render_reference")
    yield "docs/commands.md", f"{python} ops.commands.reference", module("ops.commands.reference", "render_reference")
    yield (
        "docs/monitoring.md",
        f"{python} components.declarations.reference",
        module("components.declarations.reference", "render"),
    )
    yield "docs/outputs.schema.json", f"{python} components.outputs_shape", module("components.outputs_shape", "render_schema")

    from settings import schema

    for name, document in schema.schemas().items():
        yield f"{schema.FOLDER}/{name}", "flotilla settings schema", partial(schema.render, document)


def _compared(checkout: Path, page: str, render: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"is_fresh": (checkout / page).read_text(encoding="utf-8") == render()}
    except FileNotFoundError:
        return {"is_fresh": False}
    except Exception as error:  # a page that cannot be rendered says nothing of the others
        return {"error": _shown(error)}


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def texts(checkout: Path) -> dict[str, str]:
    """
    The pages that people read: {path: text}.
    """
    found = [checkout / "README.md", *sorted((checkout / "docs").rglob("*.md"))]
    return {str(path.relative_to(checkout)): path.read_text(encoding="utf-8") for path in found if path.is_file()}


def broken_links(checkout: Path, found: Mapping[str, str]) -> list[dict[str, str]]:
    """
    Links to files that are not there, and to headings that no page has.
    """
    broken = []
    for page, text in found.items():
        for target in _LINK.findall(_FENCE.sub("", text)):
            if target.startswith(_ELSEWHERE):
                continue
            path, _, heading = target.partition("#")
            file = (checkout / page).parent / path if path else checkout / page
            if not file.exists():
                broken.append({"page": page, "target": target, "why": "there is no such file"})
            elif heading and file.suffix == ".md" and heading not in anchors(file.read_text(encoding="utf-8")):
                broken.append({"page": page, "target": target, "why": "the page has no such heading"})
    return broken


def anchors(text: str) -> set[str]:
    """
    The names of a page's headings in links to them.
    """
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(_FENCE.sub("", text)))
    return {heading.strip().replace(" ", "-") for heading in plain}


def unknown_commands(found: Mapping[str, str], tree: Mapping[str, Any]) -> list[dict[str, str]]:
    """
    Commands that are named and do not exist. Decision records tell of what was planned at their time: they are left out.
    """
    missing: dict[tuple[str, str], None] = {}
    for page, text in found.items():
        if "/adr/" in page:
            continue
        for line in _COMMAND.findall(text):
            words = _unknown(line.split(), tree)
            if words:
                missing[page, " ".join(("flotilla", *words))] = None
    return [{"page": page, "command": command} for page, command in missing]


def _unknown(words: list[str], tree: Mapping[str, Any]) -> list[str]:
    """
    The words up to the first that is none of the commands; empty where all are. Options and arguments end the search.
    """
    place: Mapping[str, Any] | None = tree
    for number, word in enumerate(words):
        plain = word.rstrip(".,:")
        if not place or not re.fullmatch(r"[a-z][a-z-]*", plain) or word.startswith("-"):
            return []
        if plain not in place:
            return words[: number + 1]
        place = place[plain]
    return []


def command_tree(application: typer.Typer) -> dict[str, Any]:
    """
    The commands by their words: {word: None, or the commands below}.
    """
    tree: dict[str, Any] = {}
    for command in application.registered_commands:
        tree[command.name or (command.callback.__name__ if command.callback else "").replace("_", "-")] = None
    for group in application.registered_groups:
        if group.name and group.typer_instance:
            tree[group.name] = command_tree(group.typer_instance)
    return tree


def main() -> None:
    """
    Print what the check `docs` judges, of this checkout. `--no-previews`: without the seconds that the engine takes.
    """
    from ops.cli import app

    found = texts(CODE)
    tree = command_tree(app)
    made = pages(CODE, with_previews="--no-previews" not in sys.argv[1:])
    document = {"pages": made, "links": broken_links(CODE, found), "commands": unknown_commands(found, tree)}
    sys.stdout.write(json.dumps({**document, "counts": {"pages": len(found), "commands": len(tree)}}) + "\n")


if __name__ == "__main__":
    main()
