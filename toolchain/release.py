"""
The official release archive of the engine: pinned by version and checksum, refused when one byte differs.
"""

from __future__ import annotations

import hashlib
import platform
import tarfile
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from ops.errors import RefusedError, SettingsError
from toolchain.version import ENGINE_VERSION

PINS = Path(__file__).with_name("engine.sha256")
RELEASES = "https://github.com/pulumi/pulumi/releases/download"
RELEASES_VARIABLE = "FLOTILLA_ENGINE_RELEASES"  # a mirror; the pinned checksum holds for it just the same
TIMEOUT_S = 10.0  # for connecting, and for each silence while reading
CHUNK_BYTES = 1024 * 1024

SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class UnreachableError(Exception):
    """
    The archive could not be fetched; never raised for one that came but is not what was pinned.
    """


def archive_name() -> str | None:
    """
    The archive for this machine, or None where Pulumi publishes none.
    """
    system, machine = SYSTEMS.get(platform.system()), MACHINES.get(platform.machine().lower())
    return f"pulumi-v{ENGINE_VERSION}-{system}-{machine}.tar.gz" if system and machine else None


def pinned(name: str, pins: Path = PINS) -> str | None:
    """
    The archive's sha256, or None where none is pinned: such an archive is never fetched.
    """
    lines = (line.split() for line in pins.read_text().splitlines())
    return {line[1]: line[0] for line in lines if line}.get(name)


def address(name: str, environment: Mapping[str, str]) -> str:
    """
    Where the archive lies.

    Raises: SettingsError for a mirror without TLS that is not on this machine.
    """
    base = environment.get(RELEASES_VARIABLE) or RELEASES
    url = urlsplit(base)
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in ("127.0.0.1", "localhost", "::1")):
        raise SettingsError(
            f"{RELEASES_VARIABLE}: {base!r} is not an https address. Nothing was fetched. Give an https address, or unset it."
        )
    return f"{base.rstrip('/')}/v{ENGINE_VERSION}/{name}"


def install(url: str, sha256: str, folder: Path) -> None:
    """
    Fetch the archive and put its executables into this folder.

    Raises: UnreachableError, RefusedError
    """
    with tempfile.TemporaryFile(dir=folder) as archive:
        fetch(url, Pin("sha256", sha256, f"{PINS.parent.name}/{PINS.name}", f"Pulumi {ENGINE_VERSION}"), archive)
        archive.seek(0)
        _unpack(archive, folder)


@dataclass(frozen=True)
class Pin:
    """
    The only bytes that are taken: their digest by this algorithm, the file that says so, and what they are.
    """

    algorithm: str
    digest: str
    file: str
    subject: str


def fetch(url: str, pin: Pin, target: IO[bytes]) -> None:
    """
    Write what is at this address into the target, which is of no use unless this returns.

    Raises: UnreachableError, RefusedError
    """
    digest = hashlib.new(pin.algorithm)
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 -- callers let only http(s) through
            expected = answer.headers.get("Content-Length")
            while chunk := answer.read(CHUNK_BYTES):
                digest.update(chunk)
                target.write(chunk)
        if expected is not None and target.tell() != int(expected):
            raise UnreachableError(f"{url}: the connection ended after {target.tell()} of {expected} bytes")
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"{url}: {error}") from error
    if digest.hexdigest() != pin.digest:
        raise RefusedError(
            f"{url}: its {pin.algorithm} is {digest.hexdigest()}, but {pin.file} pins {pin.digest}. "
            f"It was changed on its way or at its source, and was thrown away. "
            f"Try again; if it stays so, install {pin.subject} by hand and put it on PATH."
        )


def _unpack(archive: IO[bytes], folder: Path) -> None:
    """
    Only plain files directly in the archive's `pulumi/` folder are taken: no link and no other path can come out of it.
    """
    with tarfile.open(fileobj=archive, mode="r:gz") as tar:
        for member in tar:
            parts = Path(member.name).parts
            if member.isfile() and len(parts) == 2 and parts[0] == "pulumi" and parts[1].startswith("pulumi"):
                source = tar.extractfile(member)
                if source is not None:
                    target = folder / parts[1]
                    target.write_bytes(source.read())
                    target.chmod(0o755)
