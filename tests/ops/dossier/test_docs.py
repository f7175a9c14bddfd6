"""
`flotilla docs`: exit codes, what is written, and that the committed dossier is fresh.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from ops import checkout as checkouts
from ops import cli
from ops.dossier import dossier
from ops.dossier.collect import Sources
from ops.dossier.write import MANIFEST
from tests.conftest import ROOT, Checkout


def _run(monkeypatch: pytest.MonkeyPatch, root: Path, *words: str) -> int:
    monkeypatch.setattr(checkouts, "CODE", root)
    monkeypatch.chdir(root)
    monkeypatch.setattr("sys.argv", ["flotilla", "docs", *words])
    try:
        cli.main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def test_written_checked_and_written_again(checkout: Checkout, monkeypatch, capsys) -> None:
    """Written it is fresh; edited, `--check` exits with 5, shows how it differs, writes nothing, and says what to run."""
    root, words = checkout.root, ("-s", "production", "--declared")
    assert _run(monkeypatch, root, *words, "--check") == 5
    assert not (root / "docs").exists()
    assert _run(monkeypatch, root, *words) == 0
    assert "new" in capsys.readouterr().out
    assert _run(monkeypatch, root, *words, "--check") == 0
    page = root / "docs" / "generated" / "production" / "costs.md"
    page.write_text(f"{page.read_text()}cheap\n")
    capsys.readouterr()
    assert _run(monkeypatch, root, *words, "--check") == 5
    said = capsys.readouterr()
    assert "--- costs.md\n+++ costs.md\n" in said.out and "\n-cheap\n" in said.out
    assert "Run `flotilla docs -s production --declared`." in said.err
    assert page.read_text().endswith("cheap\n")
    assert _run(monkeypatch, root, *words) == 0
    assert not page.read_text().endswith("cheap\n")


def test_one_document_for_programs(checkout: Checkout, monkeypatch, capsys, tmp_path: Path) -> None:
    """Of what was written, and of what would be."""
    words = ("-s", "production", "--declared", "--json", "--html", "--out", str(tmp_path / "out"))
    assert _run(monkeypatch, checkout.root, *words, "--check") == 5
    found = json.loads(capsys.readouterr().out)
    assert (found["is_fresh"], found["is_check"], found["stack"]) == (False, True, "production")
    assert all(change["kind"] == "missing" and change["difference"] for change in found["changes"])
    assert found["next"].endswith("--html")
    assert _run(monkeypatch, checkout.root, *words) == 0
    written = json.loads(capsys.readouterr().out)
    assert {page["path"] for page in written["pages"]} | {MANIFEST} == {
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    assert _run(monkeypatch, checkout.root, *words, "--check") == 0


@pytest.mark.parametrize("stack", ["nowhere", "../production", "a b"])
def test_a_stack_that_is_none(checkout: Checkout, monkeypatch, capsys, stack: str) -> None:
    """Bad input: one line, nothing written."""
    assert _run(monkeypatch, checkout.root, "-s", stack, "--declared") == 2
    assert not (checkout.root / "docs").exists()
    assert "Traceback" not in capsys.readouterr().err


# What a preview adds to; tests/integration/test_dossier.py makes one, and compares these too.
PREVIEWED = {"compliance.md", "index.md", "inventory.md", "network.md", "policies.md", MANIFEST}


def test_the_committed_dossier_is_fresh() -> None:
    """docs/generated/production is what the settings say, as far as they alone say it."""
    found = dossier.make(ROOT, "production", sources=Sources(is_declared=True))
    assert {change.path for change in found.changes} == PREVIEWED
    assert str(ROOT) not in "".join(page.content for page in found.pages)


def test_a_second_is_enough() -> None:
    """Reading the settings, rendering and comparing, once modules are there."""
    dossier.make(ROOT, "production", sources=Sources(is_declared=True), with_html=True)
    began = time.process_time()
    dossier.make(ROOT, "production", sources=Sources(is_declared=True), with_html=True)
    assert time.process_time() - began < 1
