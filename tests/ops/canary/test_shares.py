"""
A canary in the release file.
"""

from __future__ import annotations

from ops.canary import shares
from settings.release import Releases
from settings.releases import check_releases

OLD, NEW, TRIED = (f"registry.flotilla.test:5000/shop@sha256:{pair * 32}" for pair in ("ab", "cd", "ef"))


def served() -> Releases:
    history = [{"image": OLD, "served_until": "2026-11-20T12:00:00Z"}]
    project = {"serving": [{"image": NEW, "slot": "b"}], "history": history}
    return Releases.model_validate({"projects": {"shop": project}})


def shown(releases: Releases) -> list[tuple[str, str, int]]:
    return [(release.image, release.slot, release.weight) for release in releases.projects["shop"].serving]


def test_a_canary_takes_the_free_slot_and_its_share() -> None:
    """The stable release stays where it is; the weights sum to 100."""
    started = shares.with_canary(served(), "shop", TRIED, images={}, weight=10)

    assert shown(started) == [(NEW, "b", 90), (TRIED, "a", 10)]
    assert list(check_releases(started)) == []
    assert shown(shares.with_share(started, "shop", 75)) == [(NEW, "b", 25), (TRIED, "a", 75)]


def test_an_aborted_canary_leaves_no_trace() -> None:
    """The file is as it was: no rollback leads to what was only tried."""
    started = shares.with_canary(served(), "shop", TRIED, images={}, weight=10)

    assert shares.without_canary(started, "shop") == served()


def test_a_promoted_canary_serves_alone_in_its_slot() -> None:
    """A rollback leads to the release that was beside it, also when it had the smaller share at last."""
    for share in (10, 90):
        started = shares.with_canary(served(), "shop", TRIED, images={}, weight=share)
        promoted = shares.with_promoted(started, "shop")

        assert shown(promoted) == [(TRIED, "a", 100)]
        assert [past.image for past in promoted.projects["shop"].history] == [NEW, OLD]
