"""
Secrets never get into what is written down: a canary in every place and form in which one was ever met.
"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from hosts import keys
from ops.secrecy import MASK, Filter, values

CANARY = 'cAn/ry+"p4ss\\wörd= &1'
FORMS = {
    "plain": CANARY,
    "json": json.dumps({"a": CANARY}),
    "json, unescaped": json.dumps({"a": CANARY}, ensure_ascii=False),
    "json in json": json.dumps(json.dumps({"a": "simple-canary-value"})),
    "url": f"postgres://user:{quote(CANARY, safe='')}@host/db",
    "query": f"https://host/?key={quote(CANARY)}",
    "base64": base64.b64encode(CANARY.encode()).decode(),
    "hexadecimal": CANARY.encode().hex(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_canary_is_never_seen(form: str) -> None:
    """However it is written, nothing of it is left in any of its forms."""
    hide = Filter([CANARY, "simple-canary-value"])
    clean = hide(f"before {FORMS[form]} after")

    assert MASK in clean and clean.startswith("before ") and clean.endswith(" after")
    for text in (CANARY, "simple-canary-value", quote(CANARY, safe=""), base64.b64encode(CANARY.encode()).decode()):
        assert text not in clean


def test_the_longer_secret_is_taken_first() -> None:
    """One that contains another leaves no rest."""
    assert Filter(["secret", "secret-and-more"])("x secret-and-more y secret z") == f"x {MASK} y {MASK} z"


def test_documents_are_cleaned_with_their_keys() -> None:
    """Lists, keys, and everything inside; numbers stay."""
    assert Filter(["canary"]).data({"a": ["canary", 5, None], "canary": {"b": "x canary"}}) == {
        "a": [MASK, 5, None],
        MASK: {"b": f"x {MASK}"},
    }


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GET / Authorization: Bearer abcdef0123456789abcdef", "GET / Authorization: [secret]"),
        ("connect postgres://shop:hunter22@db/shop failed", "connect postgres://[secret]@db/shop failed"),
        ('{"password": "hunter22", "user": "x"}', '{"password": "[secret]", "user": "x"}'),
        ("?token=hunter22&page=2", "?token=[secret]&page=2"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END OPENSSH PRIVATE KEY-----\nnext", "[secret]\nnext"),
        ("passwords are changed yearly", "passwords are changed yearly"),
    ],
)
def test_what_looks_like_one_goes_too(text: str, left: str) -> None:
    """An application may log a secret that is not the stack's."""
    assert Filter(())(text) == left


def test_everything_secret_of_a_stack_is_known() -> None:
    """What is written down, what is derived from the key, and the engine's own."""
    key = "k" * 48
    config = {
        "environment": {"registry_user": "robot"},
        "secrets": {"key": key, "registry": "registry-pass", "projects": {"shop": {"API": "api-value"}}},
    }
    known = values(
        config, [("shop", 2)], {"HCLOUD_TOKEN": "cloud-token", "PULUMI_CONFIG_PASSPHRASE": "phrase-1", "HOME": "/root"}
    )

    assert {key, "registry-pass", "api-value", "cloud-token", "phrase-1"} <= known
    assert {keys.secret(key, "postgresql", "shop", "app", number) for number in (1, 2)} <= known
    assert base64.b64encode(b"robot:registry-pass").decode() in known
    assert "/root" not in known
