"""
The reference of every setting, from the models' own descriptions: `python -m settings.reference` writes docs/settings.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from settings import capacity
from settings.environment import Environment, Role
from settings.model import Model
from settings.project import Project
from settings.release import Releases

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

INTRODUCTION = """\
# Settings

Written by `python -m settings.reference` from the models in `settings/`: edit those, not this page.

What people write is checked as a whole before anything is touched: every mistake in every file is shown at once, with its
file, line and path. `flotilla settings check` does the same without the engine. Files are UTF-8 YAML 1.2 without anchors or
tags; an unknown key is a mistake. Names are a letter, then at most 39 of `a-z`, `0-9` and `-`.

`flotilla settings schema` writes JSON Schemas to `docs/schema/`, with which editors complete and check while one types. A file
names its own in a line of its own:

    # yaml-language-server: $schema=docs/schema/stack.json          in Pulumi.<stack>.yaml
    # yaml-language-server: $schema=../docs/schema/project.json     in projects/<name>.yaml

## The language of documents

`flotilla:language` beside `flotilla:environment` is `en` or `fr`: what `flotilla docs` writes about the environment is in that
language. Without it, English.

    config:
      flotilla:language: fr

## What has to fit together

- Each host name belongs to one process, and to one of the environment's zones.
- Projects need servers with the role `app`, those that answer requests also `ingress`, databases `db`; the sections `backup`
  and `monitoring` need servers with these roles, and the other way round.
- Memory is counted as it is during a release: every container with what it reserves, or else with its limit, and the largest
  release twice, because it starts before the last one ends (not with `recreate`; jobs once). Each server keeps {system} MB for
  the system, {ingress} MB for the role `ingress`, {monitoring} MB for `monitoring`, {backup} MB for `backup`, and
  {database} percent of its memory for `db`. What has volumes is on one server and has to fit there.
- Databases have together at most {connections} connections per GB of memory of the first server with the role `db`, less
  {reserved} for administrators.
- The ranges of the network, its subnets, its routes and the containers' overlay do not overlap.

## Secrets

Values are in `Pulumi.<stack>.yaml` under `flotilla:secrets`, encrypted by Pulumi, and nowhere else. A process declares by name
what it needs in `secrets`; a receiver of alerts names its address:

    flotilla secrets set projects.ledger.SESSION_KEY -s production
    flotilla secrets set notifications.ops -s production

A registry that asks who pulls from it has the environment's `registry_user`, and this password:

    flotilla secrets set registry -s production

Passwords and keys of databases and backups are derived from one more, the environment's `key`. Nobody has to see it, but keep a
copy where no server is: with it, backups can be read when everything else is gone.

    openssl rand -base64 48 | flotilla secrets set key -s production

The command asks for the value at a terminal, and reads it from standard input elsewhere. Each secret has a record of the day on
which it was set, which `pulumi config set --secret` does not write: see docs/security.md.

    flotilla secrets list -s production

## What differs between environments

`environments` in a project's file lists where the project lives, and what is different there. Blocks are merged key by key,
lists and single values are replaced, and `null` removes what is optional. Every listed environment is checked, not only the
selected one:

    environments:
      production: {{}}
      staging:
        replicas: 1
        limits: {{memory_mb: 128}}
"""

PARTS: tuple[tuple[str, type[Model]], ...] = (
    ("The environment: `Pulumi.<stack>.yaml`, under `config:` as `flotilla:environment`", Environment),
    ("A project: `projects/<name>.yaml`", Project),
    ("Releases: `releases/<stack>.yaml`, written by `flotilla`", Releases),
)
# Keys that come first in the page, wherever they are inherited.
FIRST = ("name", "owner")
# A block whose keys are those that were listed before.
AS_ABOVE = "processes"


def render_reference() -> str:
    """
    The whole page.
    """
    introduction = INTRODUCTION.format(
        system=capacity.SYSTEM_MB,
        ingress=capacity.ROLE_MB[Role.INGRESS],
        monitoring=capacity.ROLE_MB[Role.MONITORING],
        backup=capacity.ROLE_MB[Role.BACKUP],
        database=round(capacity.DATABASE_SHARE * 100),
        connections=capacity.CONNECTIONS_PER_GB,
        reserved=capacity.RESERVED_CONNECTIONS,
    )
    return introduction + "".join(_part(heading, model) for heading, model in PARTS)


def _part(heading: str, model: type[Model]) -> str:
    schema = model.model_json_schema()
    first = {key: part for key, part in schema["properties"].items() if key in FIRST}
    schema["properties"] = {**first, **schema["properties"]}
    rows = "\n".join(_rows(schema, schema.get("$defs", {}), ""))
    return f"\n## {heading}\n\n| key | value | default | meaning |\n|---|---|---|---|\n{rows}\n"


def _rows(schema: dict[str, Any], models: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        default = "required" if name in schema.get("required", ()) else _default(field.get("default"))
        meaning = {**_resolve(field, models), **field}["description"]
        yield f"| `{path}` | {_value(field, models)} | {default} | {meaning} |"
        inner, step = _inner(field, models)
        if inner is not None and name != AS_ABOVE:
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
    return next((contents for contents in free if isinstance(contents, dict)), {})


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
            if "properties" in schema:
                return "keys below"
            return f"by name: {_value(contents, models)}" if contents else "any of the keys here"
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
    return "see below" if isinstance(value, dict) else f"`{json.dumps(value).strip(chr(34))}`"


if __name__ == "__main__":
    PAGE.write_text(render_reference(), encoding="utf-8")
