"""
The program: the probe's document with the sections `logs`, `journal`, `kernel`, `exporters`, `prometheus`, `connections`,
`resolving` and `processes`, in one round trip.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hosts.diagnosis import logs, surroundings
from hosts.probe import program
from hosts.probe.reading import UnreadableError

AT_ONCE = 4


def sections(asked: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    """
    What is told beside the probe's own. `asked` is what `hosts.diagnosis.script.Asked` has.
    """
    since = int(asked["since"])
    found: dict[str, Callable[[], Any]] = {
        "logs": lambda: logs.containers(asked["project"], asked["images"], asked["lines"], since),
        "journal": lambda: logs.journal(since, "--priority=warning"),
        "kernel": lambda: logs.journal(since, "--dmesg"),
        "exporters": lambda: surroundings.measures(asked["exporters"]),
        "connections": lambda: surroundings.connections(asked["peers"]),
        "resolving": lambda: surroundings.resolving(asked["names"]),
        "processes": surroundings.processes,
    }
    if asked["prometheus"]:
        found["prometheus"] = lambda: surroundings.prometheus(asked["prometheus"], since)
    return found


def _tried(look: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"data": look()}
    except UnreadableError as error:
        return {"error": str(error)}
    except Exception as error:  # whatever it is, the other sections are told all the same
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}


def main(asked: Mapping[str, Any]) -> None:
    """
    Print it.
    """
    looks = sections(asked)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        own = dict(zip(looks, pool.map(_tried, looks.values()), strict=True))
        document = program.document(program.SECTIONS)
    document["sections"].update(own)
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
