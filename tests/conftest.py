"""
A recording engine: what a program registers, as the engine would see it, without a process or a provider.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import runpy
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.stack import run_in_stack

from settings import read_stack_config

ROOT = Path(__file__).parents[1]
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID2yuOuBiZDw2qd3CU2+Wcb+D11DpX5a2q7T1D4iZzc2 test"
PRIVATE_KEY = "the private SSH key"
CA_KEY = "the authority's private key"

# Outputs that providers compute and that components read.
COMPUTED: Mapping[str, Mapping[str, Any]] = {
    "hcloud:index/server:Server": {"ipv4Address": "127.10.0.11"},
    "hcloud:index/serverNetwork:ServerNetwork": {"ip": "10.0.1.2"},
    "command:remote:Command": {"stdout": "", "stderr": ""},
}
ZONE_ID = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, kw_only=True)
class Registration:
    """
    One resource as it was asked for. `inputs` has plain values; `secrets` names the inputs that are secret as a whole.
    """

    urn: str
    type: str
    name: str
    parent: str
    inputs: Mapping[str, Any]
    secrets: frozenset[str]
    request: Any

    @property
    def depends_on(self) -> frozenset[str]:
        """Names of the resources that were said to come before."""
        return frozenset(urn.rpartition("::")[2] for urn in self.request.dependencies)


@dataclass
class Recording:
    """
    All that one run of a program registered.
    """

    registrations: list[Registration] = field(default_factory=list)
    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    invokes: list[Any] = field(default_factory=list)

    def of(self, kind: str) -> list[Registration]:
        """All resources of a type."""
        return [found for found in self.registrations if found.type == kind]

    def named(self, name: str, kind: str = "") -> Registration:
        """The one resource with this name (and type)."""
        (found,) = [r for r in self.registrations if r.name == name and (not kind or r.type == kind)]
        return found

    @property
    def stack_outputs(self) -> Mapping[str, Any]:
        """What the program exported."""
        return next(outputs for urn, outputs in self.outputs.items() if "::pulumi:pulumi:Stack::" in urn)

    def components(self) -> Iterator[Registration]:
        """Everything that is made of other resources."""
        return (found for found in self.registrations if not found.request.custom)


class Providers(mocks.Mocks):
    """
    Every provider, as far as a program can tell: inputs come back, with an id and what is computed.
    """

    def __init__(self) -> None:
        self.ids = 0

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.ids += 1
        return str(self.ids), {**args.inputs, **COMPUTED.get(args.typ, {})}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        return {**args.args, "zoneId": ZONE_ID, "id": ZONE_ID}, []


class RecordingMonitor(mocks.MockMonitor):
    """
    The engine's side of the conversation. Refuses a second resource with the same URN, as the engine does.
    """

    def __init__(self) -> None:
        super().__init__(Providers())
        self.recording = Recording()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        urn = self.make_urn(request.parent, request.type, request.name)
        if urn in {known.urn for known in self.recording.registrations}:
            raise AssertionError(f"Duplicate resource URN {urn}")
        if request.type != "pulumi:pulumi:Stack":
            values = rpc.deserialize_properties(request.object, keep_unknowns=True)
            secrets = frozenset(key for key, value in values.items() if rpc.is_rpc_secret(value))
            inputs = {key: rpc.unwrap_rpc_secret(value) if key in secrets else value for key, value in values.items()}
            self.recording.registrations.append(
                Registration(
                    urn=urn,
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    inputs=inputs,
                    secrets=secrets,
                    request=request,
                )
            )
        return super().RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        self.recording.outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        self.recording.invokes.append(request)
        return super().Invoke(request)


def record(program: Callable[[], object], stack: str = "local", config: Mapping[str, object] | None = None) -> Recording:
    """
    Run a program against the recording engine, in a world of its own. `config` is the stack's `flotilla:` values.
    """
    monitor = RecordingMonitor()

    def run() -> None:
        settings.ROOT.set(None)
        features = set(monitor.GetDeploymentInfo(None).supportedFeatures)
        settings.configure(
            mocks.MockSettings(
                monitor=monitor,
                monitor_features=features,
                engine=mocks.MockEngine(logging.getLogger("pulumi")),
                project="flotilla",
                stack=stack,
                dry_run=False,
                organization=None,
            )
        )
        set_all_config({f"flotilla:{key}": json.dumps(value) for key, value in (config or {}).items()})
        asyncio.run(run_in_stack(lambda: (program(), None)[1]))

    contextvars.copy_context().run(run)
    return monitor.recording


@dataclass(frozen=True)
class Checkout:
    """
    A checkout of its own with the committed stacks and projects, keys, and a release of the guestbook.
    """

    root: Path

    def program(self, stack: str = "local") -> Recording:
        """Run the committed program in it."""
        config = read_stack_config(self.root, stack)
        return record(lambda: runpy.run_path(str(self.root / "__main__.py"), run_name="__main__"), stack, config)

    def release(self, stack: str, *serving: tuple[str, str, int]) -> None:
        """Serve these releases of the guestbook: (hex digit of the digest, slot, weight)."""
        registry = read_stack_config(self.root, stack)["environment"]["registry"]
        document = {
            "platform": {name: f"{registry}/{name}@sha256:{'f' * 64}" for name in ("caddy", "haproxy")},
            "projects": {
                "guestbook": {
                    "serving": [
                        {"image": f"{registry}/guestbook@sha256:{digit * 64}", "slot": slot, "weight": weight}
                        for digit, slot, weight in serving
                    ]
                }
            },
        }
        (self.root / "releases" / f"{stack}.yaml").write_text(yaml.safe_dump(document))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout in which stack `local` serves one release of the guestbook."""
    for name in ("__main__.py", "Pulumi.local.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "projects").mkdir()
    shutil.copy(ROOT / "projects" / "guestbook.yaml", tmp_path / "projects")
    (tmp_path / "releases").mkdir()
    files = {
        "ssh/id_ed25519": PRIVATE_KEY,
        "ssh/id_ed25519.pub": PUBLIC_KEY,
        "ca/root.crt": "CERTIFICATE",
        "ca/root.key": CA_KEY,
    }
    for name, content in files.items():
        path = tmp_path / ".flotilla" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    made = Checkout(tmp_path)
    made.release("local", ("1", "a", 100))
    return made
