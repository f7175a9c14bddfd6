"""
Reads a plugin's schema off its SDK's Python types. Slow, as it imports the whole SDK: for generating and the freshness test.

A type is written as a word (`string`, `integer`, `number`, `boolean`, `asset`, `any`), as `{"list": T}`, `{"map": T}`,
`{"object": "<name in types>"}` or `{"union": [T, ...]}`.
"""

from __future__ import annotations

import collections.abc
import enum
import importlib
import importlib.metadata
import inspect
import json
import pkgutil
import re
import sys
import typing
from types import ModuleType
from typing import Any

from sandbox.plugins.provider import Provider

importlib.import_module("pulumi")  # the real one, before `toolchain.protocol` can put a bare package in its place

Schema = dict[str, Any]

WORDS = {str: "string", int: "integer", float: "number", bool: "boolean", object: "any"}


def render(schema: Schema) -> str:
    """
    The schema as it is committed.
    """
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def describe(provider: type[Provider]) -> Schema:
    """
    The schema of everything a provider serves, from the SDK `pulumi_<name>` that is installed.
    """
    sdk = importlib.import_module(f"pulumi_{provider.name}")
    reader = _Reader()
    config = reader.inputs(_args_class(sdk.Provider))
    classes = _resource_classes(sdk)
    resources = {kind.token: reader.resource(classes[kind.token]) for kind in provider.resources}
    functions = {kind.token: reader.function(_function(sdk, kind.token)) for kind in provider.functions}
    return {
        "name": provider.name,
        "version": importlib.metadata.version(f"pulumi_{provider.name}"),
        "config": config["inputs"],
        "resources": resources,
        "functions": functions,
        "types": reader.types,
    }


class _Reader:
    """
    Collects the nested types met on the way.
    """

    def __init__(self) -> None:
        self.types: Schema = {}

    def resource(self, kind: type) -> Schema:
        return {**self.inputs(_args_class(kind)), "outputs": sorted(_sdk_types().resource_types(kind))}

    def inputs(self, kind: type) -> Schema:
        names = _sdk_types().input_type_py_to_pulumi_names(kind)
        hints = _sdk_types().input_type_types(kind)
        parameters = inspect.signature(kind).parameters
        required = [names[name] for name, item in parameters.items() if name in names and item.default is item.empty]
        return {"inputs": {key: self.word(hint) for key, hint in hints.items()}, "required": sorted(required)}

    def function(self, function: Any) -> Schema:
        source = inspect.getsource(function)
        names = {python: wire for wire, python in re.findall(r"__args__\['(\w+)'\] = (\w+)", source)}
        hints = typing.get_type_hints(function, vars(sys.modules[function.__module__]))
        parameters = inspect.signature(function).parameters
        required = [names[name] for name, item in parameters.items() if name in names and item.default is item.empty]
        return {"inputs": {wire: self.word(hints[python]) for python, wire in names.items()}, "required": sorted(required)}

    def word(self, hint: Any) -> Any:
        """
        One type in the schema's notation.
        """
        if hint in WORDS:
            return WORDS[hint]
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is collections.abc.Sequence:
            return {"list": self.word(arguments[0])}
        if origin is collections.abc.Mapping:
            return {"map": self.word(arguments[1])}
        if arguments and origin not in (collections.abc.Awaitable,):
            return self._union(arguments)
        return self._named(hint)

    def _union(self, members: tuple[Any, ...]) -> Any:
        words: list[Any] = []
        for member in members:
            word = None if _is_noise(member) else self.word(member)
            if word is not None and word not in words:
                words.append(word)
        objects = [word for word in words if isinstance(word, dict) and "object" in word]
        if objects:
            return objects[0]
        return words[0] if len(words) == 1 else {"union": words}

    def _named(self, hint: Any) -> Any:
        if hint is Any:
            return "any"
        if inspect.isclass(hint) and issubclass(hint, enum.Enum):
            return "string"
        if _sdk_types().is_input_type(hint):
            if hint.__name__ not in self.types:
                self.types[hint.__name__] = {}
                self.types[hint.__name__] = self.inputs(hint)
            return {"object": hint.__name__}
        if inspect.isclass(hint) and hint.__module__ in ("pulumi.asset", "pulumi"):
            return "asset"
        raise TypeError(f"the schema notation has no word for {hint!r}")


def _is_noise(member: Any) -> bool:
    """
    Whether a member of a union says nothing about the value: None, the async wrappers, and the dict twins of input types.
    """
    if member is type(None) or typing.is_typeddict(member) or _sdk_types().is_output_type(member):
        return True
    wrapper = typing.get_origin(member) or member
    return getattr(wrapper, "__name__", "") in ("Awaitable", "Output")


def _args_class(kind: type) -> type:
    """
    The class of a resource's arguments: the one public input type defined beside it.
    """
    module = sys.modules[kind.__module__]
    found = [
        item
        for name, item in vars(module).items()
        if inspect.isclass(item)
        and not name.startswith("_")
        and _sdk_types().is_input_type(item)
        and item.__module__ == module.__name__
    ]
    (only,) = found
    return only


def _resource_classes(sdk: ModuleType) -> dict[str, Any]:
    packages = [item.name for item in pkgutil.iter_modules(sdk.__path__) if item.ispkg]
    modules = [sdk, *(importlib.import_module(f"{sdk.__name__}.{name}") for name in packages)]
    found = (item for module in modules for item in _public_classes(module))
    return {item.pulumi_type: item for item in found if isinstance(getattr(item, "pulumi_type", None), str)}


def _public_classes(module: ModuleType) -> list[Any]:
    getattr(module, "loaded", None)  # the SDK's subpackages load at the first attribute asked of them
    return [item for item in vars(module).values() if inspect.isclass(item)]


def _function(sdk: ModuleType, token: str) -> Any:
    """
    The SDK's function for a token such as `hcloud:index/getImage:getImage` or `command:local:run`.
    """
    _, place, name = token.split(":")
    package = place.partition("/")[0]
    parent = sdk.__name__ if package == "index" else f"{sdk.__name__}.{package}"
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return getattr(importlib.import_module(f"{parent}.{snake}"), snake)


def _sdk_types() -> Any:
    return importlib.import_module("pulumi._types")
