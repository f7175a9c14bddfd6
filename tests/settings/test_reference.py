"""
The reference of the settings is complete and fresh.
"""

from __future__ import annotations

import re

import pytest

from settings.environment import Environment
from settings.project import Project
from settings.reference import PAGE, render_reference
from settings.release import Releases


def test_page_is_fresh() -> None:
    """docs/settings.md is what the models say; `python -m settings.reference` writes it."""
    assert PAGE.read_text(encoding="utf-8") == render_reference()


@pytest.mark.parametrize("model", [Environment, Project, Releases])
def test_every_setting_is_described(model) -> None:
    """Every field of every model has a sentence for people, and every row of the page a meaning."""
    page = render_reference()
    definitions = [model.model_json_schema(), *model.model_json_schema().get("$defs", {}).values()]
    for schema in definitions:
        assert schema["description"].strip()
        for name in schema.get("properties", {}):
            assert re.search(rf"^\| `[^`]*\b{name}` \| [^|]+ \| [^|]+ \| [A-Z][^|]+\. \|$", page, re.MULTILINE), name
