"""
As much of JSON Schema (draft 7) as our schemas use. An unknown keyword is an error, so that nothing is skipped silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}
NOTES = {"$schema", "$defs", "description", "examples", "default", "format"}


def errors(schema: Any, value: Any, root: Any, path: str = "") -> Iterator[str]:
    """What is wrong with a value, each with its path."""
    if "$ref" in schema:
        schema = {
            **root["$defs"][schema["$ref"].removeprefix("#/$defs/")],
            **{key: schema[key] for key in schema.keys() - {"$ref"}},
        }
    for keyword, wanted in schema.items():
        if keyword in NOTES or keyword in ("then", "patternProperties", "additionalProperties", "properties"):
            continue
        yield from _check(keyword, wanted, schema, value, root, path)
    if isinstance(value, dict):
        yield from _check_keys(schema, value, root, path)


def is_valid(schema: Any, value: Any, root: Any) -> bool:
    """Whether nothing is wrong."""
    return not any(errors(schema, value, root))


def _check_keys(schema: Any, value: dict[str, Any], root: Any, path: str) -> Iterator[str]:
    for key, inner in value.items():
        matching = [part for name, part in schema.get("properties", {}).items() if name == key]
        matching += [part for pattern, part in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
        if not matching:
            rest = schema.get("additionalProperties", True)
            if rest is False:
                yield f"{path}.{key}: unknown"
            elif rest is not True:
                matching = [rest]
        for part in matching:
            yield from errors(part, inner, root, f"{path}.{key}")


def _check(keyword: str, wanted: Any, schema: Any, value: Any, root: Any, path: str) -> Iterator[str]:
    wrong = False
    match keyword:
        case "type":
            wrong = not isinstance(value, TYPES[wanted]) or (isinstance(value, bool) and wanted != "boolean")
        case "enum":
            wrong = value not in wanted
        case "const":
            wrong = value != wanted
        case "pattern":
            wrong = isinstance(value, str) and re.search(wanted, value) is None
        case "minimum" | "maximum":
            sign = 1 if keyword == "minimum" else -1
            wrong = isinstance(value, int | float) and sign * (value - wanted) < 0
        case "minLength" | "minItems" | "minProperties":
            wrong = isinstance(value, str | list | dict) and len(value) < wanted
        case "maxLength" | "maxItems":
            wrong = isinstance(value, str | list) and len(value) > wanted
        case "required":
            wrong = isinstance(value, dict) and not set(wanted) <= value.keys()
        case "items":
            for index, inner in enumerate(value if isinstance(value, list) else ()):
                yield from errors(wanted, inner, root, f"{path}[{index}]")
        case "propertyNames":
            for key in value if isinstance(value, dict) else ():
                yield from errors(wanted, key, root, f"{path}.{key}")
        case "anyOf":
            wrong = not any(is_valid(part, value, root) for part in wanted)
        case "oneOf":
            wrong = sum(is_valid(part, value, root) for part in wanted) != 1
        case "allOf":
            for part in wanted:
                yield from errors(part, value, root, path)
        case "not":
            wrong = is_valid(wanted, value, root)
        case "if":
            if is_valid(wanted, value, root):
                yield from errors(schema["then"], value, root, path)
        case _:
            raise AssertionError(f"{path}: our schemas use `{keyword}`, which this check does not know")
    if wrong:
        yield f"{path}: {keyword}"
