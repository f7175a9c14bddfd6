"""
The emulated API on a free port, used by the official client. The machines are only written down: the real ones have their own
tests in tests/integration/machines.
"""

import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hcloud import Client

from sandbox.cloud.hetzner.app import create_app
from sandbox.cloud.machines.model import MachineSpec
from sandbox.cloud.store import Store
from sandbox.instance import Instance

TOKEN = "made-up-token"


class QuietDocker:
    """
    A Docker daemon in which nothing happens.
    """

    def __init__(self) -> None:
        self._ended = threading.Event()

    def events(self, **_: Any) -> "QuietDocker":
        return self

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._ended.wait()
        return iter(())

    def close(self) -> None:
        self._ended.set()


class RecordingMachines:
    """
    Notes what the cloud asks for, and keeps which machines run. `fail` makes a call raise, `hold` makes it wait.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.client = QuietDocker()
        self.disks = self
        self.calls: list[tuple[Any, ...]] = []
        self.on: set[int] = set()
        self.guards: list[Any] = []
        self.fail: dict[str, Exception] = {}
        self.hold: dict[str, threading.Event] = {}

    def running(self) -> set[int]:
        return set(self.on)

    def is_running(self, server_id: int) -> bool:
        return server_id in self.on

    def start(self, spec: MachineSpec) -> dict[int, str]:
        self._note("start", spec)
        self.on.add(spec.server_id)
        return {address.network_id: "02:42:00:00:00:07" for address in spec.private}

    def stop(self, server_id: int, graceful: bool) -> None:
        self._note("stop", server_id, graceful)
        self.on.discard(server_id)

    def delete(self, server_id: int, volumes: Any = ()) -> None:
        self._note("delete", server_id)
        self.on.discard(server_id)

    def guard(self, guards: Any) -> None:
        self._note("guard")
        self.guards = list(guards)

    def converge(self, spec: MachineSpec) -> dict[int, str]:
        self._note("converge", spec)
        return {}

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


@dataclass
class Emulator:
    """
    A running API with everything behind it.
    """

    instance: Instance
    machines: RecordingMachines
    store: Store
    server: uvicorn.Server = field(init=False)
    thread: threading.Thread = field(init=False)
    url: str = field(init=False)

    def start(self) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        app = create_app(self.store, self.machines, TOKEN)  # type: ignore[arg-type]
        self.server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]})
        self.thread.start()
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

    def stop(self) -> None:
        for event in self.machines.hold.values():
            event.set()
        self.machines.client.close()
        self.server.should_exit = True
        self.thread.join()

    def client(self, token: str = TOKEN) -> Client:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return Client(token, api_endpoint=self.url, poll_interval=0.01)


def _running(folder: Path) -> Iterator[Emulator]:
    instance = Instance("0a1b2c3d", folder, 4)
    emulator = Emulator(instance, RecordingMachines(instance), Store(folder / "cloud.sqlite"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """
    A running emulator with nothing in it.
    """
    yield from _running(tmp_path)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """
    A running emulator for all tests that leave nothing in it.
    """
    yield from _running(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def client(emulator: Emulator) -> Client:
    """
    The official client with the right token.
    """
    return emulator.client()


@pytest.fixture
def machines(emulator: Emulator) -> RecordingMachines:
    """
    What the emulator asked of the machines.
    """
    return emulator.machines
