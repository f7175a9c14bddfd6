"""
The sandbox as a whole, by its command line, with real containers: start, stop, publish, reset, and two checkouts at once.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox import docker_host, labelled
from sandbox.instance import Instance, identity, load

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("Pulumi.local.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml")
PARTS = ("Pulumi.yaml", *STACKS, "ops", "sandbox", "settings", "projects", "examples", "releases")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "local.yaml", ".pytest_cache")


def _checkout(folder: Path) -> Path:
    """
    A checkout as somebody else on this machine would have it, with everything that the sandbox needs.
    """
    folder.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def _flotilla(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """
    Run the checkout's own command.
    """
    command = [sys.executable, "-m", "ops.cli", *words]
    setting = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(command, cwd=checkout, env=setting, capture_output=True, text=True, timeout=600)


def _ok(checkout: Path, *words: str) -> Any:
    """
    What the command answers in JSON.
    """
    answer = _flotilla(checkout, *words, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@contextmanager
def _appended(path: Path, text: str) -> Iterator[None]:
    """
    A file with something at its end, for a while.
    """
    before = path.read_text()
    path.write_text(before + text)
    try:
        yield
    finally:
        path.write_text(before)


def _instance(checkout: Path) -> Instance:
    found = load(checkout)
    assert found is not None
    return found


def _left(instance: Instance) -> list[str]:
    """
    Names of the Docker objects and pushed images that an instance still has.
    """
    client = docker_host.connect()
    assert client is not None
    chosen = labelled.of(instance)
    names = [row.name for row in client.containers.list(all=True, filters=chosen)]
    names += [row.name for row in client.networks.list(filters=chosen)]
    names += [row.name for row in client.volumes.list() if instance.id in row.name]
    prefix = f"{instance.registry_push_address}/"
    names += [tag for image in client.images.list() for tag in image.tags if tag.startswith(prefix)]
    return names


def _has_ended(pid: int) -> bool:
    """
    True when the process is gone, or only waits for its parent to take notice.
    """
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() == b""
    except OSError:
        return True


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout whose sandbox runs."""
    checkout = _checkout(tmp_path_factory.mktemp("first") / "checkout")
    try:
        _ok(checkout, "sandbox", "start")
        yield checkout
    finally:
        _flotilla(checkout, "sandbox", "reset")


def test_started_sandbox_runs_whole(sandbox: Path) -> None:
    """After start every service answers, and the release file names the ingress and the projects by digest."""
    status = _ok(sandbox, "sandbox", "status")
    assert {row["name"]: row["state"] for row in status["services"]} == dict.fromkeys(
        ["docker", "hetzner api", "cloudflare api", "dns", "registry"], "running"
    )
    releases = (sandbox / "releases" / "local.yaml").read_text()
    for name in ("caddy", "haproxy", "guestbook", "journal", "journal-api", "ledger"):
        assert f"registry.flotilla.test:5000/{name}@sha256:" in releases


def test_starting_again_changes_nothing(sandbox: Path) -> None:
    """The daemon, the secrets and the release file stay, and nothing is published anew."""
    watched = [*(sandbox / ".flotilla" / "secrets").iterdir(), sandbox / ".flotilla" / "cloud.pid"]
    watched.append(sandbox / "releases" / "local.yaml")
    before = {path: path.read_bytes() for path in watched}
    modified = (sandbox / "releases" / "local.yaml").stat().st_mtime_ns
    answer = _ok(sandbox, "sandbox", "start")
    assert {path: path.read_bytes() for path in watched} == before
    assert (sandbox / "releases" / "local.yaml").stat().st_mtime_ns == modified
    assert not any(row["is_new"] for row in answer["published"])


def test_killed_daemon_is_seen_and_started_again(sandbox: Path) -> None:
    """After kill -9 the status says what is down, and start brings it back with its memory."""
    instance = _instance(sandbox)
    os.kill(int(instance.pid_file.read_text()), signal.SIGKILL)
    time.sleep(0.2)
    states = {row["name"]: row["state"] for row in _ok(sandbox, "sandbox", "status")["services"]}
    assert states["hetzner api"] == "stopped"
    assert states["registry"] == "running"
    assert _ok(sandbox, "sandbox", "start")["status"]["is_running"]


