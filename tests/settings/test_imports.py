"""
What it costs to ask the settings for a small thing.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

import settings


@pytest.mark.parametrize("module", ["settings.billing", "settings.catalog", "settings.gaps", "settings.prices"])
def test_a_table_or_a_schedule_does_not_load_the_models(module: str) -> None:
    """Policy packs start without pydantic, which takes longer than all their rules."""
    code = f"import sys, {module}; assert 'pydantic' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_is_there() -> None:
    """What the package offers is found where it says, and nothing else is."""
    for name in settings.__all__:
        assert getattr(settings, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing_like_it"):
        settings.nothing_like_it  # noqa: B018 - the access is the test
