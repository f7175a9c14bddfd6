"""
Any input at all: settings never crash, and always say where the mistake is.
"""

from __future__ import annotations

import copy
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops.errors import SettingsError
from settings import load, read_stack_config
from settings.documents import Document, read_document
from settings.environment import Environment
from settings.model import Model
from settings.problems import Problem, validate
from settings.project import Project
from settings.release import Releases
from tests.settings.complete import COMPLETE, Path, leaves, with_value

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

EVERYWHERE = [(model, path) for model, data in COMPLETE.items() for path, _ in leaves(data)]


def unset(model: Any) -> list[str]:
    """Fields anywhere inside a model that were not given."""
    missing = [f"{type(model).__name__}.{name}" for name in type(model).model_fields.keys() - model.model_fields_set]
    for name in type(model).model_fields:
        value = getattr(model, name)
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        missing += [found for part in parts if isinstance(part, Model) for found in unset(part)]
    return missing


@pytest.mark.parametrize("model", COMPLETE)
def test_complete_data_is_complete(model: type[Model]) -> None:
    """The data that these tests damage is valid and has every key that exists, so that a new key is tested too."""
    value, findings = validate(model, COMPLETE[model])
    assert findings == []
    assert set(unset(value)) <= {"Domain.name", "Domain.subdomain", "Domain.apex"}


@given(place=st.sampled_from(EVERYWHERE), value=anything)
@relaxed
def test_any_value_anywhere_is_judged(place: tuple[type[Model], Path], value: Any) -> None:
    """Any value in any place is accepted or refused with findings at that place or its block; nothing else happens."""
    model, path = place
    _, findings = validate(model, with_value(COMPLETE[model], path, value))
    for finding in findings:
        assert finding.location[: len(path)] == path or finding.location == path[:-1]
        assert finding.fact
        assert finding.next_step


@given(place=st.sampled_from(EVERYWHERE), data=st.data())
@relaxed
def test_any_missing_part_is_judged(place: tuple[type[Model], Path], data: st.DataObject) -> None:
    """A part that is left out is either optional or named as missing."""
    model, path = place
    path = path[: data.draw(st.integers(1, len(path)))]
    changed = copy.deepcopy(COMPLETE[model])
    block = changed
    for part in path[:-1]:
        block = block[part]
    del block[path[-1]]
    _, findings = validate(model, changed)
    assert all(finding.location in (path, path[:-1]) for finding in findings)


@given(config=st.dictionaries(st.text(max_size=12) | st.just("environment"), anything, max_size=3))
@relaxed
def test_any_configuration_is_judged(checkout, config: dict[str, Any]) -> None:
    """No configuration whatsoever crashes loading: what is no environment is a SettingsError in the proper form."""
    with pytest.raises(SettingsError) as raised:
        load("local", checkout.root, config)
    lines = str(raised.value).splitlines()
    assert all(line.startswith(("Pulumi.local.yaml: flotilla:", "Pulumi.local.yaml: [")) for line in lines), lines
    assert all("Nothing was changed." in line and line.isprintable() for line in lines), lines


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@relaxed
def test_any_file_is_judged(checkout, content: bytes) -> None:
    """No bytes in a file crash reading it: they are a document, or one problem that names the file."""
    path = checkout.root / "projects" / "any.yaml"
    path.write_bytes(content)
    read = read_document(path, "projects/any.yaml")
    if isinstance(read, Problem):
        assert str(read).startswith("projects/any.yaml")
        assert str(read).isprintable()
    else:
        assert isinstance(read, Document)


@given(changes=st.lists(st.tuples(st.sampled_from(EVERYWHERE), anything), min_size=1, max_size=4))
@relaxed
def test_any_damage_in_files_is_judged(checkout, changes: list[tuple[tuple[type[Model], Path], Any]]) -> None:
    """Whatever is damaged in the three kinds of file at once: loading gives settings, or lines that each name a file."""
    data = {model: copy.deepcopy(content) for model, content in COMPLETE.items()}
    del data[Environment]["ingress"]["tls"]["acme"]
    for (model, path), value in changes:
        if path[:2] != ("ingress", "tls"):
            data[model] = with_value(data[model], path, value)
    try:
        checkout.write("projects/shop.yaml", data[Project])
        checkout.write("releases/local.yaml", data[Releases])
    except (UnicodeEncodeError, ValueError):
        return  # lone surrogates and numbers of 5,000 digits cannot be written to a file at all
    try:
        load("local", checkout.root, {"environment": data[Environment]})
    except SettingsError as error:
        for line in str(error).splitlines():
            assert line.startswith(("Pulumi.local.yaml: ", "projects/shop.yaml:", "releases/local.yaml:")), line
            assert line.isprintable()


@given(value=anything)
@relaxed
def test_strict_reading_agrees_with_yaml(checkout, value: Any) -> None:
    """What a YAML library writes is read back as the same plain value, or refused; never as something else."""
    path = checkout.root / "projects" / "any.yaml"
    try:
        path.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    except (UnicodeEncodeError, ValueError):
        return
    read = read_document(path, "any.yaml")
    if isinstance(read, Document):
        expected = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert _comparable(read.data) == _comparable(expected)


def _comparable(value: Any) -> Any:
    """Numbers as text, because only one of the two schemas knows .inf and numbers of any length; keys as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return yaml.safe_dump(value).split("\n")[0]
    if isinstance(value, dict):
        return {str(key): _comparable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_comparable(inner) for inner in value]
    return value


def test_committed_configuration_is_read_as_pulumi_reads_it(checkout) -> None:
    """The committed stack files mean the same to a YAML library."""
    root = FilePath(__file__).parents[2]
    for stack in ("local", "staging", "production"):
        plain = yaml.safe_load((root / f"Pulumi.{stack}.yaml").read_text())["config"]
        assert read_stack_config(root, stack) == {key.removeprefix("flotilla:"): value for key, value in plain.items()}


def test_number_of_any_length_is_judged() -> None:
    """A number too long to be written out is refused like any other."""
    _, [finding] = validate(Project, COMPLETE[Project] | {"port": 10**5000})
    assert (finding.location, finding.fact) == (("port",), "a very long number is above the maximum of 65535")
