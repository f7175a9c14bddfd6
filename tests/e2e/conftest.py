"""
A fleet of its own for the end-to-end tests: a copy of this checkout, so that a developer's running sandbox is never touched.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
UP_LIMIT_S = 600
RESET, CLEAN = ".venv/bin/flotilla sandbox reset", "make clean"


@dataclass(frozen=True)
class Fleet:
    """
    One checkout with its sandbox; commands run in it as a person would type them.
    """

    checkout: Path

    def run(self, command: str, *, timeout_s: float = UP_LIMIT_S, check: bool = True) -> subprocess.CompletedProcess[str]:
        """
        Run a shell line after `. ./env.sh`; with `check`, a failure shows everything that was printed.
        """
        return self._ran(["/bin/bash", "-c", f". ./env.sh && {command}"], command, timeout_s, check)

    def up(self, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """
        `pulumi up` of stack local, without questions.
        """
        return self.run("pulumi up -s local --yes --skip-preview --non-interactive", check=check)

    def preview(self) -> list[dict[str, Any]]:
        """
        The steps of `pulumi preview` that would change something.
        """
        result = self.run("pulumi preview -s local --json --non-interactive")
        return [step for step in json.loads(result.stdout).get("steps", []) if step["op"] != "same"]

    def outputs(self) -> dict[str, Any]:
        """
        The stack's outputs document.
        """
        return dict(json.loads(self.run("pulumi stack output -s local --json").stdout))

    def status(self) -> dict[str, Any]:
        """
        What `flotilla sandbox status --json` says.
        """
        return dict(json.loads(self.run("flotilla sandbox status --json").stdout))

    def curl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """
        curl through the sandbox's DNS (over HTTPS), trusting only the sandbox's CA.
        """
        services = json.loads((self.checkout / ".flotilla/instance.json").read_text())
        doh = f"https://127.10.{services['block']}.1:8053/dns-query"
        argv = ["curl", "-sS", "--cacert", ".flotilla/ca/root.crt", "--doh-url", doh, *arguments]
        return self._ran(argv, shlex.join(argv), 60, check)

    def docker_objects(self) -> list[str]:
        """
        Everything in Docker that carries this instance's label: containers, volumes and networks.
        """
        instance = json.loads((self.checkout / ".flotilla/instance.json").read_text())["id"]
        return docker_objects_of(instance)

    def _ran(self, argv: Sequence[str], told: str, timeout_s: float, check: bool) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            argv,
            cwd=self.checkout,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )
        if check and result.returncode != 0:
            pytest.fail(f"`{told}` exited with {result.returncode}\n{result.stdout}\n{result.stderr}", pytrace=False)
        return result


def docker_objects_of(instance: str) -> list[str]:
    """
    Containers, volumes and networks that belong to an instance.
    """
    found: list[str] = []
    wanted = ["--filter", f"label=flotilla.instance={instance}"]
    for listing in (["ps", "-a", "--format", "{{.Names}}"], ["volume", "ls", "-q"], ["network", "ls", "--format", "{{.Name}}"]):
        found += run_docker([*listing[:2], *wanted, *listing[2:]] if listing[0] != "ps" else [*listing, *wanted])
    return found


def run_docker(arguments: Sequence[str]) -> list[str]:
    """
    The lines that a docker command prints.
    """
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.split()


def copy_checkout(destination: Path) -> Path:
    """
    What git would clone, with the changes not committed yet, and the packages that are already installed.
    """
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = ROOT / name, destination / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return destination


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    """
    One replacement in a file of the checkout, put back afterwards.
    """
    before = path.read_text()
    assert old in before, f"{path} has no {old!r}"
    path.write_text(before.replace(old, new, 1))
    try:
        yield
    finally:
        path.write_text(before)


@contextmanager
def visitors(fleet: Fleet, *urls: str) -> Iterator[Counter[str]]:
    """
    Steady requests to each of the sites while the block runs: each status counted, or what curl says where there is none;
    bounded to ten minutes.
    """
    seen: Counter[str] = Counter()
    enough = threading.Event()

    def visit(url: str) -> None:
        deadline = time.monotonic() + 600
        while not enough.is_set() and time.monotonic() < deadline:
            answer = fleet.curl("-o", "/dev/null", "-w", "%{http_code}", "-m", "15", url, check=False)
            seen[answer.stdout if answer.returncode == 0 else answer.stderr.strip()] += 1
            enough.wait(0.3)

    threads = [threading.Thread(target=visit, args=(url,)) for url in urls for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        enough.set()
        for thread in threads:
            thread.join()


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    """
    One for all of these tests, which build on one another. Its images go with it.
    """
    with brought_up(CLEAN) as made:
        yield made


@pytest.fixture(scope="module")
def up(fleet: Fleet) -> None:
    """
    The fleet is there, whatever tests before have left of it.
    """
    fleet.up()


@contextmanager
def brought_up(removed_by: str = RESET) -> Iterator[Fleet]:
    """
    A sandbox with stack `local` up, removed to the last container when the block ends. The next one takes its images.
    """
    checkout = copy_checkout(Path(tempfile.mkdtemp(prefix="flotilla-e2e-")))
    made = Fleet(checkout)
    try:
        result = subprocess.run(
            ["make", "up"], cwd=checkout, capture_output=True, text=True, timeout=1800, env=clean_environment()
        )
        if result.returncode != 0:
            pytest.fail(f"make up exited with {result.returncode}\n{result.stdout}\n{result.stderr}", pytrace=False)
        (checkout / "make-up.log").write_text(result.stdout + result.stderr)
        yield made
    finally:
        instance_file = checkout / ".flotilla/instance.json"
        instance = json.loads(instance_file.read_text())["id"] if instance_file.exists() else None
        subprocess.run(["bash", "-c", removed_by], cwd=checkout, check=False, timeout=300, env=clean_environment())
        shutil.rmtree(checkout, ignore_errors=True)
        if instance and (left := docker_objects_of(instance)):
            sys.exit(f"{removed_by} left behind: {left}")


def clean_environment() -> dict[str, str]:
    """
    This process's environment without the virtual environment that pytest runs in, as a newcomer's shell has it.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    own_bin = str(Path(sys.prefix) / "bin")
    inherited["PATH"] = ":".join(part for part in inherited["PATH"].split(":") if part != own_bin)
    return inherited
