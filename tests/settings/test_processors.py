"""
Who else gets data of an environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from settings import Settings
from settings.processors import processors
from tests.complete_fleet import complete
from tests.conftest import make_small_checkout


def named(settings: Settings) -> dict[str, str]:
    """What each processor gets, by name."""
    return {found.name: found.what for found in processors(settings.environment, settings.projects)}


def test_everything_that_leaves_the_servers_has_somebody_who_gets_it(tmp_path: Path) -> None:
    """Copies of backups, alerts by mail and chat, and the two companies that there is no environment without."""
    assert named(complete(make_small_checkout(tmp_path)).settings("production")) == {
        "cloudflare": "names and addresses, no data of projects",
        "hetzner": "servers and disks, with everything on them",
        "mail.example.net": "alerts by mail",
        "slack": "alerts",
    }


def test_a_host_in_ones_own_zone_is_nobody_else(tmp_path: Path) -> None:
    """The registry and the store of the backups are one's own under `example.com`, and others' under another name."""

    def elsewhere(environment: dict[str, Any]) -> None:
        environment["registry"] = "registry.example.org:5000"
        environment["backup"]["offsite"]["host"] = "box.example.org"
        environment["dns"] = {"proxied": True}

    made = complete(make_small_checkout(tmp_path))
    made.change_environment("production", elsewhere)
    made.release_all("production")
    loaded = made.settings("production")
    found = {one.name: one for one in processors(loaded.environment, loaded.projects)}
    assert found["registry.example.org"].what == "images of projects"
    assert (found["box.example.org"].what, found["box.example.org"].location) == ("copies of the backups, encrypted", "hel1")
    assert found["cloudflare-proxy"].what == "requests and answers of visitors, in plain"
    assert {name for name, one in found.items() if one.is_given} == {"hetzner", "cloudflare"}


def test_one_company_with_two_tasks_is_one(tmp_path: Path) -> None:
    """A host that takes mail and keeps copies is approved once, for both."""
    made = complete(make_small_checkout(tmp_path))
    made.change_environment(
        "production", lambda environment: environment["backup"]["offsite"].update({"host": "mail.example.net"})
    )
    assert named(made.settings("production"))["mail.example.net"] == "copies of the backups, encrypted; alerts by mail"
