"""
Projects as files: written down only where every stack stays valid, taken out as a whole.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ops import projects
from ops.confirm import Level
from ops.errors import SettingsError
from ops.projects import Wish
from ops.steps import Context

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    """
    This checkout's settings, without a release of the sandbox.
    """
    for name in ("projects", "releases"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("local.yaml"))
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy2(path, tmp_path)
    return tmp_path


def wish(**changes: object) -> Wish:
    return Wish(**{"name": "shop", "image": "shop", "kind": "web", "owner": "web-team", "domains": ["shop"], **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kind": "static", "port": 8080},
        {"kind": "worker", "domains": []},
        {"kind": "job", "domains": [], "schedule": "0 3 * * *"},
        {"environments": ["staging"]},
        {"data": "personal"},
    ],
    ids=["web", "static", "worker", "job", "one environment", "personal data"],
)
def test_every_kind_is_valid_as_it_is_written(checkout: Path, changes: dict[str, object]) -> None:
    """In every stack; and it is there afterwards, not served yet."""
    path = projects.new(checkout, wish(**changes))
    described = projects.describe(projects.loaded(checkout, "staging"), "shop")

    assert path.is_file() and described["kind"] == changes.get("kind", "web")
    assert described["serving"] == [] and "shop" in {row["name"] for row in projects.overview(checkout, "staging")}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../evil"},
        {"name": "Shop"},
        {"name": ""},
        {"image": "shop:latest"},
        {"image": "shop$(id)"},
        {"kind": "daemon"},
        {"domains": ["a b"]},
        {"domains": ["guestbook"]},
        {"domains": []},
        {"owner": "x\ny: 1"},
        {"health": "no path"},
        {"kind": "job", "domains": []},
        {"environments": ["nowhere"]},
        {"data": "secret"},
    ],
    ids=str,
)
def test_what_would_not_be_valid_is_not_written(checkout: Path, changes: dict[str, object]) -> None:
    """The mistakes are told with their path, and there is no file, neither here nor elsewhere."""
    before = sorted(path for path in checkout.parent.rglob("*") if path.is_file())
    with pytest.raises(SettingsError, match="Nothing was changed"):
        projects.new(checkout, wish(**changes))
    assert sorted(path for path in checkout.parent.rglob("*") if path.is_file()) == before


def test_one_that_is_there_is_not_written_over(checkout: Path) -> None:
    """Whatever is in it."""
    with pytest.raises(SettingsError, match="there is one already"):
        projects.new(checkout, wish(name="ledger"))


def test_taking_out_what_has_data_is_critical(checkout: Path) -> None:
    """By the gravest stack in which it is served; without data it is important."""
    projects.new(checkout, wish())
    found = projects.removal(checkout, "ledger", "local")

    assert (found.level, found.stack) == (Level.CRITICAL, "production") and "database ledger" in found.data
    assert projects.removal(checkout, "shop", "local").level is Level.IMPORTANT
    with pytest.raises(SettingsError, match="no such project"):
        projects.removal(checkout, "nothing", "local")


def test_taking_out_leaves_valid_settings_and_can_be_taken_back(checkout: Path) -> None:
    """File and releases go together; undone, every byte is as it was."""
    wanted = projects.removal(checkout, "guestbook", "local")
    files = {path: path.read_bytes() for path in [wanted.path, *(checkout / "releases").glob("*.yaml")]}
    context = Context(environment="local", project="guestbook")
    projects._take_out(checkout, wanted, context)
    assert projects._valid(checkout, context) and not wanted.path.exists()
    assert "guestbook" not in projects.loaded(checkout, "production").releases.projects

    projects._put_back(files, context)
    assert {path: path.read_bytes() for path in files} == files
