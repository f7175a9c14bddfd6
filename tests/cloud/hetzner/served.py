"""
Emulators one after the other behind servers that run on: to build the routes takes 0.12 s, to end a server as long again, which
is longer than most tests.
"""

from __future__ import annotations

from sandbox.cloud.hetzner.app import routes, start
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.frame import framed
from sandbox.cloud.store import Store
from tests.cloud.hetzner.machines import RecordingMachines
from tests.cloud.serving import Served

_idle: list[tuple[str, Cloud, Served]] = []


class ServedCloud:
    """
    A new cloud, with nothing in it but what the store has, behind an application that no other one uses meanwhile.
    """

    def __init__(self, store: Store, machines: RecordingMachines, token: str) -> None:
        made = Cloud(store, machines)  # type: ignore[arg-type]
        found = next((known for known in _idle if known[0] == token), None)
        if found:
            _idle.remove(found)
            vars(found[1]).clear()  # nothing of the one before is left
            vars(found[1]).update(vars(made))
        self._used = found or (token, made, Served(framed(routes(made), token)))
        self.url = self._used[2].url
        self._stop = start(self._used[1])

    def stop(self) -> None:
        """
        Wait for what it is doing; another one may follow behind its address.
        """
        self._used[2].settle()
        self._stop()
        _idle.append(self._used)
