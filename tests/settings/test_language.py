"""
The language that documents are written in.
"""

from __future__ import annotations

import pytest

from ops.errors import SettingsError
from settings import load, read_stack_config
from settings.language import LANGUAGES, read_language
from tests.settings.fleet import STACK_FILE, Fleet


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_that_is_known(tmp_path, language: str) -> None:
    """It is in the settings; English where nothing is said."""
    fleet = Fleet(tmp_path)
    assert fleet.load().language == "en"
    fleet.put(STACK_FILE, ("config", "flotilla:language"), language)
    assert fleet.load().language == language


@pytest.mark.parametrize("value", ["de", "FR", "", 7, ["fr"], {"en": 1}, True])
def test_anything_else_is_a_mistake(tmp_path, value: object) -> None:
    """It is shown with its line, and nothing is loaded."""
    fleet = Fleet(tmp_path)
    fleet.put(STACK_FILE, ("config", "flotilla:language"), value)
    with pytest.raises(SettingsError, match=r"Pulumi\.local\.yaml:\d+: flotilla:language: .* is no language of documents"):
        load("local", tmp_path, read_stack_config(tmp_path, "local"))


def test_nothing_is_english() -> None:
    """As of a key that is there and empty."""
    assert read_language(None) == ("en", [])
