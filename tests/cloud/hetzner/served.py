"""
Emulators one after the other with the routes built once: those take 0.12 s, longer than most tests.
"""

from __future__ import annotations

from fastapi import FastAPI

from sandbox.cloud.hetzner.app import application
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.store import Store
from tests.cloud.hetzner.machines import RecordingMachines
from tests.cloud.serving import Served

_idle: list[tuple[str, Cloud, FastAPI]] = []


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
        self._used = found or (token, made, application(made, token))
        self._served = Served(self._used[2])
        self.url = self._served.url

    def stop(self) -> None:
        """
        Stop it, and wait for what it was doing.
        """
        self._served.stop()
        _idle.append(self._used)
