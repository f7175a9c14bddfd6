"""
Every alert under promtool: it fires when it has to, says what it has to, and stays quiet otherwise.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from components.declarations import alerts
from sandbox.images import MACHINE, machine_image
from settings import Settings
from tests.alert_cases import promtool_tests
from tests.complete_fleet import complete
from tests.conftest import Checkout
from tests.integration.docker_engine import client_with


@pytest.fixture
def settings(checkout: Checkout) -> Settings:
    """Production with everything in it."""
    return complete(checkout).settings("production")


def promtool(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Debian's own, from the machines' image: one container for everything."""
    client_with(folder, MACHINE).close()
    argv = ["docker", "run", "--rm", "--network=none", f"--volume={folder}:/rules:ro", "--workdir=/rules", machine_image()]
    return subprocess.run([*argv, "promtool", *arguments], capture_output=True, text=True, check=False, timeout=300)


def write(folder: Path, settings: Settings) -> list[str]:
    documents = promtool_tests(alerts.rule_groups(settings))
    for name, document in documents.items():
        (folder / name).write_text(yaml.safe_dump(document))
    return [name for name, document in documents.items() if "tests" in document]


def test_every_alert_fires_and_stays_quiet_as_it_has_to(settings: Settings, tmp_path: Path) -> None:
    """All groups, each rule with its cases; what people are told is compared too."""
    files = write(tmp_path, settings)
    done = promtool(tmp_path, "test", "rules", *files)

    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("SUCCESS") == len(files)


def test_the_cases_can_fail(settings: Settings, tmp_path: Path) -> None:
    """With one threshold moved, promtool says which alert it is."""
    write(tmp_path, settings)
    rules = tmp_path / "rules-databases.yml"
    text = rules.read_text()
    rules.write_text(text.replace("pg_up == 0", "pg_up == 2"))
    assert rules.read_text() != text
    done = promtool(tmp_path, "test", "rules", "test-databases-1m.yml")

    assert done.returncode != 0
    assert "DatabaseServerDown" in done.stdout + done.stderr
