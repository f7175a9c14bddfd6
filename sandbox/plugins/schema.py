"""
Checks inputs against what the SDK's types accept: unknown and missing properties, and types, with the coercions of bridged
providers ("12" where a number is wanted, 12 where a string is).
"""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

from sandbox.plugins.provider import UNKNOWN, Failure, Properties
from sandbox.plugins.values import Archive, Asset

FOLDER: Final = Path(__file__).parent / "schemas"
BOOLEANS: Final = {"true": True, "false": False}


class Schema:
    """
    The committed schema of one plugin.
    """

    def __init__(self, document: Properties) -> None:
        self.name: str = document["name"]
        self.version: str = document["version"]
        self._document = document

    def has(self, section: str, token: str) -> bool:
        """
        Whether a token is in a section, `resources` or `functions`.
        """
        return token in self._document[section]

    def outputs(self, token: str, computed: Collection[str]) -> list[str]:
        """
        The properties of a resource type's state that are not just its inputs; `computed` names inputs that may be filled in.
        """
        entry = self._document["resources"][token]
        return [key for key in entry["outputs"] if key not in entry["inputs"] or key in computed]

    def inputs(self, token: str) -> list[str]:
        """
        Every input a resource type accepts.
        """
        return list(self._document["resources"][token]["inputs"])

    def package(self) -> str:
        """
        The answer to GetSchema: name and version. The types are in the SDK, and no code is generated from a stand-in.
        """
        return json.dumps({"name": self.name, "version": self.version})

    def check(self, section: str, token: str, inputs: Properties) -> tuple[Properties, list[Failure]]:
        """
        The inputs with types coerced, and what is wrong with them.
        """
        failures: list[Failure] = []
        entry = self._document[section][token]
        checked = self._object(entry, inputs, "", failures)
        return checked, failures

    def config(self, values: Properties) -> tuple[Properties, list[Failure]]:
        """
        A provider's configuration; what is not a string arrives as JSON text.
        """
        parsed: Properties = {}
        types = self._document["config"]
        for key, value in values.items():
            parsed[key] = _parse_json(value) if types.get(key) != "string" else value
        failures: list[Failure] = []
        known = {key: value for key, value in parsed.items() if key not in ("version", "pluginDownloadURL")}
        return self._object({"inputs": types, "required": []}, known, "", failures), failures

    def _object(self, entry: Properties, values: Properties, path: str, failures: list[Failure]) -> Properties:
        types, checked = entry["inputs"], {}
        for key in entry["required"]:
            if values.get(key) is None:
                failures.append(_failure(_join(path, key), "is required but was not given", "Add it"))
        for key, value in values.items():
            if key in types:
                checked[key] = self._value(types[key], value, _join(path, key), failures)
            else:
                failures.append(_failure(_join(path, key), "is not a property of this type", _suggestion(key, types)))
        return checked

    def _value(self, kind: Any, value: Any, path: str, failures: list[Failure]) -> Any:
        if value is UNKNOWN or kind == "any":
            return value
        if isinstance(kind, str):
            return _scalar(kind, value, path, failures)
        ((form, inner),) = kind.items()
        if form == "list" and isinstance(value, list):
            return [self._value(inner, item, f"{path}[{index}]", failures) for index, item in enumerate(value)]
        if form == "map" and isinstance(value, dict):
            return {key: self._value(inner, item, _join(path, key), failures) for key, item in value.items()}
        if form == "object" and isinstance(value, dict):
            return self._object(self._document["types"][inner], value, path, failures)
        if form == "union":
            return self._union(inner, value, path, failures)
        wanted = {"list": "a list", "map": "a map", "object": "an object"}[form]
        failures.append(_failure(path, f"must be {wanted}, and a {type(value).__name__} was given", "Change it"))
        return value

    def _union(self, kinds: list[Any], value: Any, path: str, failures: list[Failure]) -> Any:
        for kind in kinds:
            attempt: list[Failure] = []
            checked = self._value(kind, value, path, attempt)
            if not attempt:
                return checked
        failures.append(
            _failure(path, f"has none of the types it may have, and a {type(value).__name__} was given", "Change it")
        )
        return value


@functools.cache
def load(name: str) -> Schema:
    """
    The schema of a plugin.
    """
    return Schema(json.loads((FOLDER / f"{name}.json").read_text()))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _failure(path: str, fact: str, advice: str) -> Failure:
    return Failure(property=path, reason=f"{path}: {fact}. Nothing was changed. {advice}.")


def _suggestion(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"Did you mean {near[0]}" if near else f"Remove it, or use one of: {', '.join(sorted(known))}"


def _scalar(kind: str, value: Any, path: str, failures: list[Failure]) -> Any:
    coerced = _coerce(kind, value)
    if coerced is None:
        failures.append(_failure(path, f"must be of type {kind}, and a {type(value).__name__} was given", "Change it"))
        return value
    return coerced


def _coerce(kind: str, value: Any) -> Any:
    """
    The value as the type wants it, or None where it is not that type.
    """
    if kind == "asset":
        return value if isinstance(value, Asset | Archive) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else BOOLEANS.get(str(value))
    if isinstance(value, bool):
        return str(value).lower() if kind == "string" else None
    if kind == "string":
        return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else None
    return _number(kind, value)


def _number(kind: str, value: Any) -> int | float | None:
    if not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if number.is_integer():
        return int(number)
    return number if kind == "number" else None


def _parse_json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
