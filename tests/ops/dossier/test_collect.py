"""
What a dossier is made from, however little of it can be read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops import history, shelf
from ops import stack as stacks
from ops.dossier.collect import Sources, collect, decisions
from ops.dossier.facts import Facts
from ops.dossier.outputs import parse
from ops.dossier.pages import render
from ops.errors import MissingToolError, SettingsError
from tests import dossier_facts as make
from tests.conftest import Checkout


@pytest.fixture
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the state is kept, for a checkout that has no engine."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setattr(stacks, "environment", lambda checkout: {"PULUMI_BACKEND_URL": f"file://{folder}", "PATH": ""})
    return folder


def _collect(checkout: Checkout, **sources: Any) -> Facts:
    return collect(checkout.root, "local", checkout.root / "docs", Sources(**sources))


def test_without_an_engine(checkout: Checkout, state: Path) -> None:
    """Why there are no outputs is a fact, and the pages are written all the same."""
    facts = _collect(checkout)
    assert facts.outputs is None
    assert facts.outputs_problem.startswith("pulumi: the engine is not there.")
    assert any("the engine is not there" in page.content for page in render(facts))


def test_a_checkout_that_was_never_set_up(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither outputs nor history, and both are said."""

    def refuse(checkout: Path) -> dict[str, str]:
        raise MissingToolError("make setup: it was never run. Nothing was done. Run it.")

    monkeypatch.setattr(stacks, "environment", refuse)
    facts = _collect(checkout)
    assert (facts.outputs, facts.history) == (None, ())
    assert "it was never run" in facts.outputs_problem


def test_outputs_from_a_file(checkout: Checkout, state: Path, tmp_path: Path) -> None:
    """What the program exports, as `pulumi stack output --json` prints it."""
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(checkout.program("local").stack_outputs))
    facts = _collect(checkout, outputs=file)
    assert facts.outputs_problem == "" and facts.problems == ()
    assert facts.server("app-1")["ipv4"] == "127.10.0.11"
    assert facts.server("nobody") == {}


@pytest.mark.parametrize("content", [None, "{", b"\xff\xfe"])
def test_a_file_of_outputs_that_is_none(checkout: Checkout, tmp_path: Path, content: str | bytes | None) -> None:
    """Bad input: somebody asked for this file."""
    file = tmp_path / "outputs.json"
    if content is not None:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SettingsError, match=r"--outputs: .* cannot be read as JSON"):
        _collect(checkout, outputs=file)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "there are no outputs: it was never brought up"),
        ([], "there are no outputs: it was never brought up"),
        ({"version": 1}, "its outputs are of version 1, and this `flotilla` reads 2"),
        ({"version": 2, "environment": {"stack": "staging"}}, "these are the outputs of another stack, not of local"),
    ],
)
def test_outputs_that_are_not_this_stacks(document: object, why: str) -> None:
    """Missing, older, another stack's: none of it is shown."""
    assert parse(document, "local") == (None, [why])


def test_outputs_with_a_broken_part(checkout: Checkout) -> None:
    """What has another shape is left out and said, and the rest is shown; unknown sections too."""
    whole = json.loads(json.dumps(checkout.program("local").stack_outputs))
    whole["servers"]["odd-1"] = {"type": 7}
    whole["projects"] = "none"
    whole["further"] = 1
    found, said = parse(whole, "local")
    assert found is not None
    assert set(found["servers"]) == {"app-1"} and "projects" not in found and "further" not in found
    assert {line.split("`")[1] for line in said} == {"servers.odd-1", "projects", "further"}


def test_reports_of_this_environment_only(checkout: Checkout, state: Path) -> None:
    """Another stack's are not this one's; what cannot be read is said."""
    make.write_reports(checkout.root, make.report("global"), make.report("data"))
    (checkout.root / "reports" / "hosts_report.json").write_text("{")
    (checkout.root / "reports" / "tls_report.json").write_text("[]")
    assert _collect(checkout).reports == {}
    path = checkout.root / "reports" / "global_report.json"
    path.write_text(path.read_text().replace("production", "local"))
    facts = _collect(checkout)
    assert list(facts.reports) == ["global"]
    assert set(facts.problems) == {
        "`reports/hosts_report.json` cannot be read: JSONDecodeError",
        "`reports/tls_report.json` is no report",
    }


def test_the_history_is_read_and_verified(checkout: Checkout, state: Path) -> None:
    """Its lines are in the facts; that one was edited is a problem that is said."""
    kept = shelf.of(checkout.root, "local", stacks.environment(checkout.root))
    for number in range(3):
        history.append(kept, {"event": "ended", "what": f"change {number}"})
    assert [line["what"] for line in _collect(checkout).history] == ["change 0", "change 1", "change 2"]
    assert _collect(checkout).problems == ()
    [file] = state.rglob("history.jsonl")
    file.write_text(file.read_text().replace("change 1", "change X"))
    assert any("line 2 was changed" in problem for problem in _collect(checkout).problems)


def test_declared_asks_nobody(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the engine nor reports: only then it is the same on every machine."""
    monkeypatch.setattr(stacks, "environment", lambda checkout: pytest.fail("asked"))
    make.write_reports(checkout.root, make.report("global"))
    facts = _collect(checkout, is_declared=True)
    assert (facts.outputs, dict(facts.reports), facts.history, facts.problems) == (None, {}, (), ())


def test_decisions_are_named_by_their_titles(checkout: Checkout) -> None:
    """Without the numbers that they begin with, however those are written."""
    folder = checkout.root / "docs" / "adr"
    folder.mkdir(parents=True)
    for name, text in {
        "0001-a.md": "# 0001 One\n",
        "0002-b.md": "# 2. Two",
        "0003-c.md": "# 0003: Three",
        "README.md": "# No",
    }.items():
        (folder / name).write_text(text)
    (folder / "0004-d.md").write_text("")
    found = decisions(checkout.root)
    assert found == {"0001-a.md": "One", "0002-b.md": "Two", "0003-c.md": "Three", "0004-d.md": "0004-d"}


def test_mistakes_in_the_settings_stop_it(checkout: Checkout) -> None:
    """All of them are shown, as always."""
    path = checkout.root / "Pulumi.local.yaml"
    path.write_text(path.read_text().replace("config:", "config:\n  flotilla:language: de"))
    with pytest.raises(SettingsError, match="flotilla:language: 'de' is no language of documents"):
        _collect(checkout, is_declared=True)
