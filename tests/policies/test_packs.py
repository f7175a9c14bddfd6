"""
The packs as Pulumi starts them: a folder run by itself, from wherever the engine is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2_grpc

from policies.catalog import FOLDER, packs

NAMES = [path.parent.name for path in sorted(FOLDER.glob("*/PulumiPolicy.yaml"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_starts_from_any_folder_and_answers(name: str, tmp_path: Path) -> None:
    """
    Its imports resolve without the checkout on the path, and what it serves is what tests and documentation are made from.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, str(FOLDER / name)]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, **pipes) as process:
        try:
            assert process.stdout
            assert process.stderr
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                info = analyzer_pb2_grpc.AnalyzerStub(channel).GetAnalyzerInfo(empty_pb2.Empty(), timeout=10)
        finally:
            process.kill()
        assert process.stderr.read() == "", "the engine would show it"
    (pack,) = [pack for pack in packs() if pack.name == info.name]
    assert {rule.id for rule in pack.rules} < {policy.name for policy in info.policies}


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_runs_in_the_projects_own_environment(name: str) -> None:
    """
    The virtual environment is named relative to the pack's folder, as Pulumi reads it.
    """
    document = yaml.safe_load((FOLDER / name / "PulumiPolicy.yaml").read_text())
    assert document["runtime"]["name"] == "python"
    virtualenv = FOLDER / name / document["runtime"]["options"]["virtualenv"]
    assert virtualenv.resolve() == (FOLDER.parent / ".venv").resolve()
    assert document["description"] == next(pack for pack in packs() if pack.name.endswith(name)).description


def test_looking_at_rules_starts_nothing_and_imports_no_pulumi() -> None:
    """
    Documentation is made from rules; the server, the engine's protocol and the SDK belong to a running pack.
    """
    code = (
        "import sys; from policies.catalog import packs; packs(); "
        "sys.exit(' '.join(name for name in ('pulumi', 'grpc', 'google.protobuf') if name in sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    assert answer.stderr.strip() == ""


def test_a_pack_serves_without_the_sdk() -> None:
    """
    It and the library take longer to load than all rules take for a small fleet.
    """
    code = (
        "import sys, policies.catalog, policies.framework.server; policies.catalog.packs(); "
        "sys.exit(' '.join(name for name in ('pulumi', 'pulumi_policy', 'pydantic') if name in sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    assert answer.stderr.strip() == ""


def test_there_are_at_least_sixty_rules_most_with_a_reference() -> None:
    """
    What the two packs promise.
    """
    rules = [rule for pack in packs() for rule in pack.rules]
    assert len(rules) >= 60
    assert len([rule for rule in rules if rule.references]) > 0.9 * len(rules)
