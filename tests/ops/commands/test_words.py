"""
What each kind of word may be. That it may be nothing else is in tests/ops/test_hostile_arguments.py.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops.commands import words
from ops.errors import SettingsError

DIGEST = f"sha256:{'0a' * 32}"
MEANT = [
    (words.name, ["guestbook", "app-1", "local-2", "limits.memory_mb", "20261126-013000F_20261126-020000I", "CRITICAL"]),
    (words.name, ["20261126T100000Z-the-shop-is-slow", "shop.example.com", "_old"]),
    (words.remote, ["origin", "team/mirror"]),
    (words.image, [":v2", "v2", ":1.4", "guestbook:v2", f"guestbook@{DIGEST}", f"@{DIGEST}", "web=:v2", f"web=web@{DIGEST}"]),
    (words.image, ["registry.example.com:5000/team/shop:v2", "127.10.3.1:5000/guestbook:1a2b3c4d", "a__b/c-d.e:x_Y.z"]),
    (words.asked, ["guestbook", "guestbook=:v2", "guestbook/web=:v2", f"shop=registry.example.com/shop@{DIGEST}"]),
    (words.repository, ["guestbook", "team/shop", "registry.example.com:5000/team/shop"]),
    (words.release, ["0", "12", "1a2b3c4d", DIGEST]),
    (words.resource, ["urn:pulumi:local::flotilla::flotilla:app:App$docker:index/service:Service::shop-web-1a2b3c4d"]),
    (words.secret, ["key", "notifications.ops-chat", "offsite.access-key", f"projects.{'a' * 40}.{'A' * 80}"]),
    (words.moment, ["2026-11-26T01:30:00Z", "2026-11-26 01:30", "2026-11-26", "2026-11-26T01:30:00.5+01:00"]),
    (words.person, ["web-team", "Ada Lovelace", "ops@example.com"]),
    (words.url_path, ["/", "/up", "/.well-known/up", "/api/v1/health/"]),
    (words.schedule, ["30 2 * * *", "*/5 0-6,12 1 1 MON"]),
    (words.value, ["256", "0.5", "blue-green", "registry.example.com:5000/shop", "true"]),
    (words.path, ["plan.json", "/srv/a_b/plan.json", "./plans/local.json", ".", "build@2/x=1,y+z", "..", "../plans/a.json"]),
    (words.path, ["/home/ada/Mes données/été (2).json", "e\u0301te\u0301/計画.json", 'it\'s $(mine) & "yours".json', "a~b"]),
    (
        words.sentence,
        ["the disk is full", '50 % of $5; it\'s "odd" <b> & {{more}}', "\u00fcber \u65e5\u672c", " ", "ticket #7 - again"],
    ),
    (
        words.command,
        ["make check", "flotilla settings check", "./tools/check --level=2 a/b", ".venv/bin/python -m settings.reference"],
    ),
    (words.argument, ["df -h | sort", "--all", "a\nb", "$(id)", "\udcff"]),
]


def _judged(kind: words.Kind, value: Any, **facts: Any) -> Any:
    parameter: Any = SimpleNamespace(**{"default": None, "opts": ["-w", "--word"], "name": "word", **facts})
    return kind(parameter, value)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in MEANT for text in texts])
def test_what_is_meant_is_taken_as_it_is(kind: words.Kind, text: str) -> None:
    """Alone, and as one of several."""
    assert _judged(kind, text) == text
    assert _judged(kind, [text, text]) == [text, text]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " a",
        "a ",
        "-rf",
        "--yes",
        "~/plan",
        "~root/x",
        "a\nb",
        "a\0b",
        "\x1b[2J",
        "a\u202eb",
        "a\u00a0b",
        "\udcff",
        "https:/b/c",
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    """What a terminal would obey or nobody sees, what looks like an option, a home that no shell has found, an address."""
    with pytest.raises(SettingsError, match="is not a path"):
        _judged(words.path, text)


def test_what_was_not_given_is_not_judged() -> None:
    """Neither nothing, nor what the command has by itself."""
    assert _judged(words.name, None) is None
    assert _judged(words.image, "", default="") == ""


@pytest.mark.parametrize(
    ("facts", "place"),
    [({}, "--word"), ({"opts": ["-w"]}, "word"), ({"opts": ["word"]}, "word")],
    ids=["long", "short", "argument"],
)
def test_a_refusal_names_the_place(facts: dict[str, Any], place: str) -> None:
    """An option by its long name, an argument by its own, and the one of several that is none of its kind."""
    with pytest.raises(SettingsError) as raised:
        _judged(words.name, ["shop", "a\x1b[2J"], **facts)
    assert str(raised.value) == f"{place}: 'a\\x1b[2J' is not a name. Nothing was done. Write it like `guestbook`."


def test_a_refusal_is_short_and_shows_no_password() -> None:
    """What was given is told as far as it helps."""
    long = f"https://user:{'secret' * 20}@example.com"
    for text in (long, Path(long), "https://user:secret@example.com", Path("https://user:secret@example.com")):
        with pytest.raises(SettingsError) as raised:
            _judged(words.path, text)
        assert "secret" not in str(raised.value).replace("[secret]", "")
    with pytest.raises(SettingsError) as raised:
        _judged(words.path, "\u202e" * 100_000)
    assert len(str(raised.value)) < 400
