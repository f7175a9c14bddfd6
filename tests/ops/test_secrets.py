"""
`flotilla secrets`: ages by the day, names that can be one, and how grave another value is.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ops import secrets
from ops.confirm import Level
from ops.errors import SettingsError
from settings import load, read_stack_config

ROOT = Path(__file__).parents[2]
VALUE = "v3ry-s3cret"


def test_ages_on_a_day() -> None:
    """Due on the last day is good, the day after is overdue; a day to come is unknown."""
    settings = load("production", ROOT, read_stack_config(ROOT, "production"))
    path = ("notifications", "ops")
    found = settings.secrets_set[path]
    assert found is not None
    due = found + timedelta(days=365)
    states = {day: row.state for day in (found - timedelta(days=1), due, due + timedelta(days=1))
              for row in secrets.listed(settings, day) if row.name == "notifications.ops"}  # fmt: skip
    assert list(states.values()) == ["unknown", "good", "overdue"]


@pytest.mark.parametrize("stack", ["local", "staging", "production"])
def test_every_secret_of_the_sample_has_a_record(stack: str) -> None:
    """Records are of the values that are there."""
    settings = load(stack, ROOT, read_stack_config(ROOT, stack))
    assert settings.secrets_set
    assert all(isinstance(found, date) for found in settings.secrets_set.values())


@pytest.mark.parametrize("name", ["Key", "projects.ledger", "projects.ledger.api", "offsite.key", "notifications.a.b"])
def test_what_is_no_name_of_a_secret(name: str) -> None:
    """It is refused with the names that there are."""
    with pytest.raises(SettingsError, match="is not the name of a secret"):
        secrets.parsed(name)


def test_levels(tmp_path: Path) -> None:
    """A first value is standard, another important, another key critical; no text has the value."""
    key = secrets.Request(checkout=tmp_path, stack="local", path=("key",), value=VALUE)
    other = secrets.Request(checkout=tmp_path, stack="local", path=("registry",), value=VALUE)
    levels = [secrets.operation(asked, is_new=new).level for asked, new in [(key, True), (other, False), (key, False)]]
    assert levels == [Level.STANDARD, Level.IMPORTANT, Level.CRITICAL]
    assert VALUE not in repr(secrets.operation(key, is_new=False)) + repr(key)


@pytest.mark.parametrize("value", ["", "  ", "short"])
def test_a_value_that_cannot_be_a_key(tmp_path: Path, value: str) -> None:
    """It is refused before anything is asked or written."""
    (tmp_path / "Pulumi.local.yaml").write_text("config: {}\n")
    request = secrets.Request(checkout=tmp_path, stack="local", path=("key",), value=value)
    with pytest.raises(SettingsError, match="Nothing was done"):
        secrets.set_value(request, secrets.Approval())


@pytest.mark.parametrize(
    ("before", "approval"),
    [("{}", ""), ("{flotilla:secrets: {key: {secure: 'v1:k'}}}", " --approve critical --reason 'another key'")],
)
def test_a_short_key_is_told_how_to_be_made(tmp_path: Path, before: str, approval: str) -> None:
    """By a command that works as it is: where a key is there already, with its approval."""
    (tmp_path / "Pulumi.local.yaml").write_text(f"config: {before}\n")
    request = secrets.Request(checkout=tmp_path, stack="local", path=("key",), value="short")
    with pytest.raises(SettingsError) as refused:
        secrets.set_value(request, secrets.Approval())
    assert f"`openssl rand -base64 48 | flotilla secrets set key -s local{approval}`." in str(refused.value)


@pytest.mark.parametrize("stack", ["local", "production"])
def test_nothing_of_it_waits_for_a_backup(tmp_path: Path, stack: str) -> None:
    """A file is written, which loses no data; and the old key has to come back where backups of the new one are none yet."""
    key = secrets.Request(checkout=tmp_path, stack=stack, path=("key",), value=VALUE)
    assert not secrets.operation(key, is_new=False).is_gated