def test_changed_source_is_a_new_release_in_the_other_slot(sandbox: Path) -> None:
    """New content gives a new digest; the release before goes into the history."""
    path = sandbox / "releases" / "local.yaml"
    before = path.read_text()
    with (sandbox / "examples" / "guestbook" / "Dockerfile").open("a") as dockerfile:
        dockerfile.write('LABEL test.flotilla="another content"\n')
    published = _ok(sandbox, "sandbox", "publish")["published"]
    assert [row["name"] for row in published if row["is_new"]] == ["guestbook"]
    after = path.read_text()
    old = before.split("- image: ")[1].split()[0]
    assert "slot: b" in after
    assert f"history:\n    - image: {old}" in after


def test_image_that_cannot_be_built_leaves_the_releases_alone(sandbox: Path) -> None:
    """Docker's own words are in the error, exit code 1, and what was served stays served."""
    path, dockerfile = sandbox / "releases" / "local.yaml", sandbox / "examples" / "guestbook" / "Dockerfile"
    before = path.read_text()
    with _appended(dockerfile, "RUN exit 42\n"):
        answer = _flotilla(sandbox, "sandbox", "publish")
    assert answer.returncode == 1
    assert "examples/guestbook/Dockerfile: Docker says:" in answer.stderr and "42" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert path.read_text() == before


def test_invalid_project_stops_start_before_anything_is_done(sandbox: Path) -> None:
    """A mistake in a project file is bad input: exit code 2, named with its place."""
    with _appended(sandbox / "projects" / "guestbook.yaml", "nonsense: 1\n"):
        answer = _flotilla(sandbox, "sandbox", "start")
    assert answer.returncode == 2
    assert "projects/guestbook.yaml" in answer.stderr and "nonsense" in answer.stderr


def test_logs_of_services(sandbox: Path) -> None:
    """Each service's log can be read, and an unknown one is answered with the choice."""
    assert any("sandbox.cloud" in line for line in _ok(sandbox, "sandbox", "logs", "cloud")["lines"])
    assert any("guestbook" in line or "Step" in line for line in _ok(sandbox, "sandbox", "logs", "docker")["lines"])
    answer = _flotilla(sandbox, "sandbox", "logs", "nonsense")
    assert answer.returncode == 2
    assert "cloud, docker, registry" in answer.stderr


def test_stopped_sandbox_goes_on_where_it_was(sandbox: Path) -> None:
    """Stop ends every container and the daemon and keeps what was pushed; start needs no new push."""
    instance = _instance(sandbox)
    _ok(sandbox, "sandbox", "stop")
    client = docker_host.connect()
    assert client is not None
    assert client.containers.list(filters=labelled.of(instance)) == []
    assert not _ok(sandbox, "sandbox", "status")["is_running"]
    answer = _ok(sandbox, "sandbox", "start")
    assert answer["status"]["is_running"]
    assert not any(row["is_new"] for row in answer["published"])


def test_two_checkouts_at_once_and_what_a_dead_one_left(sandbox: Path, tmp_path: Path) -> None:
    """
    A second checkout gets its own addresses; its reset leaves the first alone. One whose folder is gone is removed by the
    next reset, its daemon included, and again nothing of the first.
    """
    first = _instance(sandbox)
    second_checkout = _checkout(tmp_path / "second")
    try:
        _ok(second_checkout, "sandbox", "start")
        second = _instance(second_checkout)
        assert second.block != first.block
        _ok(second_checkout, "sandbox", "reset")
        assert _left(second) == []
        assert _ok(sandbox, "sandbox", "status")["is_running"]

        _ok(second_checkout, "sandbox", "start")
        second = _instance(second_checkout)
        daemon = int(second.pid_file.read_text())
        shutil.rmtree(second_checkout)
        assert _left(second) != []

        third_checkout = _checkout(tmp_path / "third")
        assert str(second_checkout) in _ok(third_checkout, "sandbox", "reset")["dead"]
        assert _left(second) == []
        assert _has_ended(daemon)
        assert _ok(sandbox, "sandbox", "status")["is_running"]
    finally:
        if second_checkout.exists():
            _flotilla(second_checkout, "sandbox", "reset")


def test_reset_finds_everything_when_the_state_is_lost(sandbox: Path) -> None:
    """With the whole state folder gone, reset still removes the daemon, every container and every pushed image."""
    instance = _instance(sandbox)
    daemon = int(instance.pid_file.read_text())
    assert _left(instance) != []
    shutil.rmtree(instance.home)
    assert _ok(sandbox, "sandbox", "reset")["instance"] == instance.id == identity(sandbox)
    assert _left(instance) == []
    assert _has_ended(daemon)
    assert not (sandbox / "releases" / "local.yaml").exists()
    assert _ok(sandbox, "sandbox", "reset")["instance"] is None
