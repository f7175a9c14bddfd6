"""
What this machine has and what it lacks: tools, engine, plugins, backend, credentials, sandbox, disk. Changes nothing.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from ops.errors import MissingToolError

TIMEOUT_S = 20
NEEDED_GB = 5
FACT_LENGTH = 60
SETUP = "Run `make setup`."


class State(StrEnum):
    """
    `attention` is for what works without, or what only some commands need.
    """

    OK = "ok"
    ATTENTION = "attention"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """
    One thing that was looked at. `fact` never holds a secret; `fix` is empty where nothing is to be done.
    """

    subject: str
    state: State
    fact: str
    fix: str = ""


def examine(checkout: Path, environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """
    Every finding, in a fixed order; the slow looks run side by side.
    """
    looks: list[Callable[[], Iterable[Finding]]] = [
        lambda: tools(environment),
        lambda: engine(checkout, environment),
        lambda: plugins(checkout, environment),
        lambda: backend(checkout, environment),
        lambda: credentials(environment),
        docker,
        lambda: sandbox(checkout),
        lambda: disk(checkout),
    ]
    with ThreadPoolExecutor(len(looks)) as pool:
        return [finding for found in pool.map(lambda look: list(look()), looks) for finding in found]


def require(findings: Iterable[Finding]) -> None:
    """
    Raises: MissingToolError that names everything needed that is missing.
    """
    missing = [finding.subject for finding in findings if finding.state is State.MISSING]
    if missing:
        raise MissingToolError(
            f"{', '.join(missing)}: missing. The sandbox cannot work without. "
            f"Do what is written above, then run `flotilla doctor` again."
        )


def tools(environment: Mapping[str, str]) -> Iterator[Finding]:
    """
    Programs of this machine.
    """
    yield Finding("python", State.OK, platform.python_version())
    path = environment.get("PATH")
    yield _tool("ssh", ["ssh", "-V"], path, "Install it: `apt-get install openssh-client`.")
    yield _tool("git", ["git", "--version"], path, "Install it: `apt-get install git`.")
    yield _tool("make", ["make", "--version"], path, "Install it: `apt-get install make`.")
    yield _tool("curl", ["curl", "--version"], path, "Install it: `apt-get install curl`.", State.ATTENTION)
    yield _tool("go", ["go", "version"], path, "Only needed to build the engine where no release can be had.", State.ATTENTION)


def engine(checkout: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """
    The Pulumi engine and its Python language host: the checkout's own, else those on PATH.
    """
    folder = checkout / ".flotilla" / "toolchain" / "bin"
    path = f"{folder}:{environment.get('PATH', '')}"
    yield _tool("pulumi", ["pulumi", "version"], path, SETUP, environment={"PULUMI_SKIP_UPDATE_CHECK": "true"})
    host = shutil.which("pulumi-language-python", path=path)
    if host is None:
        yield Finding("language host", State.MISSING, "pulumi-language-python is not there", SETUP)
    else:
        yield Finding("language host", State.OK, host)


def plugins(checkout: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """
    The provider plugins that the fleet needs, at the versions of the installed SDKs.
    """
    from sandbox.plugins.registry import PROVIDERS

    home = Path(environment.get("PULUMI_HOME") or checkout / ".flotilla" / "pulumi-home")
    for name in PROVIDERS:
        version = importlib.metadata.version(f"pulumi-{name}")
        program = home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
        if os.access(program, os.X_OK):
            yield Finding(f"plugin {name}", State.OK, f"{version}, {program.parent}")
        else:
            yield Finding(f"plugin {name}", State.MISSING, f"{program} is not there", SETUP)


def backend(checkout: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """
    Where `pulumi` in this shell keeps its state.
    """
    address = environment.get("PULUMI_BACKEND_URL", "")
    own = f"file://{checkout / '.flotilla' / 'pulumi'}"
    if address == own:
        yield Finding("backend", State.OK, f"{address} (the sandbox's)")
    elif address:
        parts = urlsplit(address)  # user, password and parameters may be secrets: they are left out
        yield Finding("backend", State.OK, f"{parts.scheme}://{parts.hostname or ''}{parts.path} (your own: for real stacks)")
    else:
        yield Finding("backend", State.ATTENTION, "this shell is not set up for `pulumi`", "Run `. ./env.sh` in this shell.")


def credentials(environment: Mapping[str, str]) -> Iterator[Finding]:
    """
    Whether tokens are there; never what they are.
    """
    fix = "`. ./env.sh` sets it for the sandbox; for a real stack, export your own."
    for name in ("HCLOUD_TOKEN", "CLOUDFLARE_API_TOKEN"):
        is_set = bool(environment.get(name))
        yield Finding(name, State.OK if is_set else State.ATTENTION, "set" if is_set else "not set", "" if is_set else fix)
    chosen = next(
        (name for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE") if environment.get(name)), None
    )
    if chosen:
        yield Finding("passphrase", State.OK, f"set by {chosen}")
    else:
        yield Finding("passphrase", State.ATTENTION, "not set", fix)


def docker() -> Iterator[Finding]:
    """
    The daemon that would run the sandbox.
    """
    from sandbox import docker_host

    client = docker_host.connect()
    if client is not None:
        about = client.info()
        fact = f"{about['ServerVersion']}, {about['Driver']}, cgroup v{about.get('CgroupVersion', '1')}, {client.api.base_url}"
        yield Finding("docker", State.OK, fact)
        return
    if os.geteuid() == 0 and shutil.which("apt-get") and not os.environ.get("DOCKER_HOST"):
        fix = "`flotilla sandbox start` installs and starts it."
        yield Finding("docker", State.ATTENTION, "no daemon answers", fix)
    else:
        fix = "Run `sudo apt-get install docker.io`, `sudo usermod -aG docker $USER`, and log in again."
        yield Finding("docker", State.MISSING, "no daemon answers this user", fix)


def sandbox(checkout: Path) -> Iterator[Finding]:
    """
    Whether the local cloud runs.
    """
    from ops import sandbox as cloud

    status = cloud.status(checkout)
    if status.instance is None:
        yield Finding("sandbox", State.ATTENTION, "there is none yet", "Run `flotilla sandbox start`.")
        return
    stopped = [service.name for service in status.services if service.state != cloud.RUNNING]
    if stopped:
        fact = f"not running: {', '.join(stopped)}"
        yield Finding(
            "sandbox", State.ATTENTION, fact, "Run `flotilla sandbox start`; `flotilla sandbox logs` says why it ended."
        )
    else:
        yield Finding("sandbox", State.OK, f"running, with {len(status.machines)} machines")


def disk(checkout: Path) -> Iterator[Finding]:
    """
    Free space where the checkout lies.
    """
    free_gb = shutil.disk_usage(checkout).free / 1e9
    is_enough = free_gb >= NEEDED_GB
    fix = "" if is_enough else f"Free {NEEDED_GB - free_gb:.1f} GB more: `docker system df` shows what Docker holds."
    yield Finding("disk", State.OK if is_enough else State.MISSING, f"{free_gb:.1f} GB free", fix)


def _tool(
    subject: str,
    command: list[str],
    path: str | None,
    fix: str,
    otherwise: State = State.MISSING,
    environment: Mapping[str, str] | None = None,
) -> Finding:
    program = shutil.which(command[0], path=path)
    if program is None:
        return Finding(subject, otherwise, "not found on PATH", fix)
    try:
        answer = subprocess.run(
            [program, *command[1:]],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            env={**os.environ, **(environment or {})},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(subject, otherwise, f"{program} does not run: {error}", fix)
    if answer.returncode != 0:
        return Finding(subject, otherwise, f"{program} ends with {answer.returncode}", fix)
    text = (answer.stdout or answer.stderr).strip().splitlines()
    return Finding(subject, State.OK, text[0][:FACT_LENGTH] if text else program)
