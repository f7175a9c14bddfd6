"""
The reference of every setting, from the models' own descriptions: `python -m settings.reference` writes docs/settings.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from settings.environment import Environment
from settings.model import Model
from settings.project import Project
from settings.release import Releases

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

INTRODUCTION = """\
# Settings

Written by `python -m settings.reference` from the models in `settings/`: edit those, not this page.

What people write is checked as a whole before anything is touched: every mistake in every file is shown at once, with its
file, line and path. Files are UTF-8 YAML 1.2 without anchors or tags; an unknown key is a mistake. Names are a letter, then at
most 39 of `a-z`, `0-9` and `-`.
"""

PARTS: tuple[tuple[str, type[Model]], ...] = (
    ("The environment: `Pulumi.<stack>.yaml`, under `config:` as `flotilla:environment`", Environment),
    ("A project: `projects/<name>.yaml`", Project),
    ("Releases: `releases/<stack>.yaml`, written by `flotilla`", Releases),
)


def render_reference() -> str:
    """
    The whole page.
    """
    return INTRODUCTION + "".join(_part(heading, model) for heading, model in PARTS)


def _part(heading: str, model: type[Model]) -> str:
    schema = model.model_json_schema()
    rows = "\n".join(_rows(schema, schema.get("$defs", {}), ""))
    return f"\n## {heading}\n\n| key | value | default | meaning |\n|---|---|---|---|\n{rows}\n"


def _rows(schema: dict[str, Any], models: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        default = "required" if name in schema.get("required", ()) else _default(field.get("default"))
        meaning = {**_resolve(field, models), **field}["description"]
        yield f"| `{path}` | {_value(field, models)} | {default} | {meaning} |"
        inner, step = _inner(field, models)
        if inner is not None:
            yield from _rows(inner, models, f"{path}{step}.")


def _inner(field: dict[str, Any], models: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """
    The model inside a field, and how its place is written after the field's name.
    """
    for variant in (field, *field.get("anyOf", ())):
        if "$ref" in variant:
            return _resolve(variant, models), ""
        for contents, step in ((variant.get("items", {}), "[]"), (_contents(variant), ".<name>")):
            if "$ref" in contents:
                return _resolve(contents, models), step
    return None, ""


def _contents(schema: dict[str, Any]) -> dict[str, Any]:
    """
    What a mapping with free keys holds; empty for anything else.
    """
    free = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
    return next((contents for contents in free if contents), {})


def _resolve(schema: dict[str, Any], models: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    resolved: dict[str, Any] = models[reference.rpartition("/")[2]] if reference else schema
    return resolved


def _value(field: dict[str, Any], models: dict[str, Any]) -> str:
    variants = [variant for variant in field.get("anyOf", [field]) if variant.get("type") != "null"]
    return " or ".join(_kind(_resolve(variant, models), models) for variant in variants)


def _kind(schema: dict[str, Any], models: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    match schema.get("type"):
        case "array":
            return f"list: {_value(schema['items'], models)}"
        case "object":
            contents = _contents(schema)
            return f"by name: {_value(contents, models)}" if contents else "keys below"
        case "integer" | "number":
            whole = "whole number" if schema["type"] == "integer" else "number"
            return f"{whole}, {schema['minimum']} to {schema['maximum']}"
        case "boolean":
            return "`true` or `false`"
        case "string" if schema.get("format") == "date-time":
            return "time with zone"
    return f"text like `{schema['examples'][0]}`" if "examples" in schema else "text"


def _default(value: Any) -> str:
    if value is None or value in ([], {}):
        return "none"
    return f"`{json.dumps(value).strip(chr(34))}`"


if __name__ == "__main__":
    PAGE.write_text(render_reference(), encoding="utf-8")
