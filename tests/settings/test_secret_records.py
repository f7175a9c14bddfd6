"""
When secrets were set: a record counts for the very encrypted value that it is of.
"""

from __future__ import annotations

from datetime import date

import pytest

from settings.secret_records import digest
from tests.settings.fleet import SECRETS, STACK_FILE

RECORDS = ("config", "flotilla:secret_records")


def test_a_record_is_of_one_encrypted_value(fleet) -> None:
    """The day is known until the encrypted value is another one; other secrets have none."""
    of = digest(("registry",), {"registry": {"secure": "v1:r"}})
    fleet.put(STACK_FILE, (*SECRETS, "registry"), {"secure": "v1:r"})
    fleet.put(STACK_FILE, RECORDS, {"registry": {"since": "2026-11-26", "of": of}, "gone": {"since": "2026-11-26", "of": of}})
    found = fleet.load().secrets_set
    assert found[("registry",)] == date(2026, 11, 26)
    assert found[("key",)] is None
    fleet.put(STACK_FILE, (*SECRETS, "registry"), {"secure": "v1:s"})
    assert fleet.load().secrets_set[("registry",)] is None


@pytest.mark.parametrize(
    "record",
    [{"since": "soon", "of": "sha256:0123456789ab"}, {"since": "2026-11-26", "of": "v1:x"}, {"since": "2026-11-26"}, 7],
)
def test_a_wrong_record_is_a_mistake(fleet, record) -> None:
    """It is named with its path and line."""
    fleet.put(STACK_FILE, RECORDS, {"registry": record})
    [line] = fleet.mistakes()
    assert "flotilla:secret_records.registry" in line
