"""
What settings tell an audit beside the outputs.
"""

from __future__ import annotations

from ops.audit.wanted import wanted
from settings import load, read_stack_config
from tests.conftest import ROOT


def test_ages_of_secrets_are_plain_data() -> None:
    """Each secret by name with its day, none where no record is of its value; and the environment's own limit."""
    config = read_stack_config(ROOT, "production")
    del config["secret_records"]["notifications.ops"]
    config["environment"] = {**config["environment"], "secret_rotation_days": 90}
    settings = load("production", ROOT, config)
    told = wanted(settings, "")["secrets"]

    assert told["rotation_days"] == 90
    assert told["set_on"].keys() == {".".join(path) for path in settings.secrets_set}
    assert [name for name, day in told["set_on"].items() if day is None] == ["notifications.ops"]
    assert all(isinstance(day, str) for name, day in told["set_on"].items() if name != "notifications.ops")
