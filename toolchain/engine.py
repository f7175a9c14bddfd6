"""
Which engine this checkout uses: the one on PATH, else the official release, else one built from its Go module.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ops.errors import MissingToolError
from ops.progress import say, step
from toolchain import go_build, release
from toolchain.cache import Cache
from toolchain.version import ENGINE_VERSION

OWN_FOLDER = (".flotilla", "toolchain", "bin")  # of this checkout or another one: never "the one on PATH"
LANGUAGE_HOST = "pulumi-language-python"


class Origin(StrEnum):
    """
    Where an engine comes from.
    """

    PATH = "path"
    RELEASE = "release"
    GO = "go"


@dataclass(frozen=True)
class Engine:
    """
    An engine and the folder its executables lie in.
    """

    origin: Origin
    version: str
    folder: Path


def provide(cache: Cache, environment: Mapping[str, str]) -> Engine:
    """
    The engine to use; fetches or builds it once for all checkouts of this user.

    Raises: MissingToolError when there is no way to get one, RefusedError when the archive is not what was pinned.
    """
    return on_path(environment) or cached(cache) or fetched_or_built(cache, environment)


def on_path(environment: Mapping[str, str]) -> Engine | None:
    """
    A supported pulumi with its own Python language host, as its owner installed it; those that checkouts made are passed over.
    """
    path = foreign_path(environment.get("PATH", ""))
    pulumi = shutil.which("pulumi", path=path)
    if pulumi is None:
        return None
    folders = (Path(pulumi).parent, Path(pulumi).resolve().parent)
    if not any((folder / LANGUAGE_HOST).is_file() for folder in folders) and not shutil.which(LANGUAGE_HOST, path=path):
        say(f"  {pulumi}: it has no {LANGUAGE_HOST} beside it. It is left alone.")
        return None
    answer = subprocess.run(
        [pulumi, "version"],
        capture_output=True,
        text=True,
        env={**environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        timeout=60,
        check=False,
    )
    version = answer.stdout.strip().removeprefix("v")
    if not is_supported(version):
        say(f"  {pulumi}: version {version or 'unknown'}, but 3.x from {ENGINE_VERSION} is needed. It is left alone.")
        return None
    return Engine(Origin.PATH, version, Path(pulumi).parent)


def foreign_path(path: str) -> str:
    """
    PATH without the folders that Flotilla made.
    """
    return ":".join(folder for folder in path.split(":") if Path(folder).parts[-len(OWN_FOLDER) :] != OWN_FOLDER)


def is_supported(version: str) -> bool:
    """
    The same major version as the SDK's, and not older than it.
    """
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    pin = tuple(map(int, ENGINE_VERSION.split(".")))
    return found is not None and pin <= tuple(map(int, found.groups())) < (pin[0] + 1, 0, 0)


def cached(cache: Cache) -> Engine | None:
    """
    What an earlier run of any checkout left in the cache.
    """
    for origin in (Origin.RELEASE, Origin.GO):
        name = cache_name(origin)
        folder = cache.get(name) if name else None
        if folder:
            return Engine(origin, ENGINE_VERSION, folder)
    return None


def cache_name(origin: Origin) -> str | None:
    """
    The folder's name in the cache, or None where this machine cannot have such an engine.
    """
    if origin is Origin.GO:
        return f"go-{go_build.key()}"
    archive = release.archive_name()
    sha256 = archive and release.pinned(archive)
    return f"release-{sha256[:16]}" if sha256 else None


def fetched_or_built(cache: Cache, environment: Mapping[str, str]) -> Engine:
    """
    The official release where it can be had, else the Go build.

    Raises: MissingToolError, RefusedError
    """
    try:
        return fetched(cache, environment)
    except release.UnreachableError as error:
        no_release = str(error)
    no_go = go_build.why_not(environment)
    if no_go:
        raise MissingToolError(
            f"pulumi: no supported one is on PATH, the official archive cannot be had ({no_release}), and {no_go}. "
            f"Nothing can be planned or applied. Install Pulumi {ENGINE_VERSION} (https://www.pulumi.com/docs/install/) "
            f"or Go {go_build.needed_go()} (https://go.dev/dl/), then run `make up` again."
        )
    say(f"  The official archive cannot be had ({no_release}); the engine is built from its Go module.")
    with step(f"build Pulumi {ENGINE_VERSION} from its Go module (about 4 minutes, once for this user)"):
        folder = cache.make(f"go-{go_build.key()}", lambda draft: go_build.build(draft, environment))
    return Engine(Origin.GO, ENGINE_VERSION, folder)


def fetched(cache: Cache, environment: Mapping[str, str]) -> Engine:
    """
    The official release.

    Raises: UnreachableError, RefusedError
    """
    archive, name = release.archive_name(), cache_name(Origin.RELEASE)
    sha256 = archive and release.pinned(archive)
    if not (archive and sha256 and name):
        raise release.UnreachableError(f"none is pinned for this kind of machine in toolchain/{release.PINS.name}")
    url = release.address(archive, environment)
    with step(f"fetch Pulumi {ENGINE_VERSION}"):
        folder = cache.make(name, lambda draft: release.install(url, sha256, draft))
    return Engine(Origin.RELEASE, ENGINE_VERSION, folder)
