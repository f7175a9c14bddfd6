"""
The Caddy that goes into the sandbox's image: the official release, or the same version built from its Go module.

As with the engine (ADR 0001): pinned either way, made once for all checkouts, complete or not there at all.
"""

from __future__ import annotations

import platform
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ops.errors import MissingToolError
from toolchain import go_build, release
from toolchain.cache import Cache

VERSION = "2.11.2"
FOLDER = Path(__file__).parent / "caddy"
PINS = FOLDER / "releases.sha512"
RELEASES = "https://github.com/caddyserver/caddy/releases/download"
PACKAGE = "github.com/caddyserver/caddy/v2/cmd/caddy"
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def provide(environment: Mapping[str, str]) -> Path:
    """
    The program. The first time it is fetched, or built in about a minute and a half on two cores.

    Raises: RefusedError for a release that is not the pinned one; MissingToolError when neither way is open.
    """
    cache = Cache(Cache.of_user(environment).root.parent / "caddy")
    return cache.make(f"{VERSION}-{platform.machine()}", lambda draft: _fill(draft, environment)) / "caddy"


def _fill(draft: Path, environment: Mapping[str, str]) -> None:
    try:
        _fetch(draft)
        return
    except release.UnreachableError as error:
        unreachable = error
    no_go = go_build.why_not(environment, FOLDER)
    if no_go:
        raise MissingToolError(
            f"Caddy {VERSION}: {unreachable}; and {no_go}. The ingress' image was not built. "
            f"Open the way to {RELEASES}, or install Go {go_build.needed_go(FOLDER)} or newer, and run `make up` again."
        )
    go_build.build_tool(FOLDER, PACKAGE, draft, environment)


def _fetch(draft: Path) -> None:
    name = f"caddy_{VERSION}_linux_{MACHINES.get(platform.machine())}.tar.gz"
    pinned = release.pinned(name, PINS)
    if pinned is None:
        raise release.UnreachableError(f"{PINS.name} pins no release for this kind of machine")
    pin = release.Pin("sha512", pinned, f"sandbox/images/caddy/{PINS.name}", f"Caddy {VERSION}")
    with tempfile.TemporaryFile(dir=draft) as archive:
        release.fetch(f"{RELEASES}/v{VERSION}/{name}", pin, archive)
        archive.seek(0)
        with tarfile.open(fileobj=archive, mode="r:gz") as tar, (draft / "caddy").open("wb") as target:
            source = tar.extractfile("caddy")
            if source is None:
                raise release.UnreachableError(f"{name} has no program in it")
            shutil.copyfileobj(source, target)
    (draft / "caddy").chmod(0o755)
