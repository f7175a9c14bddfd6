"""
The JSON Schemas for editors: fresh, right about what is right, and about most of what is wrong.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml

from settings.schema import FOLDER, render, schemas, write
from tests.settings.complete import Path, leaves, with_value
from tests.settings.fleet import DOCUMENTS, FILES, STACK_FILE
from tests.settings.json_schema import errors

ROOT = FilePath(__file__).parents[2]
SCHEMAS = schemas()
CHOICES = ("kind", "type", "strategy", "location", "slot", "entry", "data_region")


def schema_of(name: str) -> dict[str, Any]:
    """The schema of a file."""
    return SCHEMAS[{"projects": "project.json", "releases": "releases.json"}.get(name.partition("/")[0], "stack.json")]


def wrong(name: str, document: Any) -> list[str]:
    """What an editor would mark."""
    plain = json.loads(json.dumps(document, default=str))  # days and times are text to an editor
    return list(errors(schema_of(name), plain, schema_of(name)))


def test_schemas_are_fresh() -> None:
    """docs/schema/ is what the models say; `flotilla settings schema` writes it."""
    assert {path.name: path.read_text(encoding="utf-8") for path in (ROOT / FOLDER).iterdir()} == {
        name: render(schema) for name, schema in SCHEMAS.items()
    }


def test_writing_again_changes_nothing(tmp_path: FilePath) -> None:
    """Schemas are written where they are wanted, and only if they changed."""
    first, second = write(tmp_path / "new"), write(tmp_path / "new")
    assert list(first.values()) == [True] * 3
    assert list(second.values()) == [False] * 3
    assert sorted(path.name for path in second) == sorted(SCHEMAS)


@pytest.mark.parametrize("name", FILES)
def test_complete_fleet_is_right(name: str) -> None:
    """An editor marks nothing in a complete fleet."""
    assert wrong(name, DOCUMENTS[name]) == []


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("Pulumi.*.yaml"), *ROOT.glob("projects/*.yaml")]), ids=lambda path: path.name
)
def test_committed_files_are_right(path: FilePath) -> None:
    """An editor marks nothing in the committed stacks and projects, each of which names its schema."""
    text = path.read_text(encoding="utf-8")
    assert wrong(str(path.relative_to(ROOT)), yaml.safe_load(text)) == []
    [line] = [line for line in text.splitlines() if "yaml-language-server" in line]
    named = (path.parent / line.partition("$schema=")[2]).resolve()
    assert line.startswith("# yaml-language-server: $schema=")
    assert json.loads(named.read_text(encoding="utf-8")) == schema_of(str(path.relative_to(ROOT)))


@pytest.mark.parametrize("name", FILES)
def test_every_wrong_number_and_choice_is_marked(name: str) -> None:
    """Whichever number, flag or choice of a complete fleet is of another kind: an editor marks it."""
    for path, value in leaves(DOCUMENTS[name]):
        if isinstance(value, bool | int | float) or (path[-1] in CHOICES and path[-2:] != ("offsite", "location")):
            assert wrong(name, with_value(DOCUMENTS[name], path, "x")), path


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("projects/ledger.yaml", ("replica",), 2),
        ("projects/ledger.yaml", ("environments", "staging", "replica"), 2),
        ("projects/ledger.yaml", ("environments", "staging", "name"), "other"),
        ("projects/ledger.yaml", ("environments", "staging", "health"), {"pth": "/"}),
        ("projects/ledger.yaml", ("environments", "Staging"), {}),
        ("projects/ledger.yaml", ("domains", 0), {"name": "a.example.com", "apex": True}),
        ("projects/ledger.yaml", ("domains", 0), {"redirect": True}),
        ("projects/ledger.yaml", ("env", "log-level"), "x"),
        ("projects/ledger.yaml", ("processes", "nightly", "port"), 80),
        ("projects/ledger.yaml", ("processes", "nightly", "schedule"), None),
        ("projects/ledger.yaml", ("processes", "api", "port"), None),
        ("projects/sync.yaml", ("domains",), ["a.example.com"]),
        ("projects/site.yaml", ("domains",), None),
        ("projects/site.yaml", ("owner",), None),
        (STACK_FILE, ("config", "flotilla:environmen"), {}),
        (STACK_FILE, ("config", "flotilla:environment", "network", "subnets", "eu"), "10.0.9.0/24"),
        (STACK_FILE, ("config", "flotilla:environment", "servers", "app", "size"), 3),
        (STACK_FILE, ("config", "flotilla:secrets", "projects", "ledger", "SESSION_KEY"), "in plain text"),
        (STACK_FILE, ("config", "flotilla:secrets", "project"), {}),
    ],
    ids=str,
)
def test_mistake_is_marked(name: str, path: Path, value: Any) -> None:
    """Unknown keys, keys that a kind has no use for, missing ones, and secrets in plain text are marked while typing."""
    document = copy.deepcopy(DOCUMENTS[name])
    block = document
    for part in path[:-1]:
        block = block[part]
    if value is None:
        del block[path[-1]]
    else:
        block[path[-1]] = value
    assert wrong(name, document)


@pytest.mark.parametrize(
    "override",
    [{}, {"health": {"retries": 1}}, {"backup": None}, {"processes": {"api": {"replicas": 2}}}, {"port": 1}],
    ids=str,
)
def test_overrides_need_not_be_complete(override: dict[str, Any]) -> None:
    """An override has the keys that differ, and blocks in it only theirs; `null` removes."""
    name = "projects/ledger.yaml"
    assert wrong(name, with_value(DOCUMENTS[name], ("environments", "staging"), override)) == []
