"""
What CI runs, held to what is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def jobs() -> Any:
    """
    The jobs of the workflow.
    """
    return yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]


def test_every_committed_stack_is_previewed_on_pull_requests(jobs: Any) -> None:
    """A stack that is added is reviewed too, and the review gets no credential."""
    stacks = {path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")}
    assert set(jobs["preview"]["strategy"]["matrix"]["stack"]) == stacks
    assert jobs["preview"]["if"] == "github.event_name == 'pull_request'"
    assert "secrets." not in str(jobs["preview"])


def test_previews_run_both_policy_packs() -> None:
    """The packs that the Makefile names are there, and are all there are."""
    (line,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("PACKS := ")]
    packs = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "policies").glob("*/PulumiPolicy.yaml")}
    assert set(line.removeprefix("PACKS := ").split()) == packs
