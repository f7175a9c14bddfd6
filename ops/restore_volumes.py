"""
A volume's snapshot: brought from the backup server beside the volume, and put in its place.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from ops import backup, remote
from ops.backup import Fleet
from ops.errors import FlotillaError

if TYPE_CHECKING:
    from ops.restore import Piece

_STOP = """\
import json, subprocess, sys
ids = subprocess.run(["docker", "ps", "-q"], capture_output=True, text=True, check=True).stdout.split()
shown = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True).stdout if ids else "[]"
found = [row["Id"] for row in json.loads(shown) if any(mount.get("Source") == sys.argv[1] for mount in row["Mounts"])]
subprocess.run(["docker", "stop", *found], check=True, capture_output=True) if found else None
"""


def bring(known: Fleet, piece: Piece, label: str | None, document: dict[str, Any]) -> dict[str, Any]:
    """
    Beside what is there. Through this machine, so that neither of the two servers has a credential for the other.
    """
    chosen = ["--label", label] if label else []
    with remote.connected(known.keeper) as keeper, remote.connected(known.servers[piece.server]) as home:
        made = home.run(["mkdir", "--mode=0700", "--", piece.target])
        if made.returncode != 0:
            raise FlotillaError(
                f"{piece.target}: it could not be made on {piece.server}. Nothing was restored. See its words above."
            )
        sending = keeper.start(
            [backup.COMMAND, "send", "--project", piece.project, *chosen, piece.name], stdin=subprocess.DEVNULL
        )
        taking = home.start(
            ["tar", "--extract", "--numeric-owner", "--same-permissions", "-C", piece.target], stdin=sending.stdout or 0
        )
        if sending.stdout:
            sending.stdout.close()
        codes = (taking.wait(), sending.wait())
    row: dict[str, Any] = {**piece.called, "path": piece.target, "findings": []}
    document["pieces"].append(row)
    if any(codes):
        fact = f"the snapshot was not sent or not taken whole (exit codes {codes[1]}, {codes[0]}); {piece.target} is no copy"
        document["findings"].append(_failure(piece, fact))
    return row


def put_in_place(known: Fleet, piece: Piece, row: dict[str, Any], document: dict[str, Any]) -> None:
    """
    Have what was brought where the volume is, and the volume beside it.
    """
    path = str(piece.path)
    kept = f"{path}_before_{piece.target.rpartition('_')[2]}"
    with remote.connected(known.servers[piece.server]) as home:
        moved = home.run(["sh", "-c", 'mv -T -- "$1" "$2" && mv -T -- "$3" "$1"', "sh", path, kept, piece.target])
        if moved.returncode != 0:
            document["findings"].append(_failure(piece, f"{path} could not be moved away; the copy is {piece.target}"))
            return
        # Containers hold on to the folder that they were started with; the swarm starts others in their place.
        home.run(["python3", "-I", "-c", _STOP, path])
    row |= {"path": path, "kept": kept}


def _failure(piece: Piece, fact: str) -> dict[str, str]:
    return {"id": "restore-failed", "resource": f"{piece.project}/volume:{piece.name}", "fact": fact}
