"""
Tables that translate between a type's properties and Docker's API objects, in both directions.

`render` makes the API object that the properties ask for. `flatten` makes properties of an API object in normal form: what has
its default value is left out, sets are sorted. So two API objects mean the same exactly when their flat forms are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandbox.plugins.docker.durations import to_ns, to_text
from sandbox.plugins.provider import Properties


@dataclass(frozen=True)
class Kind:
    """
    How one value is translated.
    """

    to_api: Callable[[Any], Any]
    to_property: Callable[[Any], Any]


@dataclass(frozen=True)
class Field:
    """
    One property and its place in the API object (`File.Name` is nested). `default` is sent where the property is not given.
    """

    property: str
    place: str
    kind: Kind
    default: Any = None


def render(fields: Sequence[Field], properties: Mapping[str, Any]) -> dict[str, Any]:
    """
    The API object for some properties.
    """
    api: dict[str, Any] = {}
    for field in fields:
        value = properties.get(field.property, field.default)
        if value is not None:
            _put(api, field.place.split("."), field.kind.to_api(value))
    return api


def flatten(fields: Sequence[Field], api: Mapping[str, Any]) -> Properties:
    """
    The properties of an API object, without what is as it would be anyway.
    """
    found: Properties = {}
    for field in fields:
        raw = _get(api, field.place.split("."))
        value = None if raw is None else field.kind.to_property(raw)
        if value in (None, "", [], {}) or value == field.default or (field.default is None and not value):
            continue
        found[field.property] = value
    return found


def _put(api: dict[str, Any], place: Sequence[str], value: Any) -> None:
    for key in place[:-1]:
        api = api.setdefault(key, {})
    api[place[-1]] = value


def _get(api: Any, place: Sequence[str]) -> Any:
    for key in place:
        api = api.get(key) if isinstance(api, Mapping) else None
    return api


def _same(value: Any) -> Any:
    return value


def _labels_to_api(labels: list[dict[str, str]]) -> dict[str, str]:
    return {item["label"]: item["value"] for item in labels}


def _labels_to_property(labels: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"label": key, "value": labels[key]} for key in sorted(labels) if key != OWNER_LABEL]


def _pairs_to_api(pairs: list[str]) -> dict[str, str]:
    return dict(pair.partition("=")[::2] for pair in pairs)


def _pairs_to_property(pairs: Mapping[str, str]) -> list[str]:
    return sorted(f"{key}={value}" for key, value in pairs.items())


def _env_to_api(env: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in env.items()]


def _env_to_property(env: list[str]) -> dict[str, str]:
    return dict(item.partition("=")[::2] for item in env)


def _capability(name: str) -> str:
    name = name.upper()
    return name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}"


def nested(fields: Sequence[Field]) -> Kind:
    """
    An object with its own table.
    """
    return Kind(lambda value: render(fields, value), lambda value: flatten(fields, value))


def listed(fields: Sequence[Field], *, is_set: bool = False) -> Kind:
    """
    A list of objects; of a set, the order means nothing.
    """

    def to_property(items: list[dict[str, Any]]) -> list[Properties]:
        flat = [flatten(fields, item) for item in items]
        return sorted(flat, key=repr) if is_set else flat

    return Kind(lambda items: [render(fields, item) for item in items], to_property)


OWNER_LABEL: Final = "flotilla.urn"
"""The URN that an object was made for. Never shown as a property."""

PLAIN: Final = Kind(_same, _same)
STRINGS: Final = Kind(list, list)
STRING_SET: Final = Kind(list, sorted)
DURATION: Final = Kind(to_ns, to_text)
RATIO: Final = Kind(float, lambda value: f"{float(value):.3g}" if value else "0.0")
LABELS: Final = Kind(_labels_to_api, _labels_to_property)
PAIRS: Final = Kind(_pairs_to_api, _pairs_to_property)
ENV: Final = Kind(_env_to_api, _env_to_property)
MAP: Final = Kind(dict, dict)
CAPABILITIES: Final = Kind(list, lambda names: sorted(_capability(name) for name in names))
