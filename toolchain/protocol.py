"""
The SDK's gRPC modules without the SDK: `import pulumi` costs a quarter of a second, the stubs alone a third.

    from toolchain.protocol import load
    language_pb2, language_pb2_grpc = load("language_pb2", "language_pb2_grpc")

While they load, `pulumi` and the packages below it are empty ones that only know where their modules lie,
so their `__init__` files do not run. Afterwards these are taken away again: a later `import pulumi` is the real one, and uses
the same generated modules.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

BARE_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto", "pulumi.runtime.proto.codegen")


def load(*names: str) -> tuple[Any, ...]:
    """
    Import the generated modules of `pulumi.runtime.proto` with these names, for example `provider_pb2`.
    """
    if "pulumi" in sys.modules:
        return _import(names)
    _enter_bare_packages(_sdk_folder())
    try:
        return _import(names)
    finally:
        for name in BARE_PACKAGES:
            del sys.modules[name]


def _import(names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(importlib.import_module(f"pulumi.runtime.proto.{name}") for name in names)


def _sdk_folder() -> Path:
    found = importlib.util.find_spec("pulumi")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'pulumi'", name="pulumi")
    return Path(found.submodule_search_locations[0])


def _enter_bare_packages(sdk: Path) -> None:
    for name in BARE_PACKAGES:
        package = ModuleType(name)
        package.__path__ = [str(sdk.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, package)
