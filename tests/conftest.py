"""
A recording engine: what a program registers, as the engine would see it, without a process or a provider.
"""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import json
import logging
import os
import runpy
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pulumi
import pytest
import yaml
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.stack import run_in_stack

from hosts.keys import KEY_MINIMUM_LENGTH
from settings import Project, Settings, load, read_stack_config
from settings.release_checks import full_repository

# The same examples each time, so that a change is judged by itself; `make proof` looks for new ones.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.register_profile("new", print_blob=True)
hypothesis.settings.load_profile(os.environ.get("EXAMPLES", "same"))

ROOT = Path(__file__).parents[1]
STACKS = ("local", "staging", "production")
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID2yuOuBiZDw2qd3CU2+Wcb+D11DpX5a2q7T1D4iZzc2 test"
PRIVATE_KEY = "the private SSH key"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyvQvz8vMT7p2cHbHnNQqZGPZzJkC1xCC7Hc0kYv3Tz"
VOLUME = {"name": "data", "path": "/data", "shared": True}
CA_KEY = "the authority's private key"

# Outputs that providers compute and that components read.
COMPUTED: Mapping[str, Mapping[str, Any]] = {
    "hcloud:index/server:Server": {"ipv4Address": "127.10.0.11", "ipv6Address": "2001:db8::1"},
    "hcloud:index/serverNetwork:ServerNetwork": {"ip": "10.0.1.2"},
    "hcloud:index/floatingIp:FloatingIp": {"ipAddress": "127.10.0.21"},
    "hcloud:index/loadBalancer:LoadBalancer": {"ipv4": "127.10.0.31", "ipv6": "2001:db8::31"},
    "command:remote:Command": {"stdout": "", "stderr": ""},
}


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


def zone_id(name: str) -> str:
    """
    The id that Cloudflare has for a zone, of the right shape.
    """
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


class Providers(mocks.Mocks):
    """
    Every provider, as far as a program can tell: inputs come back, with an id and what is computed. The same resource has the
    same id in every run.
    """

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        digest = hashlib.blake2b(f"{args.typ} {args.name}".encode(), digest_size=6).digest()
        outputs = {**args.inputs, **COMPUTED.get(args.typ, {})}
        if args.name.endswith("-ready"):
            outputs["stdout"] = f"{HOST_KEY}\n"
        return str(int.from_bytes(digest, "big")), outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        found = zone_id(args.args["filter"]["name"])
        return {**args.args, "zoneId": found, "id": found}, []


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


def plain(value: Any, path: str = "") -> Any:
    """
    What a program gets of a stack's configuration: each encrypted value as plain text, which says where it was.
    """
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            # As long as the environment's key has to be.
            return f"the secret at {path}".ljust(KEY_MINIMUM_LENGTH, ".")
        return {key: plain(inner, f"{path}.{key}".lstrip(".")) for key, inner in value.items()}
    return value


