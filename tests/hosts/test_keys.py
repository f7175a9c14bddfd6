"""
Everything secret of databases and backups comes from one key, and nothing leads back to it.
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from hosts import keys

KEY = "k" * keys.KEY_MINIMUM_LENGTH
PURPOSES = st.lists(st.text(max_size=6) | st.integers(0, 300), max_size=4)


def test_it_is_hkdf_as_others_compute_it() -> None:
    """RFC 5869, with each part of the purpose behind its length."""
    info = b"\x00\x00\x00\x0apostgresql\x00\x00\x00\x011"
    other = HKDF(algorithm=SHA256(), length=32, salt=b"flotilla/keys/1", info=info).derive(KEY.encode())

    assert keys.raw(KEY, "postgresql", 1) == other


def test_a_password_stays_what_it_is() -> None:
    """It is in databases and repositories: another derivation would lock everybody out."""
    assert keys.secret(KEY, "postgresql", "ledger", "app", 1) == "ppxPdzYmuftLhyOqNEIvJ6Yk0WWRQAles-Rq7HDX7WA"


@given(PURPOSES, PURPOSES)
def test_each_purpose_has_its_own(one: list[str | int], other: list[str | int]) -> None:
    """Also where the same letters are divided otherwise."""
    same = [str(part) for part in one] == [str(part) for part in other]

    assert (keys.secret(KEY, *one) == keys.secret(KEY, *other)) is same


def test_another_key_has_other_passwords() -> None:
    """Of every purpose."""
    assert keys.secret(KEY, "a") != keys.secret(f"{KEY}x", "a")


def test_a_password_needs_no_quoting() -> None:
    """In URLs, shells and configuration files alike."""
    password = keys.secret(KEY, "a")

    assert len(password) == 43
    assert password.replace("-", "").replace("_", "").isalnum()


def test_a_short_key_is_refused() -> None:
    """An empty one most of all."""
    with pytest.raises(ValueError, match="fewer than 32"):
        keys.secret("k" * 31, "a")
