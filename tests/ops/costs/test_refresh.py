"""
Prices from an API: the emulated one, as the real one answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ops.costs.refresh import from_api, read, refresh
from ops.errors import FlotillaError, MissingToolError, RefusedError, SettingsError
from sandbox.cloud.hetzner.catalog import pricing
from sandbox.cloud.offline import Clouds, serve
from settings.prices import FILE, current, flat

TODAY = date(2026, 11, 26)


@pytest.fixture(scope="module")
def known() -> Iterator[dict[str, str]]:
    with serve(["example.com"]) as running:
        yield _known(running)


def _known(running: Clouds) -> dict[str, str]:
    return {"HCLOUD_TOKEN": running.hetzner_token, "HCLOUD_ENDPOINT": running.hetzner_url}


def test_prices_come_back_as_they_were(known: dict[str, str], tmp_path: Path) -> None:
    """Each figure of the checkout's list is in what the API tells, and the second time nothing changes."""
    path = tmp_path / "prices.json"
    first = refresh(path, known, TODAY, is_own=False)
    assert first.priced_on == "2026-11-26"
    assert flat(current()).items() <= flat(read(path)).items()
    assert refresh(path, known, TODAY, is_own=False).changed == {}


def test_what_changed_is_said(known: dict[str, str], tmp_path: Path) -> None:
    """The figure that was another one before, with both."""
    path = tmp_path / "prices.json"
    refresh(path, known, TODAY, is_own=False)
    path.write_text(path.read_text().replace('"volume_gb": "0.0572"', '"volume_gb": "0.05"'))
    assert refresh(path, known, TODAY, is_own=False).changed == {"volume_gb": ("0.05", "0.0572")}


def test_the_sandbox_does_not_price_the_checkout(known: dict[str, str]) -> None:
    """Its prices are made from the file: that is refused, and the file stays."""
    before = FILE.read_bytes()
    with pytest.raises(RefusedError, match="not Hetzner's API"):
        refresh(FILE, known, TODAY, is_own=True)
    assert FILE.read_bytes() == before


def test_a_wrong_token_and_none_change_nothing(known: dict[str, str], tmp_path: Path) -> None:
    """Each is said in its own way, and no file is written."""
    path = tmp_path / "prices.json"
    with pytest.raises(FlotillaError, match="it answers 401"):
        refresh(path, {**known, "HCLOUD_TOKEN": "wrong"}, TODAY, is_own=False)
    with pytest.raises(MissingToolError, match="HCLOUD_TOKEN"):
        refresh(path, {"HCLOUD_ENDPOINT": known["HCLOUD_ENDPOINT"]}, TODAY, is_own=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["currency", "volume", "primary_ips", "server_types", "load_balancer_types"])
def test_half_an_answer_is_no_price_list(missing: str) -> None:
    """A part that is missing is an error, never a price of nothing."""
    whole = {**pricing(), "load_balancer_types": []}
    assert from_api(whole, "test", TODAY).volume_gb > 0
    with pytest.raises(FlotillaError, match="not a price list"):
        from_api({key: value for key, value in whole.items() if key != missing}, "test", TODAY)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """Bad input, with the file's name and what to do."""
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"schema": 1}))
    with pytest.raises(SettingsError, match=r"prices\.json: this is no price list"):
        read(path)
