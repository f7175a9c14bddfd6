"""
The SDK without what it does for nobody: types of resources that are not used, messages that nobody asked for.

A preview of the sample fleet spends a third of its time on these. Each part is switched on before the first component is
imported, changes nothing that the engine is told of resources, and can be left out: then previews are only slower.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
from pulumi.runtime import resource as registering
from pulumi.runtime import stack as ending
from pulumi.runtime.proto import source_pb2

PACKAGES = ("pulumi_hcloud", "pulumi_docker")
KEEP_DEBUG = "FLOTILLA_SDK_DEBUG"
# A program is over before its garbage matters: looking for it 200 times less often saves a tenth of its processor time.
GARBAGE_THRESHOLD = 150_000
AROUND = re.compile(r"^Awaitable|InitArgs$|Args$|Result$|_output$")
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def apply() -> None:
    """
    All parts; safe to repeat.
    """
    gc.set_threshold(GARBAGE_THRESHOLD)
    for name in PACKAGES:
        load_by_need(name)
    if not os.environ.get(KEEP_DEBUG):
        pulumi.log.debug = _say_nothing
    registering._get_source_position_for_frame = _position
    patient = ModuleType("asyncio")
    vars(patient).update(vars(asyncio), wait=_wait)
    vars(ending)["asyncio"] = patient
    # Settings' models: pydantic would look through all installed packages for plugins of its own.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def load_by_need(name: str) -> None:
    """
    Let a generated SDK import only the modules whose classes are used. `import pulumi_docker` alone runs 28,000 lines.

    The package's `__init__`, which imports everything, does not run; it would also register classes for outputs that are
    resources, which these providers have none of. One that is imported already stays as it is.
    """
    if name in sys.modules:
        return
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    package = ModuleType(name)
    package.__path__ = list(found.submodule_search_locations)
    package.__spec__ = found
    package.__file__ = found.origin
    package.__getattr__ = functools.partial(_from_its_module, package)  # type: ignore[method-assign]  # PEP 562
    sys.modules[name] = package


def _from_its_module(package: ModuleType, attribute: str) -> Any:
    """
    A class or function from the module that is called like it: `NetworkSubnet` and `NetworkSubnetArgs` are in network_subnet,
    `get_image` and `GetImageResult` in get_image, and the types of properties in _inputs.
    Functions that are no data sources are not found: Flotilla uses none.
    """
    own_module = WORDS.sub("_", AROUND.sub("", attribute)).lower()
    # Anything else in lower case is a module, which Python imports itself once it finds no attribute of that name.
    names = (own_module, "_inputs") if attribute[:1].isupper() or attribute.startswith("get_") else ()
    for name in names:
        if (Path(package.__path__[0]) / f"{name}.py").is_file():
            value = vars(importlib.import_module(f"{package.__name__}.{name}")).get(attribute)
            if value is not None:
                setattr(package, attribute, value)
                return value
    raise AttributeError(f"module {package.__name__!r} has no attribute {attribute!r}")


def _say_nothing(*_: object, **__: object) -> None:
    """
    In the place of the SDK's debug messages, five for each resource: every one is a call to the engine that the program waits
    for, and the engine throws it away unless `--debug` was given. Set FLOTILLA_SDK_DEBUG=1 to have them.
    """


@functools.cache
def _uri(file: str) -> str | None:
    try:
        return Path(file).as_uri()
    except ValueError:  # not a file: `<frozen runpy>`
        return None


def _position(frame: Any) -> Any:
    """
    As the SDK's own, which builds the same few URIs anew for each of some twenty frames of each resource.
    """
    uri = _uri(frame.filename)
    if uri is None or frame.lineno is None:
        return None
    return source_pb2.SourcePosition(uri=uri, line=frame.lineno)


async def _wait(tasks: Iterable[asyncio.Future[Any]], *, return_when: str) -> tuple[set[Any], set[Any]]:
    """
    Until all are done or one has failed, in the place of until the first is done: at the end of a program the SDK waits for its
    outputs one by one and looks at all the others each time, which takes seconds with a thousand resources.
    """
    first_failure = asyncio.FIRST_EXCEPTION if return_when == asyncio.FIRST_COMPLETED else return_when
    return await asyncio.wait(tasks, return_when=first_failure)
