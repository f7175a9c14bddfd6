"""
A Pulumi project of a test's own: the real engine and the stand-ins, over the emulated clouds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hcloud
import pytest

from sandbox.plugins.install import install
from tests.plugins.clouds import TOKEN

CHECKOUT = Path(__file__).resolve().parents[3]
TOOLS = CHECKOUT / ".flotilla" / "toolchain"


@dataclass
class Project:
    """
    A Pulumi project of its own, with a file backend and the stand-ins in its own Pulumi home.
    """

    folder: Path
    environment: dict[str, str]
    client: hcloud.Client

    def write(self, program: str) -> None:
        (self.folder / "__main__.py").write_text(program)

    def command(self, *arguments: str) -> list[str]:
        return ["pulumi", "--non-interactive", *arguments]

    def run(self, *arguments: str, status: int = 0) -> str:
        answer = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        text = answer.stdout + answer.stderr
        assert answer.returncode == status, text
        assert "Traceback" not in text
        return text

    def changes(self, *arguments: str) -> dict[str, str]:
        """
        What a preview would do, as {logical name: operation}, without what stays the same.
        """
        steps = json.loads(self.run("preview", "--json", *arguments).partition("\n}\n")[0] + "\n}")["steps"]
        return {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"}

    def up(self, *arguments: str) -> str:
        return self.run("up", "--yes", "--skip-preview", *arguments)


@pytest.fixture
def runtime() -> Iterator[Path]:
    """The folder for sockets; short, since a socket's path has at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="flotilla-") as folder:
        yield Path(folder)


@pytest.fixture
def project(tmp_path: Path, runtime: Path, hetzner_url: str, cloudflare_url: str) -> Project:
    assert (TOOLS / "engine.json").is_file(), "no engine is set up: run `python3 toolchain/setup.py`"
    for name in ("project", "state", "home"):
        (tmp_path / name).mkdir()
    install(tmp_path / "home", Path(sys.executable))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "HCLOUD_", "CLOUDFLARE_"))},
        "PATH": f"{TOOLS / 'bin'}:{os.environ['PATH']}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase for this test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "XDG_RUNTIME_DIR": str(runtime),
        "HCLOUD_TOKEN": TOKEN,
        "HCLOUD_ENDPOINT": hetzner_url,
        "CLOUDFLARE_API_TOKEN": TOKEN,
        "CLOUDFLARE_BASE_URL": cloudflare_url,
    }
    client = hcloud.Client(TOKEN, api_endpoint=hetzner_url, poll_interval=0.05)
    made = Project(tmp_path / "project", environment, client)
    language = f"runtime:\n  name: python\n  options:\n    virtualenv: {CHECKOUT}/.venv\n"
    (made.folder / "Pulumi.yaml").write_text(f"name: fleet\n{language}")
    made.run("stack", "init", "local")
    return made
