"""
The emulated API on a free port, used by the official client.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hcloud import Client

from sandbox.cloud.store import Store
from sandbox.instance import Instance
from tests.cloud.hetzner.machines import RecordingMachines
from tests.cloud.hetzner.served import ServedCloud

TOKEN = "made-up-token"


@dataclass
class Emulator:
    """
    A running API with everything behind it.
    """

    instance: Instance
    machines: RecordingMachines
    store: Store
    served: ServedCloud = field(init=False)

    @property
    def url(self) -> str:
        return self.served.url + "/v1"

    def start(self) -> None:
        self.served = ServedCloud(self.store, self.machines, TOKEN)

    def stop(self) -> None:
        for event in self.machines.hold.values():
            event.set()
        self.machines.client.close()
        self.served.stop()

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
