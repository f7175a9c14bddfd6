"""
What is refused before anything is done, each with its reason and the next command.
"""

from __future__ import annotations

import pytest

from ops.canary import operation, shares
from ops.errors import FlotillaError, RefusedError, SettingsError
from settings.project import Project
from settings.release import ProjectReleases

IMAGE = "registry.flotilla.test:5000/shop@sha256:"


def project(**changes: object) -> Project:
    web = {"port": 8000, "health": {"path": "/up"}, "domains": ["shop.flotilla.test"]}
    document = {"name": "shop", "owner": "tests", "image": "shop", **web, **changes}
    return Project.model_validate({key: value for key, value in document.items() if value is not None})


WORKER = {"kind": "worker", "port": None, "health": None, "domains": None}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategy": "recreate"}, "shop: web stops before it starts again (`strategy: recreate`), so two releases cannot"),
        (
            {"processes": {"queue": {"kind": "worker", "strategy": "recreate"}}},
            "shop: queue stops before it starts again (`strategy: recreate`), so two releases cannot",
        ),
        (WORKER, "shop: nothing of it answers requests, so there is no traffic to share"),
        ({"maintenance": True}, "shop: it is in maintenance, so there is no traffic to share"),
    ],
    ids=["recreate", "a further process", "worker", "maintenance"],
)
def test_a_project_without_two_releases_has_no_canary(changes: dict[str, object], said: str) -> None:
    """Exit code 2, with the reason."""
    with pytest.raises(SettingsError) as refused:
        operation.require_two(project(**changes))

    assert str(refused.value).startswith(said)
    assert "Nothing was done." in str(refused.value)
    assert refused.value.exit_code == 2


def test_an_ordinary_project_may_have_one() -> None:
    """Also with workers beside it: both releases work then."""
    operation.require_two(project(processes={"queue": {"kind": "worker"}}))


def test_nothing_else_is_released_while_a_canary_is_on() -> None:
    """Exit code 3, and both ways to finish it are named."""
    serving = [
        {"image": f"{IMAGE}{'ab' * 32}", "slot": "a", "weight": 75},
        {"image": f"{IMAGE}{'cd' * 32}", "slot": "b", "weight": 25},
    ]
    with pytest.raises(FlotillaError) as refused:
        shares.require_none("shop", ProjectReleases.model_validate({"serving": serving}))

    assert isinstance(refused.value, RefusedError)
    assert "the canary cdcdcdcd has 25 %" in str(refused.value)
    assert "`flotilla canary promote shop` or `flotilla canary abort shop`" in str(refused.value)
    shares.require_none("shop", ProjectReleases.model_validate({"serving": [{**serving[0], "weight": 100}]}))
    shares.require_none("shop", None)


def test_the_next_share_is_the_projects_own() -> None:
    """10, 25, 50 if it says nothing; a share in between goes on with the next larger step; after the last there is none."""
    own = project(canary={"steps": [5, 40]})

    assert [operation.following(project(), share) for share in (1, 10, 12, 25, 50, 75)] == [10, 25, 25, 50, None, None]
    assert [operation.following(own, share) for share in (5, 39, 40)] == [40, 40, None]
