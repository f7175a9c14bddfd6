"""
Between the engine's protobuf values and what rules see.

One walk over the message: the library's way, through JSON and two layers of proxies, costs eight times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

from policies.framework.values import UNKNOWN, Secret

# The engine's marks, from sdk/go/common/resource/properties.go and plugin/rpc.go; a test holds them against the library's.
UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_TEXTS = frozenset(
    (
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # a mapping
    )
)
SIGNATURE = "4dabf18193072939515e22adb298388d"  # the key in a mapping that says what the mapping stands for
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of one


def properties(message: struct_pb2.Struct) -> dict[str, Any]:
    """
    A message's properties.
    """
    return {key: _value(value) for key, value in message.fields.items()}


def _value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in UNKNOWN_TEXTS else text
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
            return _secret(_value(fields["value"]))
        return {key: _value(entry) for key, entry in fields.items()}
    if kind == "list_value":
        return [_value(entry) for entry in value.list_value.values]
    if kind == "number_value":
        return whole(value.number_value)
    return value.bool_value if kind == "bool_value" else None


def whole(value: Any) -> Any:
    """
    The value with 22 in place of 22.0: the protocol knows no whole numbers.
    """
    if isinstance(value, dict):
        return {key: whole(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [whole(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _secret(value: Any) -> Any:
    """
    The value with every text in it marked as secret.
    """
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, dict):
        return {key: _secret(entry) for key, entry in value.items()}
    return [_secret(entry) for entry in value] if isinstance(value, list) else value


def with_changes(message: struct_pb2.Struct, changes: Mapping[str, Any]) -> struct_pb2.Struct:
    """
    A copy of the message with these properties set; all others stay as they are, unknown or secret.
    """
    changed = struct_pb2.Struct()
    changed.CopyFrom(message)
    changed.update({name: encoded(value) for name, value in changes.items()})
    return changed


def encoded(value: Any) -> Any:
    """
    A rule's value as the engine writes it.
    """
    if value is UNKNOWN:
        return UNKNOWN_STRING
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, "value": str(value)}
    if isinstance(value, Mapping):
        return {key: encoded(entry) for key, entry in value.items()}
    return [encoded(entry) for entry in value] if isinstance(value, list | tuple) else value


class Late(Mapping[str, Any]):
    """
    Properties that are read when a rule looks at them for the first time: most never are.
    """

    def __init__(self, read: Callable[[], Mapping[str, Any]]) -> None:
        self._read: Callable[[], Mapping[str, Any]] | None = read
        self._properties: Mapping[str, Any] = {}

    def _known(self) -> Mapping[str, Any]:
        if self._read is not None:
            self._properties, self._read = self._read(), None
        return self._properties

    def __getitem__(self, key: str) -> Any:
        return self._known()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())
