"""
Facts for dossiers: the sample fleet as it is declared, as it is once brought up, and with words that would be markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ops.dossier.collect import Sources, collect
from ops.dossier.facts import Facts, Report
from tests.conftest import Checkout

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
PIECES = (
    *"|`\\*_[]()<>&~!#:/-+=.$'\"{}1 \n\r\t\u202e\u200b\x00\x1b\x85\u2028\ufeff\ud800é",
    "``", "```", "~~~", "---", "===", "- ", "1. ", "# ", "> ", "    ", "\n\n", "\\|", "\\`", "](", "![", "[x]: /y", "<b>",
    "<!--", "-->", "</details>", "<script>alert(1)</script>", "https://evil.example", "www.evil.example", "javascript:alert(1)",
    "&amp;", "&#124;", "{name}", "{0}", "%s", "| --- |",
)  # fmt: skip
HOSTILE = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), min_size=1, max_size=12).map("".join)


def declared(checkout: Checkout, stack: str = "production") -> Facts:
    """
    A stack's settings alone.
    """
    return collect(checkout.root, stack, checkout.root / "docs" / "generated" / stack, Sources(is_declared=True))


def brought_up(checkout: Checkout, stack: str = "production") -> Facts:
    """
    With the outputs that the program exports, reports of a day, and a history.
    """
    outputs = dict(json.loads(json.dumps(checkout.program(stack).stack_outputs)))
    return with_records(replace(declared(checkout, stack), outputs=outputs, outputs_problem="", is_declared=False))


def with_records(facts: Facts, word: str = "word") -> Facts:
    """
    The same with reports and a history; `word` is wherever somebody else's words may be.
    """
    made = [report("global", word), report("tls", word), report("backup-list", word), report("backup-trials", word)]
    return replace(facts, reports={row.name: row for row in made}, history=(line(1, word), line(2, word)), problems=(word,))


def report(name: str, word: str = "word") -> Report:
    """
    A report of a check with the same word in every place.
    """
    document: Mapping[str, Any] = {
        "timestamp": NOW.isoformat(),
        "environment": "production",
        "status": word,
        "checks": {name: {"status": word}},
        "sources": [
            {"project": word, "source": word, "at": 1_790_000_000, "size": 12_345_678, "backups": 3, "verified_at": None}
        ],
        "records": [
            {"project": word, "source": word, "at": 1_790_000_000, "findings": [], "rto_s": 12.34, "rpo_s": 0.0},
            {"project": word, "source": word, "at": 1_790_000_000, "findings": [{}], "rto_s": None, "rpo_s": None},
        ],
    }
    return Report(name=name, when=NOW, document=document)


def line(number: int, word: str = "word") -> dict[str, Any]:
    """
    A line of the history.
    """
    words = dict.fromkeys(("who", "event", "status", "what", "reason", "report"), word)
    return {"seq": number, "at": NOW.isoformat(), **words}


def parsed(markdown: str) -> list[Token]:
    """
    What a reader's program makes of a page: CommonMark with tables, HTML as GitHub lets it through.
    """
    return MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)


def shape(markdown: str) -> list[str]:
    """
    What a page is made of, without its words: every element and every link's target. A fence may be as long as it has to be.
    """
    found: list[str] = []
    for token in parsed(markdown):
        found.append(f"{token.type} {token.tag} {token.markup[:1] if token.type == 'fence' else ''}")
        for inner in token.children or []:
            if inner.type != "text":
                found.append(f"{inner.type} {inner.attrs.get('href', '')}{inner.attrs.get('src', '')}")
    return found


def words(token: Token) -> str:
    """
    The words of a line, as a reader sees them.
    """
    return "".join(inner.content for inner in token.children or [])


def write_reports(root: Path, *reports: Report) -> None:
    """
    Keep reports as `flotilla` does.
    """
    (root / "reports").mkdir(exist_ok=True)
    for row in reports:
        (root / "reports" / f"{row.name}_report.json").write_text(json.dumps(row.document))
