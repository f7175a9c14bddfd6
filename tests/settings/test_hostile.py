"""
Strings that would do harm somewhere never get past the settings.
"""

from __future__ import annotations

import re

import pytest

from settings.environment import Environment
from settings.model import Model
from settings.problems import validate
from settings.project import Project
from settings.release import Releases
from tests.hostile import hostile_strings
from tests.settings.complete import COMPLETE, Path, at, leaves, smallest, with_value

FREE_TEXT: dict[Path, type[Model]] = {
    ("env", "LOG_LEVEL"): Project,
    ("processes", "api", "env", "LOG_LEVEL"): Project,
    ("dns", "records", 0, "content"): Environment,
    ("waivers", 0, "reason"): Environment,
    ("approvals", 0, "reason"): Environment,
}
STRINGS = [(model, path) for model, data in COMPLETE.items() for path, value in leaves(data) if isinstance(value, str)]
GLOB: Path = ("waivers", 0, "resource")
NAMED = [
    (Environment, ("servers",)),
    (Environment, ("access", "public_keys")),
    (Environment, ("network", "subnets")),
    (Project, ("env",)),
    (Project, ("processes",)),
    (Project, ("environments",)),
    (Releases, ("projects",)),
]
HOSTILE = hostile_strings(1000)


def test_hostile_strings_are_many() -> None:
    """The sample is as large as it says, without repetition."""
    assert len(set(HOSTILE)) == 1000


@pytest.mark.parametrize(("model", "path"), [place for place in STRINGS if place[1] not in (*FREE_TEXT, GLOB)], ids=str)
def test_hostile_strings_are_refused(model: type[Model], path: Path) -> None:
    """Each of 1,000 hostile strings is refused in each place that takes text, and the finding names the place."""
    block, data, path = smallest(model, path)
    for text in HOSTILE:
        _, findings = validate(block, with_value(data, path, text))
        assert [finding.location for finding in findings] == [path], text
        assert all(str(finding.fact).isprintable() and len(finding.fact) < 250 for finding in findings), text


@pytest.mark.parametrize(("model", "path"), NAMED, ids=str)
def test_hostile_keys_are_refused(model: type[Model], path: Path) -> None:
    """Each of 1,000 hostile strings is refused where people choose a key."""
    data = COMPLETE[model]
    block = data
    for part in path:
        block = block[part]
    [valid] = block.values()
    for text in HOSTILE:
        _, findings = validate(model, with_value(data, path, {text: valid}))
        named = text.replace("\ud800", "\ufffd" * 3)  # half a character, which no file can hold, is shown as a replacement
        assert [finding.location for finding in findings] == [(*path, named)], text


def test_hostile_globs_match_names_only() -> None:
    """What is accepted as a waiver's resource has plain characters, `*` and `?`, and never matches everything."""
    accepted = [
        text
        for text in HOSTILE
        if not validate(Environment, with_value(COMPLETE[Environment], GLOB, text))[1]
        if text != "shop"
    ]
    assert any("*" in text for text in accepted)
    assert all(re.fullmatch(r"[A-Za-z0-9_.*?:/@-]*[A-Za-z0-9][A-Za-z0-9_.*?:/@-]*", text) for text in accepted), accepted


@pytest.mark.parametrize("path", FREE_TEXT, ids=str)
def test_free_text_arrives_as_it_is(path: Path) -> None:
    """Free text is either kept to the letter, or refused for control characters, template syntax or its length."""
    kept = 0
    for text in HOSTILE:
        model = FREE_TEXT[path]
        value, findings = validate(model, with_value(COMPLETE[model], path, text))
        if value is None:
            assert not text.isprintable() or "{{" in text or not 0 < len(text) <= 4096, text
            assert [finding.location for finding in findings] == [path]
        else:
            kept += 1
            assert at(value, path) == text
            assert text.isprintable()
            assert "{{" not in text
    assert kept > 100
