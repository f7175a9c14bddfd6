"""
The debian:bookworm image that everything stands on: the one that is there, else pulled, else made with debootstrap.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from ops.errors import FlotillaError, MissingToolError
from ops.progress import say, step
from sandbox import packages
from sandbox.images import DEBIAN, apt

PULL_SILENCE_S = 15
OWN_NAME = "flotilla/debian"


def ensure(client: Any, log: Path) -> None:
    """
    Have debian:bookworm on this Docker daemon.

    Raises: MissingToolError where it is neither there, nor to be pulled, nor to be made; FlotillaError when making it fails.
    """
    if _is_present(client, DEBIAN) or _pull(client, log):
        return
    if os.geteuid() != 0:
        raise MissingToolError(
            f"{DEBIAN}: not present, no registry answers, and making it with debootstrap needs root. The sandbox has no "
            f"machine image. Run as root once, or load the image with `docker load`."
        )
    if shutil.which("debootstrap") is None:
        packages.install(["debootstrap"], log, because=f"{DEBIAN} is not present and cannot be pulled")
    bootstrap(client, DEBIAN, log)


def bootstrap(client: Any, name: str, log: Path) -> None:
    """
    Make a minimal Debian from the machine's own package mirror and import it under this name.
    """
    mirrors = apt.find_mirrors()
    command = ["debootstrap", "--variant=minbase", apt.SUITE]
    with tempfile.TemporaryDirectory(prefix="flotilla-debootstrap-") as folder:
        root = Path(folder) / "root"
        with step(f"make {name} with debootstrap"), log.open("a") as output:
            made = subprocess.run([*command, str(root), *([mirrors.archive] if mirrors else [])], stdout=output, stderr=output)
        if made.returncode != 0:
            raise FlotillaError(
                f"debootstrap: ended with {made.returncode}. There is no base image, so no machine can be made. "
                f"Read {log}, then run the command again."
            )
        _import(client, root, name)


def made_here(client: Any) -> bool:
    """
    True when the image was made with debootstrap, by a sandbox of this machine.
    """
    return _is_present(client, f"{OWN_NAME}:{DEBIAN.partition(':')[2]}")


def _import(client: Any, root: Path, name: str) -> None:
    repository, _, version = name.partition(":")
    with step(f"import {name}"):
        pack = subprocess.Popen(["tar", "-C", str(root), "--numeric-owner", "-c", "."], stdout=subprocess.PIPE)
        try:
            client.api.import_image_from_stream(pack.stdout, repository=repository, tag=version)
        finally:
            if pack.stdout:
                pack.stdout.close()
            pack.wait()
    client.api.tag(name, OWN_NAME, version)  # so that `reset --images` knows that it was made here


def _is_present(client: Any, name: str) -> bool:
    return bool(client.api.images(name=name))


def _pull(client: Any, log: Path) -> bool:
    """
    True when the image was pulled. Gives up at once where no registry answers, else after 15 s without a sign of life.
    """
    import docker
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    repository, _, version = DEBIAN.partition(":")
    impatient = docker.from_env(timeout=PULL_SILENCE_S)
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with step(f"pull {DEBIAN}"), log.open("a") as output:
            for line in impatient.api.pull(repository, tag=version, stream=True, decode=True):
                output.write(f"{line.get('id', '')} {line.get('status', '')}\n".lstrip())
    except (DockerException, RequestException) as error:
        with log.open("a") as output:
            output.write(f"{DEBIAN} cannot be pulled: {error}\n")
        say(f"  {DEBIAN} cannot be pulled; it is made from Debian's packages.")
        return False
    finally:
        impatient.close()
    return _is_present(client, DEBIAN)
