"""
Where this machine gets its Debian packages from, so that builds ask the same mirror: found in its own apt configuration.

Only Debian's own archive counts; a vendor's repository beside it does not, nor does another distribution's.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

APT = Path("/etc/apt")
SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Settings that decide whether the mirror can be used at all; the rest of the machine's apt configuration is its own business.
KEPT_SETTINGS = re.compile(r'^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date) "', re.IGNORECASE)


@dataclass(frozen=True)
class Mirrors:
    """
    Addresses of Debian's archive, and of its security updates where the machine has them.
    """

    archive: str
    security: str | None


def find_mirrors(folder: Path = APT) -> Mirrors | None:
    """
    The mirrors in the machine's apt sources, or None where it has no Debian archive.
    """
    archive = security = None
    for address in _addresses(folder):
        segments = address.split("/")
        if "debian-security" in segments:
            security = security or address
        elif "debian" in segments:
            archive = archive or address
    return None if archive is None else Mirrors(archive, security)


def sources(mirrors: Mirrors) -> str:
    """
    A deb822 sources file for the suite that the images are made of.
    """
    entries = [(mirrors.archive, f"{SUITE} {SUITE}-updates")]
    if mirrors.security:
        entries.append((mirrors.security, f"{SUITE}-security"))
    return "\n".join(
        f"Types: deb\nURIs: {address}\nSuites: {suites}\nComponents: main\nSigned-By: {KEYRING}\n"
        for address, suites in entries
    )


def settings() -> str:
    """
    The machine's apt settings that a build needs as well; empty where it has no apt.
    """
    try:
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return "".join(f"{line}\n" for line in dump.splitlines() if KEPT_SETTINGS.match(line))


def _addresses(folder: Path) -> Iterator[str]:
    for path in sorted((folder / "sources.list.d").glob("*.sources")):
        yield from _deb822(path.read_text())
    for path in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.list"))]:
        if path.is_file():
            yield from _one_line(path.read_text())


def _deb822(text: str) -> Iterator[str]:
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        fields = {key.strip().lower(): value.split() for key, _, value in (line.partition(":") for line in lines)}
        is_source = "deb" in fields.get("types", []) and "main" in fields.get("components", [])
        if is_source and fields.get("enabled", ["yes"]) != ["no"]:
            yield from (address.rstrip("/") for address in fields.get("uris", []))


def _one_line(text: str) -> Iterator[str]:
    for line in text.splitlines():
        words = re.sub(r"\[[^]]*\]", " ", line.partition("#")[0]).split()
        if len(words) > 3 and words[0] == "deb" and "main" in words[3:]:
            yield words[1].rstrip("/")
