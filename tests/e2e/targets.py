"""
The application in target/ as a project of a fleet: its file, its images by tag, and the load on it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import Site
from sandbox.images import BASE, tag
from tests.e2e.conftest import Fleet

SOURCE = Path(__file__).parent / "target"
LOCK_WAIT_S = 300
CERTIFIED_BY = ".flotilla/ca/root.crt"
PROJECT = """\
name: {name}
owner: tests
image: {name}
port: 8000
health:
  path: /up
  command: [python3, /target.py, check]
  interval_s: 2
  timeout_s: 2
  start_period_s: 30
  # A busy machine is not what is tested.
  retries: 15
domains:
  - subdomain: {name}
strategy: {strategy}
limits: {{memory_mb: 128, cpus: 1.0}}
reservations: {{memory_mb: 32, cpus: 0.1}}
stop_grace_s: 20
"""
DATABASE = """\
database:
  name: {name}
  migration: [python3, /target.py, migrate]
"""


@dataclass(frozen=True)
class Target:
    """
    The project in a fleet.
    """

    fleet: Fleet
    name: str = "target"
    has_database: bool = False

    @property
    def file(self) -> Path:
        """
        The project's file.
        """
        return self.fleet.checkout / "projects" / f"{self.name}.yaml"

    def write(self, strategy: str = "blue-green", **canary: Any) -> None:
        """
        Write the project's file, with these settings of canaries.
        """
        text = PROJECT + (DATABASE if self.has_database else "")
        settings = f"canary: {json.dumps(canary)}\n" if canary else ""
        self.file.write_text(text.format(name=self.name, strategy=strategy) + settings)

    def build(self, release: str, **behaviour: Any) -> str:
        """
        Build and push an image under the tag that is the release's name.
        """
        address = f"{self.registry}/{self.name}:{release}"
        command = ["docker", "build", "--quiet", "--network", "host", "--tag", address, "--build-arg", f"BASE={tag(BASE)}"]
        command += ["--build-arg", f"RELEASE={release}", "--build-arg", f"BEHAVIOUR={json.dumps(behaviour)}", str(SOURCE)]
        for argv in (command, ["docker", "push", "--quiet", address]):
            subprocess.run(argv, check=True, capture_output=True, timeout=600)
        return f":{release}"

    @property
    def registry(self) -> str:
        """
        Where this machine pushes to.
        """
        block = json.loads((self.fleet.checkout / ".flotilla/instance.json").read_text())["block"]
        return f"127.10.{block}.1:5000"

    def serve(self, release: str, **behaviour: Any) -> None:
        """
        Build an image and deploy it.
        """
        self.build(release, **behaviour)
        self.flotilla("deploy", "--image", f":{release}")

    def flotilla(self, command: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """
        A command on the project: `deploy`, `canary start`, ...
        """
        return self.fleet.run(f"flotilla {command} {self.name} --lock-wait {LOCK_WAIT_S} {' '.join(words)}", check=check)

    def serving(self) -> Mapping[str, int]:
        """
        What the release file says: {image: weight}.
        """
        from settings.releases import load_releases, releases_file

        served = load_releases(releases_file(self.fleet.checkout, "local")).projects[self.name].serving
        return {release.image: release.weight for release in served}

    def site(self) -> Site:
        """
        Where it answers.
        """
        outputs = self.fleet.outputs()
        return Site(
            hostname=f"{self.name}.flotilla.test",
            address=outputs["entry"]["ipv4"],
            port=443,
            authority=self.fleet.checkout / CERTIFIED_BY,
        )
