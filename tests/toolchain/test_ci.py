"""
What CI runs, held to what is there.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
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


SECRETS = {"PULUMI_BACKEND_URL", "HCLOUD_TOKEN", "CLOUDFLARE_API_TOKEN", "FLOTILLA_SSH_KEY"}


def _workflow(name: str) -> Any:
    text = (ROOT / name).read_text()
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - texts only, so that `on` stays `on`


def test_the_report_is_made_every_six_hours_and_on_main_by_github() -> None:
    """It fails on CRITICAL with the script's exit code, and what it found is kept all the same."""
    workflow = _workflow(".github/workflows/report.yml")
    assert workflow["on"]["push"] == {"branches": ["main"]}
    assert [row["cron"].split()[1] for row in workflow["on"]["schedule"]] == ["*/6"]
    job = workflow["jobs"]["report"]
    assert job["env"].keys() >= SECRETS
    assert all(value == f"${{{{ secrets.{name} }}}}" for name, value in job["env"].items())
    (run,) = [step for step in job["steps"] if "run" in step]
    assert run["run"] == "bash .ci/report" and "continue-on-error" not in run
    (upload,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/upload-artifact")]
    assert upload["if"] == "always()" and upload["with"]["path"] == "reports"


def test_the_report_is_made_by_gitlab_too() -> None:
    """By a schedule and on the main branch; the same script, the same files kept."""
    workflow = _workflow(".gitlab-ci.yml")
    job = workflow["report"]
    assert job["script"] == "bash .ci/report" and workflow["test"]["script"] == "bash .ci/run"
    assert job["artifacts"]["when"] == "always" and job["artifacts"]["paths"] == ["reports"]
    assert any("schedule" in rule["if"] for rule in job["rules"])
    assert any("$CI_DEFAULT_BRANCH" in rule["if"] for rule in job["rules"])


def test_what_ci_calls_exists() -> None:
    """The commands and options of the scripts, asked of the command line itself; the stack has a file."""
    calls = [line for line in (ROOT / ".ci" / "report").read_text().splitlines() if line.startswith("flotilla ")]
    assert calls == ["flotilla report -s production --fail-on critical"]
    words = shlex.split(calls[0])[1:]
    answer = subprocess.run(
        [sys.executable, "-m", "ops.cli", words[0], "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert all(word in answer.stdout for word in words if word.startswith("-"))
    assert (ROOT / f"Pulumi.{words[2]}.yaml").is_file()


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_the_report_without_a_secret_says_which(missing: str) -> None:
    """Before anything is installed or looked at, and no value is shown."""
    known = {**dict.fromkeys(SECRETS - {missing}, "very-secret"), "PATH": os.environ["PATH"]}
    answer = subprocess.run(
        ["bash", ".ci/report"], cwd=ROOT, env=known, capture_output=True, text=True, timeout=20, check=False
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"{missing}: it is not set. Nothing was looked at.")
    assert "very-secret" not in answer.stdout + answer.stderr
