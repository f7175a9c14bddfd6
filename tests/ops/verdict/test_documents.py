"""
Documents against code: stale pages, links that lead nowhere, commands that there are not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ops.cli import app
from ops.verdict import documents

TREE = {"report": None, "host": {"ssh": None, "converge": None}}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Run `flotilla report --fail-on critical`.", []),
        ("`flotilla host ssh -s local app-1 -- docker ps`", []),
        ("```sh\nflotilla conquer --all\n```", ["flotilla conquer"]),
        ("see `flotilla host explode app-1`", ["flotilla host explode"]),
        ("`.venv/bin/flotilla host`, and `. ./env.sh && flotilla reporter`", ["flotilla reporter"]),
        ("the word flotilla in a sentence", []),
        ("`flotilla ...` and `flotilla <command>`", []),
        ("`flotilla-data` is a volume", []),
    ],
)
def test_commands_that_are_named_exist(text: str, missing: list[str]) -> None:
    """In code, not in sentences; options and arguments are not asked about."""
    assert [row["command"] for row in documents.unknown_commands({"docs/a.md": text}, TREE)] == missing


def test_decision_records_may_name_what_was_planned() -> None:
    """They tell of their time."""
    assert documents.unknown_commands({"docs/adr/1.md": "`flotilla conquer`"}, TREE) == []


def test_links_lead_somewhere(tmp_path: Path) -> None:
    """To files and to headings; other sites and what is in code blocks are not asked."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("# One thing: `x`\n\n## And another\n")
    links = "[a](docs/a.md#one-thing-x) [b](docs/a.md#gone) [c](docs/b.md) [d](https://example.com) [e](#here)"
    text = f"{links}\n# Here\n```\n[f](no)\n```\n"
    (tmp_path / "README.md").write_text(text)

    broken = documents.broken_links(tmp_path, {"README.md": text})
    assert [row["target"] for row in broken] == ["docs/a.md#gone", "docs/b.md"]


def test_this_checkouts_documents_are_true() -> None:
    """Every generated page is fresh, every link leads somewhere, every command exists."""
    argv = [sys.executable, "-m", "ops.verdict.documents", "--no-previews"]
    found = json.loads(subprocess.run(argv, cwd=documents.CODE, capture_output=True, text=True, check=True).stdout)

    assert [row for row in found["pages"] if not row.get("is_fresh")] == []
    assert (found["links"], found["commands"]) == ([], [])
    assert found["counts"]["pages"] > 10 and found["counts"]["commands"] >= len(app.registered_commands)


def test_a_page_that_was_edited_is_stale(tmp_path: Path) -> None:
    """And one that is missing."""
    rows = {row["page"]: row for row in documents.pages(tmp_path)}

    assert set(rows) >= {
        "docs/settings.md",
        "docs/policies.md",
        "docs/audit.md",
        "docs/monitoring.md",
        "docs/outputs.schema.json",
    }
    assert {row.get("is_fresh") for row in rows.values()} == {False}
