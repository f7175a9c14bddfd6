"""
What a build is given: an image's own folder, for the base image the machine's package mirror and certificates, and programs
that no package has.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sandbox.images import BASE, FOLDER, apt

BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
OWN_CERTIFICATES = Path("/usr/local/share/ca-certificates")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def pack(name: str, programs: Sequence[Path] = ()) -> io.BytesIO:
    """
    The build context of an image as a tar archive, with these programs beside its Dockerfile.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(FOLDER / name, arcname=".", filter=_owned_by_root)
        for program in programs:
            tar.add(program, arcname=program.name, filter=_owned_by_root)
        if name == BASE:
            tar.addfile(_entry("host", None))
            for path, content in _host_files():
                tar.addfile(_entry(f"host/{path}", content), io.BytesIO(content))
    archive.seek(0)
    return archive


def proxies() -> dict[str, str]:
    """
    The proxy settings of this shell, which Docker hands to a build without keeping them in the image.
    """
    return {name: os.environ[name] for name in PROXIES if name in os.environ}


def _host_files() -> Iterator[tuple[str, bytes]]:
    mirrors = apt.find_mirrors()
    if mirrors is not None:
        # Both names that Debian's base images use: whatever the base brought along is replaced, not added to.
        yield "etc/apt/sources.list", b""
        yield "etc/apt/sources.list.d/debian.sources", apt.sources(mirrors).encode()
        yield "etc/apt/apt.conf.d/90builder", apt.settings().encode()
    if BUNDLE.is_file():
        yield str(BUNDLE).lstrip("/"), BUNDLE.read_bytes()
    if OWN_CERTIFICATES.is_dir():
        for path in sorted(OWN_CERTIFICATES.glob("*.crt")):
            yield str(path).lstrip("/"), path.read_bytes()


def _entry(path: str, content: bytes | None) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.mode = 0o755 if content is None else 0o644
    entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
    entry.size = len(content or b"")
    return entry


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """
    The same archive whoever has the checkout and whatever their umask.
    """
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
