"""
Every component has the shape that STYLE.md says, and a type that is never renamed by accident.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import textwrap
from typing import get_type_hints

import pulumi
import pytest

import components
from tests.complete_fleet import complete
from tests.conftest import Checkout, Recording

# Part of every stack's state: changing one needs aliases.
TOKENS = {
    "App": "flotilla:app:App",
    "Backup": "flotilla:data:Backup",
    "Cluster": "flotilla:compute:Cluster",
    "Database": "flotilla:data:Database",
    "DatabaseServer": "flotilla:data:DatabaseServer",
    "Migration": "flotilla:data:Migration",
    "Dns": "flotilla:network:Dns",
    "Firewall": "flotilla:network:Firewall",
    "Fleet": "flotilla:fleet:Fleet",
    "FloatingIp": "flotilla:network:FloatingIp",
    "Host": "flotilla:compute:Host",
    "Ingress": "flotilla:ingress:Ingress",
    "Job": "flotilla:app:Job",
    "KeptReleases": "flotilla:app:KeptReleases",
    "LoadBalancer": "flotilla:network:LoadBalancer",
    "Monitoring": "flotilla:monitoring:Monitoring",
    "Network": "flotilla:network:Network",
    "PlacementGroup": "flotilla:compute:PlacementGroup",
    "Readiness": "flotilla:ingress:Readiness",
    "Route": "flotilla:ingress:Route",
    "Secrets": "flotilla:app:Secrets",
    "Server": "flotilla:compute:Server",
    "Site": "flotilla:ingress:Site",
    "SshKeys": "flotilla:access:SshKeys",
    "StaticSite": "flotilla:app:StaticSite",
    "Volume": "flotilla:storage:Volume",
    "Worker": "flotilla:app:Worker",
}


def _classes() -> dict[str, type[pulumi.ComponentResource]]:
    found = {}
    for module in pkgutil.iter_modules(components.__path__):
        loaded = importlib.import_module(f"components.{module.name}")
        for name, value in vars(loaded).items():
            is_own = inspect.isclass(value) and value.__module__ == loaded.__name__
            if is_own and issubclass(value, pulumi.ComponentResource):
                found[name] = value
    return found


CLASSES = _classes()


def declared(kind: type[pulumi.ComponentResource]) -> set[str]:
    """
    The outputs that a component says it has, itself or through what it is a kind of.
    """
    own = [base for base in kind.__mro__ if base.__module__.startswith("components.")]
    return {name for base in own for name in vars(base).get("__annotations__", {})}


def test_each_component_has_its_pinned_type() -> None:
    """The types in the code are the ones in the states out there, and no component is missing from the list."""
    written = {}
    for name, kind in CLASSES.items():
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind.__init__)))
        call = next(
            node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__"
        )
        written[name] = ast.literal_eval(call.args[0])

    assert written == TOKENS


@pytest.mark.parametrize("name", CLASSES)
def test_the_signature_is_name_args_opts(name: str) -> None:
    """A component takes its name, a frozen keyword-only dataclass, and options that may be absent."""
    parameters = inspect.signature(CLASSES[name].__init__).parameters
    arguments = get_type_hints(CLASSES[name].__init__)["args"]

    assert list(parameters) == ["self", "name", "args", "opts"]
    assert parameters["opts"].default is None
    assert arguments.__name__ == f"{name}Args"
    assert dataclasses.is_dataclass(arguments)
    assert arguments.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(arguments))


@pytest.mark.parametrize("name", CLASSES)
def test_the_callers_options_stay_with_the_component(name: str) -> None:
    """`opts` is handed to the parent class and to nothing else: merged into a child, it would move it to the grandparent."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(CLASSES[name].__init__)))
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "opts"]

    assert len(uses) == 1


@pytest.mark.parametrize("name", CLASSES)
def test_every_component_says_what_it_is(name: str) -> None:
    """A docstring, on the class and on its arguments."""
    assert CLASSES[name].__doc__
    assert get_type_hints(CLASSES[name].__init__)["args"].__doc__.strip()


@pytest.fixture(scope="module")
def recordings(shared_checkout: Checkout) -> list[Recording]:
    """Every component there is: a production with everything, and a sandbox with the one that excludes another."""
    shared_checkout.change_environment("local", lambda found: found["ingress"].update(entry="floating-ip"))
    return [shared_checkout.program(), complete(shared_checkout).program("production")]


def test_outputs_are_the_typed_attributes(recordings: list[Recording]) -> None:
    """What a component registers as outputs is what its class declares, under the same names."""
    promised = {TOKENS[name]: declared(kind) for name, kind in CLASSES.items()}
    registered = {found.type: set(recording.outputs[found.urn]) for recording in recordings for found in recording.components()}

    assert registered == promised


def test_children_are_named_after_their_component_and_belong_to_it(recordings: list[Recording]) -> None:
    """Every resource that is not a component is the child of one, and begins with its name."""
    for recording in recordings:
        components_by_urn = {found.urn: found for found in recording.components()}
        children = [found for found in recording.registrations if found.request.custom]

        assert len(children) > len(components_by_urn)
        for child in children:
            assert child.parent in components_by_urn, child.urn
            assert child.name.startswith(f"{components_by_urn[child.parent].name}-"), child.urn