@dataclass(frozen=True)
class Checkout:
    """
    A checkout of its own with the committed stacks, some projects, and keys.
    """

    root: Path

    def program(self, stack: str = "local") -> Recording:
        """Run the committed program in it."""
        config = plain(read_stack_config(self.root, stack))
        return record(lambda: runpy.run_path(str(self.root / "__main__.py"), run_name="__main__"), stack, config)

    def foundation(self, stack: str = "local") -> Recording:
        """Run what projects stand on, and the outputs, without the projects."""
        from components import fleet, outputs

        config = plain(read_stack_config(self.root, stack))

        def program() -> None:
            settings = load(stack, self.root, config)
            foundation = fleet.build(settings, config.get("secrets", {}))
            for key, value in outputs.document(settings, foundation).items():
                pulumi.export(key, value)

        return record(program, stack, config)

    def settings(self, stack: str = "local") -> Settings:
        """The settings of one of its stacks."""
        return load(stack, self.root, read_stack_config(self.root, stack))

    def change_environment(self, stack: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Edit `flotilla:environment` of a stack in place."""
        path = self.root / f"Pulumi.{stack}.yaml"
        document = yaml.safe_load(path.read_text())
        change(document["config"]["flotilla:environment"])
        path.write_text(yaml.safe_dump(document))

    def release(self, stack: str, *serving: tuple[str, str, int]) -> None:
        """Serve these releases of the guestbook: (hex digit of the digest, slot, weight)."""
        registry = read_stack_config(self.root, stack)["environment"]["registry"]
        releases = [
            {"image": f"{registry}/guestbook@sha256:{digit * 64}", "slot": slot, "weight": weight}
            for digit, slot, weight in serving
        ]
        self.write_releases(stack, {"guestbook": {"serving": releases}})

    def release_all(self, stack: str) -> None:
        """Serve one release of every project that lives in a stack."""
        (self.root / "releases" / f"{stack}.yaml").unlink(missing_ok=True)
        settings = self.settings(stack)
        self.write_releases(stack, {name: _release(settings, project) for name, project in settings.projects.items()})

    def write_releases(self, stack: str, projects: Mapping[str, Any]) -> None:
        """Write the file of a stack's releases."""
        registry = read_stack_config(self.root, stack)["environment"]["registry"]
        platform = {name: f"{registry}/{name}@sha256:{'f' * 64}" for name in ("caddy", "haproxy")}
        document = {"platform": platform, "projects": dict(projects)}
        (self.root / "releases" / f"{stack}.yaml").write_text(yaml.safe_dump(document))


def _release(settings: Settings, project: Project) -> dict[str, Any]:
    def image(repository: str | None) -> str:
        name = full_repository(settings.environment, repository or project.image)
        return f"{name}@sha256:{hashlib.sha256(name.encode()).hexdigest()}"

    own = {name: process for name, process in project.processes.items() if process.image}
    images = {name: image(process.image) for name, process in own.items()}
    return {"serving": [{"image": image(project.image), "slot": "a", "weight": 100, **({"images": images} if images else {})}]}


def make_checkout(root: Path, projects: Iterable[str]) -> Checkout:
    """
    A checkout under a folder, with these of the committed projects.
    """
    for name in ("__main__.py", "Pulumi.local.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml"):
        shutil.copy(ROOT / name, root / name)
    (root / "projects").mkdir()
    (root / "releases").mkdir()
    for name in projects:
        shutil.copy(ROOT / "projects" / f"{name}.yaml", root / "projects")
    files = {
        "ssh/id_ed25519": PRIVATE_KEY,
        "ssh/id_ed25519.pub": PUBLIC_KEY,
        "ca/root.crt": "CERTIFICATE",
        "ca/root.key": CA_KEY,
    }
    for name, content in files.items():
        path = root / ".flotilla" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return Checkout(root)


def make_small(checkout: Checkout, stack: str) -> None:
    """
    Leave one server to a stack, and nothing that it can do without.
    """
    path = checkout.root / f"Pulumi.{stack}.yaml"
    document = yaml.safe_load(path.read_text())
    environment = document["config"]["flotilla:environment"]
    app = {"type": "cx23", "count": 1, "roles": ["app", "ingress"], "image": "debian-12", "volume_gb": 10}
    needed = ("name", "domain", "zone", "location", "network", "access", "registry")
    small = {key: environment[key] for key in needed}
    small |= {"servers": {"app": app}, "ingress": {"tls": environment["ingress"]["tls"]}}
    config = {"flotilla:environment": small, "flotilla:secrets": {"key": document["config"]["flotilla:secrets"]["key"]}}
    # The key is encrypted with what the engine makes of this and the committed passphrase.
    path.write_text(yaml.safe_dump({"config": config, "encryptionsalt": document["encryptionsalt"]}, sort_keys=False))


def on_a_volume(project: dict[str, Any]) -> dict[str, Any]:
    """
    A project that needs no database server: what it keeps is in files.
    """
    return {**{key: value for key, value in project.items() if key != "database"}, "volumes": [VOLUME]}


def make_small_checkout(root: Path) -> Checkout:
    """
    A checkout with one project, the guestbook on a volume, and one server in each stack; `local` serves one release.
    """
    made = make_checkout(root, ["guestbook"])
    guestbook = root / "projects" / "guestbook.yaml"
    guestbook.write_text(yaml.safe_dump(on_a_volume(yaml.safe_load(guestbook.read_text())), sort_keys=False))
    for stack in STACKS:
        make_small(made, stack)
    made.release("local", ("1", "a", 100))
    return made


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A small checkout that a test may change."""
    return make_small_checkout(tmp_path)


@pytest.fixture(scope="module")
def shared_checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A small checkout for a fixture whose recording all tests of a module look at."""
    return make_small_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture
def sample_fleet(tmp_path: Path) -> Checkout:
    """A checkout with every project, all of them served in all stacks that they live in."""
    made = make_checkout(tmp_path, [path.stem for path in (ROOT / "projects").glob("*.yaml")])
    for stack in STACKS:
        made.release_all(stack)
    return made
