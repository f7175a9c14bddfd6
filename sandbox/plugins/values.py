"""
Properties on the wire (protobuf structs with signed maps) and as plain Python values.

Secrets are tracked by top-level property: one secret anywhere inside makes the whole property secret on the way out. Nulls in
objects mean absent and are dropped. Resource references become ids and output values what is inside them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.plugins.provider import UNKNOWN, Properties
from sandbox.plugins.wire import struct_pb2

# The signatures of Pulumi's wire format. Source: sdk/python/lib/pulumi/runtime/rpc.py, v3.259.0.
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# Source: sdk/go/common/resource/plugin/rpc.go, v3.259.0: one for each type a value would have.
UNKNOWN_SIGNS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
INTERNAL_PREFIX: Final = "__"
EMPTY_HASH: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, kw_only=True)
class Asset:
    """
    A file given as `text`, as a `path` on this machine, or as a `uri`; `hash` is the engine's SHA-256 of the content.
    """

    text: str | None = None
    path: str | None = None
    uri: str | None = None
    hash: str | None = None


@dataclass(frozen=True, kw_only=True)
class Archive:
    """
    A set of files: `assets` by name, or a `path` (folder, tar or zip), or a `uri`.
    """

    assets: Mapping[str, Any] | None = None
    path: str | None = None
    uri: str | None = None
    hash: str | None = None


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """
    A struct as plain values; `secrets` are the top-level properties with a secret inside, `internal` what starts with `__`.
    """

    values: Properties
    secrets: frozenset[str] = frozenset()
    internal: Properties = field(default_factory=dict)


def decode(struct: Any) -> Decoded:
    """
    Read a protobuf Struct of properties.
    """
    values: Properties = {}
    internal: Properties = {}
    secrets = set()
    for key, value in struct.fields.items():
        reader = _Reader()
        plain = reader.read(value)
        if plain is None:
            continue
        if key.startswith(INTERNAL_PREFIX):
            internal[key] = plain
            continue
        values[key] = plain
        if reader.is_secret:
            secrets.add(key)
    return Decoded(values=values, secrets=frozenset(secrets), internal=internal)


def encode(values: Mapping[str, Any], secrets: Iterable[str] = ()) -> Any:
    """
    Write properties as a protobuf Struct; those named in `secrets` are wrapped as secrets.
    """
    hidden = frozenset(secrets)
    struct = struct_pb2.Struct()
    for key, value in values.items():
        if value is None:
            continue
        target = struct.fields[key]
        if key in hidden:
            inner = target.struct_value.fields
            inner[SIGNATURE].string_value = SECRET
            target = inner["value"]
        _write(value, target)
    return struct


class _Reader:
    """
    Reads one value and remembers whether a secret was inside.
    """

    def __init__(self) -> None:
        self.is_secret = False

    def read(self, value: Any) -> Any:
        kind = value.WhichOneof("kind")
        if kind == "string_value":
            return UNKNOWN if value.string_value in UNKNOWN_SIGNS else value.string_value
        if kind == "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        if kind == "bool_value":
            return value.bool_value
        if kind == "list_value":
            return [self.read(item) for item in value.list_value.values]
        if kind == "struct_value":
            return self._read_object(value.struct_value.fields)
        return None

    def _read_object(self, fields: Mapping[str, Any]) -> Any:
        signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
        if signature == SECRET:
            self.is_secret = True
            return self.read(fields["value"])
        if signature == OUTPUT:
            if "secret" in fields and fields["secret"].bool_value:
                self.is_secret = True
            return self.read(fields["value"]) if "value" in fields else UNKNOWN
        if signature == RESOURCE:
            return (self.read(fields["id"]) or UNKNOWN) if "id" in fields else self.read(fields["urn"])
        plain = {key: self.read(item) for key, item in fields.items() if key != SIGNATURE}
        if signature == ASSET:
            return Asset(**_given(plain, "text", ""))
        if signature == ARCHIVE:
            return Archive(**_given(plain, "assets", {}))
        return {key: item for key, item in plain.items() if item is not None}


def _given(plain: Properties, content: str, empty: Any) -> Properties:
    """
    What an asset or archive is made of. The engine writes "" for what is absent, and of recorded ones sometimes only the hash.
    """
    given = {key: plain.get(key) or None for key in (content, "path", "uri", "hash")}
    if not given["path"] and not given["uri"] and given["hash"] in (None, EMPTY_HASH):
        given[content] = plain.get(content) or empty
    return given


def _write(value: Any, target: Any) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif value is UNKNOWN:
        target.string_value = UNKNOWN_STRING
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for item in value:
            _write(item, target.list_value.values.add())
    else:
        _write_object(_signed(value), target)


def _signed(value: Any) -> Mapping[str, Any]:
    """
    The object a value travels as; raises TypeError for what cannot travel.
    """
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Asset | Archive):
        sign = ASSET if isinstance(value, Asset) else ARCHIVE
        given = {key: item for key, item in vars(value).items() if item is not None}
        return {SIGNATURE: sign, **given}
    raise TypeError(f"a property cannot hold a {type(value).__name__}")


def _write_object(fields: Mapping[str, Any], target: Any) -> None:
    target.struct_value.SetInParent()
    for key, item in fields.items():
        if item is not None:
            _write(item, target.struct_value.fields[str(key)])
