"""
The engine built from its Go module: `go.mod` and `go.sum` pin every byte that goes into it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ops.errors import FlotillaError
from toolchain.version import ENGINE_VERSION

FOLDER = Path(__file__).parent
MODULE_FILES = ("go.mod", "go.sum")
PROGRAM = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK = "github.com/pulumi/pulumi/sdk/v3"
VERSION_FLAG = f"-X {SDK}/go/common/version.Version=v{ENGINE_VERSION}"
EXEC_SHIM = "pulumi-language-python-exec"


def key(folder: Path = FOLDER) -> str:
    """
    Names the build by all that it depends on: the pinned modules, the version and the kind of machine.
    """
    digest = hashlib.sha256()
    for name in MODULE_FILES:
        digest.update((folder / name).read_bytes())
    digest.update(f"{ENGINE_VERSION} {platform.system()} {platform.machine()}".encode())
    return digest.hexdigest()[:16]


def needed_go(folder: Path = FOLDER) -> str:
    """
    The oldest Go that builds it, as go.mod says.
    """
    found = re.search(r"^go (\S+)$", (folder / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise FlotillaError(f"{folder / 'go.mod'}: it names no Go version. The engine cannot be built. Restore it from git.")
    return found[1]


def why_not(environment: Mapping[str, str], folder: Path = FOLDER) -> str | None:
    """
    What keeps this machine from building what the folder's go.mod pins, or None.
    """
    go = shutil.which("go", path=environment.get("PATH"))
    if go is None:
        return "Go is not on PATH"
    answer = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, cwd="/", env=environment, check=False)
    version = answer.stdout.strip().removeprefix("go")
    if not version:
        return f"`{go} env GOVERSION` failed: {answer.stderr.strip()}"
    if _numbers(version) < _numbers(needed_go(folder)):
        return f"Go {version} is older than {needed_go(folder)}"
    return None


def build_tool(module: Path, package: str, folder: Path, environment: Mapping[str, str]) -> None:
    """
    Put one program into this folder, built from a module folder that pins all its dependencies.

    Raises: FlotillaError with the last thing that Go said.
    """
    for name in MODULE_FILES:
        shutil.copyfile(module / name, folder / name)
    target = package.rpartition("/")[2]
    _go(["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", target, package], folder, environment, package)
    for name in MODULE_FILES:
        (folder / name).unlink()


def build(folder: Path, environment: Mapping[str, str]) -> None:
    """
    Put the engine and the SDK's exec shim into this folder.

    Raises: FlotillaError with the last thing that Go said.
    """
    for name in MODULE_FILES:
        shutil.copyfile(FOLDER / name, folder / name)
    (folder / "build").mkdir()
    _go(["build", "-mod=readonly", "-ldflags", f"-s -w {VERSION_FLAG}", "-o", "build/pulumi", PROGRAM], folder, environment)
    sdk = Path(_go(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", SDK], folder, environment))
    shutil.copyfile(sdk / "python" / "cmd" / EXEC_SHIM, folder / EXEC_SHIM)
    (folder / EXEC_SHIM).chmod(0o755)
    (folder / "build" / "pulumi").rename(folder / "pulumi")
    (folder / "build").rmdir()


def _go(arguments: list[str], folder: Path, environment: Mapping[str, str], program: str = PROGRAM) -> str:
    """
    What Go printed. CGO is off, as in the official releases: no C compiler is needed and the result runs anywhere.
    """
    process = subprocess.run(
        ["go", *arguments],
        cwd=folder,
        env={**environment, "CGO_ENABLED": "0", "GOWORK": "off"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        said = process.stderr.strip().splitlines() or [f"exit code {process.returncode}"]
        raise FlotillaError(
            f"{program}: `go {arguments[0]}` failed: {os.linesep.join(said[-5:])}. "
            f"There is no {program.rpartition('/')[2]} yet, and nothing half-made was kept. Mend that and run `make up` again."
        )
    return process.stdout.strip()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
