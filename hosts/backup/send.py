"""
Giving a volume back: a snapshot as a tar archive on standard output, with owners and modes as they were on its server.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hosts.backup import volumes
from hosts.backup.config import Config, Project, Source
from hosts.backup.errors import failed
from hosts.backup.verify import snapshot_manifest

# A file that came to the volume between the listing and the copy: nobody's but root's.
UNKNOWN = (0, 0, 0o600)


def send(config: Config, project: Project, wanted: Source, snapshot: str) -> None:
    """
    Restore a snapshot here, compare it with its manifest, and send it.

    Raises: BackupError where it is not as it was: nothing is sent then.
    """
    manifest = snapshot_manifest(config, project, wanted, snapshot)
    folder = config.scratch / f"volume-{secrets.token_hex(4)}"
    try:
        place = volumes.restore(config, project, wanted, snapshot, folder)
        told = volumes.differences(manifest["files"], volumes.listed(place, {}, {}))
        if told:
            resource = volumes.resource(project, wanted)
            raise failed("content-differs", resource, f"snapshot {snapshot}: {told[0]}", "Choose another snapshot")
        _archive(place, manifest["files"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _archive(place: Path, files: Mapping[str, Any]) -> None:
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
        for name in sorted(files):
            entry = archive.gettarinfo(os.path.join(place, name), arcname=name)  # noqa: PTH118 -- `place / "."` is `place`
            entry.uid, entry.gid, entry.mode = files[name]["owner"] or UNKNOWN
            entry.uname = entry.gname = ""
            if entry.isreg():
                with (place / name).open("rb") as stream:
                    archive.addfile(entry, stream)
            else:
                archive.addfile(entry)
