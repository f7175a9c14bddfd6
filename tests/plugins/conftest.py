"""
A stand-in plugin behind its real gRPC service, as the engine would call it, and the emulated clouds it talks to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.plugins.servicer import Servicer
from sandbox.plugins.values import decode, encode
from sandbox.plugins.wire import empty_pb2, grpc, provider_pb2, provider_pb2_grpc
from tests.plugins.clouds import TOKEN, cloudflare_url, hetzner_url, serve, store

__all__ = ["cloudflare_url", "hetzner_url", "serve", "store"]


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
def cloudflare_plugin(start_plugin: Any, request: pytest.FixtureRequest) -> Plugin:
    """
    The Cloudflare stand-in, configured for the emulator.
    """
    plugin = start_plugin("cloudflare")
    plugin.configure(apiToken=TOKEN, baseUrl=request.getfixturevalue("cloudflare_url"))
    return plugin


@pytest.fixture
def hcloud_plugin(start_plugin: Any, request: pytest.FixtureRequest) -> Plugin:
    """
    The Hetzner Cloud stand-in, configured for the emulator.
    """
    plugin = start_plugin("hcloud")
    plugin.configure(token=TOKEN, endpoint=request.getfixturevalue("hetzner_url"))
    return plugin
