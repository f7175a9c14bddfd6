"""
Machines that are only written down: the real ones have their own tests in tests/integration/machines.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.cloud.machines.model import BalancerSpec, Health, MachineSpec
from sandbox.instance import Instance


class QuietDocker:
    """
    A Docker daemon in which nothing happens.
    """

    def __init__(self) -> None:
        self._ended = threading.Event()

    def events(self, **_: Any) -> QuietDocker:
        return self

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._ended.wait()
        return iter(())

    def close(self) -> None:
        self._ended.set()


class RecordingBalancers:
    """
    Load balancers as they were last asked for; `told` is what they say of their targets.
    """

    def __init__(self) -> None:
        self.specs: dict[int, BalancerSpec] = {}
        self.told: dict[tuple[int, int], Health] = {}

    def health(self, _: int) -> dict[tuple[int, int], Health]:
        return self.told

    def delete(self, balancer_id: int) -> None:
        self.specs.pop(balancer_id, None)


class RecordingMachines:
    """
    Notes what the cloud asks for, and keeps which machines run. `fail` makes a call raise, `hold` makes it wait.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.client = QuietDocker()
        self.disks = self
        self.balancers = RecordingBalancers()
        self.calls: list[tuple[Any, ...]] = []
        self.on: set[int] = set()
        self.guards: list[Any] = []
        self.fronts: dict[str, int] = {}
        self.fail: dict[str, Exception] = {}
        self.hold: dict[str, threading.Event] = {}

    def running(self) -> set[int]:
        return set(self.on)

    def is_running(self, server_id: int) -> bool:
        return server_id in self.on

    def start(self, spec: MachineSpec) -> dict[int, str]:
        self._note("start", spec)
        self.on.add(spec.server_id)
        return _cards(spec)

    def stop(self, server_id: int, graceful: bool) -> None:
        self._note("stop", server_id, graceful)
        self.on.discard(server_id)

    def delete(self, server_id: int, volumes: Any = ()) -> None:
        self._note("delete", server_id)
        self.on.discard(server_id)

    def guard(self, guards: Any, fronts: Any) -> None:
        self._note("guard")
        self.guards, self.fronts = list(guards), dict(fronts)

    def balance(self, spec: BalancerSpec) -> None:
        self._note("balance", spec)
        self.balancers.specs[spec.balancer_id] = spec

    def converge(self, spec: MachineSpec) -> dict[int, str]:
        self._note("converge", spec)
        return _cards(spec)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self._note(name, *arguments)

    def _note(self, name: str, *arguments: Any) -> None:
        self.calls.append((name, *arguments))
        if name in self.hold:
            self.hold[name].wait(10)
        if name in self.fail:
            raise self.fail[name]

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        """
        The arguments of every call of this name.
        """
        return [call[1:] for call in self.calls if call[0] == name]


def _cards(spec: MachineSpec) -> dict[int, str]:
    """
    The hardware address in each network.
    """
    return {address.network_id: "02:42:00:00:00:07" for address in spec.private}
