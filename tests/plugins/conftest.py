"""
A stand-in plugin behind its real gRPC service, as the engine would call it, and the emulated clouds it talks to.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from sandbox.cloud.cloudflare import app as cloudflare
from sandbox.cloud.cloudflare.zones import seed_zone
from sandbox.cloud.hetzner import app as hetzner
from sandbox.cloud.store import Store
from sandbox.instance import Instance
from sandbox.plugins.servicer import Servicer
from sandbox.plugins.values import decode, encode
from sandbox.plugins.wire import empty_pb2, grpc, provider_pb2, provider_pb2_grpc

TOKEN = "a-made-up-token"
START_TIMEOUT_S = 10.0


@dataclass
class Plugin:
    """
    One plugin as the engine sees it; properties go in and come out as plain values.
    """

    stub: Any
    stack: str = "local"

    def urn(self, token: str, name: str) -> str:
        return f"urn:pulumi:{self.stack}::fleet::{token}::{name}"

    def configure(self, **config: Any) -> None:
        self.stub.Handshake(provider_pb2.ProviderHandshakeRequest())
        self.stub.Configure(provider_pb2.ConfigureRequest(args=encode(config), acceptSecrets=True))

    def check(self, token: str, name: str, inputs: dict[str, Any], olds: Any = None, secrets: Any = ()) -> Any:
        return self.stub.Check(
            provider_pb2.CheckRequest(urn=self.urn(token, name), news=encode(inputs, secrets), olds=olds, randomSeed=b"seed")
        )

    def inputs(self, token: str, name: str, inputs: dict[str, Any], secrets: Any = ()) -> Any:
        """
        Inputs that passed Check, as a struct.
        """
        answer = self.check(token, name, inputs, secrets=secrets)
        assert not answer.failures, answer.failures
        return answer.inputs

    def create(self, token: str, name: str, inputs: dict[str, Any], *, secrets: Any = (), preview: bool = False) -> Any:
        checked = self.inputs(token, name, inputs, secrets)
        return self.stub.Create(
            provider_pb2.CreateRequest(urn=self.urn(token, name), properties=checked, preview=preview, timeout=20)
        )

    def diff(self, token: str, name: str, made: Any, old: dict[str, Any], new: dict[str, Any]) -> Any:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=made.id,
                urn=self.urn(token, name),
                olds=made.properties,
                old_inputs=self.inputs(token, name, old),
                news=self.inputs(token, name, new),
            )
        )

    def update(self, token: str, name: str, made: Any, new: dict[str, Any], *, preview: bool = False) -> Any:
        return self.stub.Update(
            provider_pb2.UpdateRequest(
                id=made.id,
                urn=self.urn(token, name),
                olds=made.properties,
                news=self.inputs(token, name, new),
                preview=preview,
                timeout=20,
            )
        )

    def read(self, token: str, name: str, id: str, inputs: Any = None, properties: Any = None) -> Any:
        return self.stub.Read(provider_pb2.ReadRequest(id=id, urn=self.urn(token, name), inputs=inputs, properties=properties))

    def delete(self, token: str, name: str, made: Any) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(id=made.id, urn=self.urn(token, name), properties=made.properties, timeout=20)
        )

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=encode(arguments)))
        assert not answer.failures, answer.failures
        return decode(getattr(answer, "return")).values

    def cancel(self) -> None:
        self.stub.Cancel(empty_pb2.Empty())


class StillMachines:
    """
    Machines that are only written down: each starts and stops at once.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.client = self
        self.disks = self
        self.on: set[int] = set()
        self._ended = threading.Event()

    def events(self, **_: Any) -> StillMachines:
        return self

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._ended.wait()
        return iter(())

    def close(self) -> None:
        self._ended.set()

    def running(self) -> set[int]:
        return set(self.on)

    def start(self, spec: Any) -> dict[int, str]:
        self.on.add(spec.server_id)
        return {address.network_id: "02:42:00:00:00:07" for address in spec.private}

    def stop(self, server_id: int, graceful: bool) -> None:
        self.on.discard(server_id)

    def delete(self, server_id: int, volumes: Any = ()) -> None:
        self.on.discard(server_id)

    def converge(self, spec: Any) -> dict[int, str]:
        return {address.network_id: "02:42:00:00:00:07" for address in spec.private}

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


@pytest.fixture
def serve() -> Iterator[Callable[[FastAPI], str]]:
    """
    Serves an application on a free loopback port; returns its address.
    """
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: FastAPI) -> str:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + START_TIMEOUT_S
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(START_TIMEOUT_S)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """
    The emulators' memory.
    """
    opened = Store(tmp_path / "cloud.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def cloudflare_url(serve: Any, store: Store) -> str:
    """
    The Cloudflare API with the zone flotilla.test.
    """
    seed_zone(store, "flotilla.test")
    return serve(cloudflare.create_app(store, TOKEN)) + "/client/v4"


@pytest.fixture
def hetzner_url(serve: Any, store: Store, tmp_path: Path) -> Iterator[str]:
    """
    The Hetzner Cloud API over machines that are only written down.
    """
    (tmp_path / ".flotilla").mkdir()
    machines = StillMachines(Instance(id="0123abcd", checkout=tmp_path, block=7))
    yield serve(hetzner.create_app(store, machines, TOKEN)) + "/v1"  # type: ignore[arg-type]
    machines.close()


@pytest.fixture
def start_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Plugin]]:
    """
    Starts a plugin by name, on a stack.
    """
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    for name in ("HCLOUD_TOKEN", "HCLOUD_ENDPOINT", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    running: list[Any] = []

    def start(name: str, stack: str = "local") -> Plugin:
        service = grpc.server(ThreadPoolExecutor(4))
        servicer = Servicer(name)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, service)
        port = service.add_insecure_port("127.0.0.1:0")
        service.start()
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        running.append((service, servicer, channel))
        return Plugin(provider_pb2_grpc.ResourceProviderStub(channel), stack)

    yield start
    for service, servicer, channel in running:
        channel.close()
        servicer.close()
        service.stop(None)


@pytest.fixture
def cloudflare_plugin(start_plugin: Any, cloudflare_url: str) -> Plugin:
    """
    The Cloudflare stand-in, configured for the emulator.
    """
    plugin = start_plugin("cloudflare")
    plugin.configure(apiToken=TOKEN, baseUrl=cloudflare_url)
    return plugin


@pytest.fixture
def hcloud_plugin(start_plugin: Any, hetzner_url: str) -> Plugin:
    """
    The Hetzner Cloud stand-in, configured for the emulator.
    """
    plugin = start_plugin("hcloud")
    plugin.configure(token=TOKEN, endpoint=hetzner_url)
    return plugin
