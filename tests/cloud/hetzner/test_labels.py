"""
Label selectors.
"""

import pytest

from sandbox.cloud.hetzner import labels
from sandbox.cloud.hetzner.errors import HetznerError

LABELS = {"env": "local", "role": "web", "team.io/owner": "ops", "empty": ""}


@pytest.mark.parametrize(
    "selector",
    [
        "env",
        "env=local",
        "env==local",
        "env!=production",
        "absent!=x",
        "!absent",
        "env in (local, staging)",
        "env notin (production)",
        "absent notin (x)",
        "team.io/owner=ops",
        "empty=",
        "env=local,role=web , !absent",
    ],
)
def test_matches(selector: str) -> None:
    """
    Every form of term, alone and together.
    """
    assert labels.matches(selector, LABELS)


@pytest.mark.parametrize(
    "selector",
    ["absent", "env=production", "env!=local", "!env", "env in (staging)", "env notin (local)", "env=local,role=db", "empty=x"],
)
def test_does_not_match(selector: str) -> None:
    """
    One term that does not fit is enough.
    """
    assert not labels.matches(selector, LABELS)


@pytest.mark.parametrize("selector", ["", "=x", "a b", "env=local,", "env in local", "a;b", "env=local role=web"])
def test_unreadable(selector: str) -> None:
    """
    What is no selector is refused, not ignored.
    """
    with pytest.raises(HetznerError, match="cannot be understood"):
        labels.matches(selector, LABELS)


@pytest.mark.parametrize(
    ("key", "value"), [("-x", "a"), ("x" * 64, "a"), ("", "a"), ("x", "a b"), ("x", "a" * 64), ("a/b/c", "")]
)
def test_label_that_hetzner_refuses(key: str, value: str) -> None:
    """
    Keys and values are checked as Hetzner does.
    """
    with pytest.raises(HetznerError, match="not correctly formatted"):
        labels.checked({key: value})
