"""
JSON Schemas of the files that people write, for editors: completion, descriptions, and mistakes while typing.

They come from the models, and say whatever JSON Schema can say; what has to fit together across keys and files is said by
`flotilla settings check`. Written by `flotilla settings schema` into docs/schema/, where a file points to its own:

    # yaml-language-server: $schema=../docs/schema/project.json
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from settings.environment import Environment
from settings.kinds import NEEDED_BY, USED_BY
from settings.language import DEFAULT, LANGUAGES
from settings.overrides import ENVIRONMENTS, FIXED
from settings.process import Kind
from settings.project import Project
from settings.release import Releases
from settings.secret_records import DIGEST
from settings.secrets import ENCRYPTED, KEY, NOTIFICATIONS, OFFSITE, OFFSITE_NAMES, PROJECTS, REGISTRY
from settings.values import ENVIRONMENT_VARIABLE_PATTERN, NAME_PATTERN

Schema = dict[str, Any]

FOLDER = Path("docs") / "schema"
# Keywords of this draft only: what editors know.
DRAFT = "http://json-schema.org/draft-07/schema#"
PARTIAL = "Override"
LANGUAGE: Schema = {"enum": [*LANGUAGES], "default": DEFAULT, "description": "The language of documents that are generated."}


def schemas() -> dict[str, Schema]:
    """
    The schema of each kind of file: {file name: schema}.
    """
    return {"stack.json": stack_schema(), "project.json": project_schema(), "releases.json": _schema(Releases)}


def render(schema: Schema) -> str:
    """
    The schema as the text of its file.
    """
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> dict[Path, bool]:
    """
    Write every schema into the folder: {file: whether it changed}.
    """
    folder.mkdir(parents=True, exist_ok=True)
    changed = {}
    for name, schema in schemas().items():
        path, text = folder / name, render(schema)
        changed[path] = not path.is_file() or path.read_text(encoding="utf-8") != text
        if changed[path]:
            path.write_text(text, encoding="utf-8")
    return changed


def stack_schema() -> Schema:
    """
    The schema of `Pulumi.<stack>.yaml`; what is not ours in it may be anything.
    """
    schema = _schema(Environment)
    definitions = {**schema.pop("$defs"), "Environment": {key: value for key, value in schema.items() if key != "$schema"}}
    config = {
        "type": "object",
        "required": ["flotilla:environment"],
        "properties": {
            "flotilla:environment": {"$ref": "#/$defs/Environment"},
            "flotilla:secrets": _secrets(),
            "flotilla:secret_records": _records(),
            "flotilla:language": LANGUAGE,
        },
        "patternProperties": {"^(?!flotilla:)": {}},
        "additionalProperties": False,
    }
    return {"$schema": DRAFT, "type": "object", "required": ["config"], "properties": {"config": config}, "$defs": definitions}


def project_schema() -> Schema:
    """
    The schema of `projects/<name>.yaml`.
    """
    schema = _schema(Project)
    definitions = schema["$defs"]
    definitions["Domain"] = _domain(definitions["Domain"])
    schema["properties"][ENVIRONMENTS] = _overrides(schema, definitions)
    definitions["Process"]["allOf"] = _kinds()
    # A key that is missing here may be in each of the environments.
    schema["allOf"] = [{"if": {"not": {"required": [ENVIRONMENTS]}}, "then": {"allOf": _kinds()}}]
    return schema


def _schema(model: type[Environment] | type[Project] | type[Releases]) -> Schema:
    schema: Schema = _each_part(model.model_json_schema(), _tightened)
    return {"$schema": DRAFT, **schema}


def _tightened(part: Schema) -> Schema:
    """
    Without titles, which only repeat keys, and with nothing but the keys that have the right form.
    """
    part = {key: value for key, value in part.items() if key != "title" or not isinstance(value, str)}
    return {**part, "additionalProperties": False} if "patternProperties" in part else part


def _each_part(value: Any, change: Callable[[Schema], Schema]) -> Any:
    if isinstance(value, dict):
        return change({key: _each_part(inner, change) for key, inner in value.items()})
    return [_each_part(inner, change) for inner in value] if isinstance(value, list) else value


def _secrets() -> Schema:
    encrypted = {"type": "object", "required": [ENCRYPTED], "properties": {ENCRYPTED: {"type": "string"}}}

    def block(pattern: str, contents: Schema) -> Schema:
        return {"type": "object", "patternProperties": {f"^{pattern}$": contents}, "additionalProperties": False}

    return {
        "type": "object",
        "description": "Secrets, each set with `flotilla secrets set`.",
        "properties": {
            KEY: encrypted,
            PROJECTS: block(NAME_PATTERN, block(ENVIRONMENT_VARIABLE_PATTERN, encrypted)),
            NOTIFICATIONS: block(NAME_PATTERN, encrypted),
            OFFSITE: block(f"({'|'.join(OFFSITE_NAMES)})", encrypted),
            REGISTRY: encrypted,
        },
        "additionalProperties": False,
    }


def _records() -> Schema:
    return {
        "type": "object",
        "description": "When each secret was set: written by `flotilla secrets set`.",
        "additionalProperties": {
            "type": "object",
            "required": ["since", "of"],
            "properties": {"since": {"type": "string", "format": "date"}, "of": {"type": "string", "pattern": DIGEST}},
            "additionalProperties": False,
        },
    }


def _domain(model: Schema) -> Schema:
    """
    A whole name as plain text, or a block with exactly one of the three.
    """
    one_of = [{"required": [key]} for key in ("name", "subdomain", "apex")]
    return {"anyOf": [{"type": "string", "examples": ["shop.example.com"]}, {**model, "oneOf": one_of}]}


def _kinds() -> list[Schema]:
    """
    What each kind of process needs, and what it has no use for.
    """
    return [_kind(kind) for kind in Kind]


def _kind(kind: Kind) -> Schema:
    is_kind: Schema = {"properties": {"kind": {"const": kind.value}}}
    if kind is not Kind.WEB:  # a process that says nothing is a web process
        is_kind["required"] = ["kind"]
    needed = [key for key, kinds in NEEDED_BY.items() if kind in kinds]
    unused: Schema = {key: {"enum": [None, []]} for key, kinds in USED_BY.items() if kind not in kinds}
    return {"if": is_kind, "then": {"required": needed, "properties": unused}}


def _overrides(project: Schema, definitions: dict[str, Schema]) -> Schema:
    """
    The schema of `environments`: every key that may differ, none of them required, blocks likewise.
    """
    partial = _partial(project, definitions)
    for key in FIXED:
        del partial["properties"][key]
    definitions[f"Project{PARTIAL}"] = partial
    written: Schema = dict(project["properties"][ENVIRONMENTS])
    [block] = (variant for variant in written["anyOf"] if variant.get("type") == "object")
    block["patternProperties"] = {pattern: {"$ref": f"#/$defs/Project{PARTIAL}"} for pattern in block["patternProperties"]}
    return written


def _partial(model: Schema, definitions: dict[str, Schema]) -> Schema:
    properties = {key: _merging(part, definitions) for key, part in model["properties"].items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _merging(part: Schema, definitions: dict[str, Schema]) -> Schema:
    """
    A key's value where it is merged: blocks in it are partial too, lists are not.
    """
    part = {key: value for key, value in part.items() if key != "default"}
    if "anyOf" in part:
        part["anyOf"] = [_merging(variant, definitions) for variant in part["anyOf"]]
    if "patternProperties" in part:
        part["patternProperties"] = {key: _merging(inner, definitions) for key, inner in part["patternProperties"].items()}
    name = part.get("$ref", "").rpartition("/")[2]
    if name and "properties" in definitions[name]:
        if f"{name}{PARTIAL}" not in definitions:
            definitions[f"{name}{PARTIAL}"] = {}
            definitions[f"{name}{PARTIAL}"] = _partial(definitions[name], definitions)
        part["$ref"] = f"#/$defs/{name}{PARTIAL}"
    return part
