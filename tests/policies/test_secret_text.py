"""
What looks like a secret, and what only looks so to a bad scanner.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.framework import Secret
from policies.security.rules.secret_text import argument_of, entropy, format_of, variable_of

BITS = 4.2
CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", "a private key"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----", "a private key"),
        (f"AGE-SECRET-KEY-1{'Q' * 58}", "an age identity"),
        ("id=AKIA" + "A1B2C3D4E5F6G7H8", "an AWS access key"),
        ("ghs_" + "a" * 36, "a GitHub token"),
        ("github_pat_" + "a" * 22, "a GitHub token"),
        ("glpat-" + "a" * 20, "a GitLab token"),
        ("xoxb-1234567890-abc", "a Slack token"),
        ("https://hooks.slack.com/services/T0AB/B0CD/" + "a" * 24, "a Slack webhook"),
        ("sk_live_" + "a" * 24, "a Stripe key"),
        ("AIza" + "a" * 35, "a Google API key"),
        ("npm_" + "a" * 36, "an npm token"),
        ("SWMTKN-1-" + "a1" * 25 + "-" + "b2" * 12, "a swarm join token"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "a JSON web token"),
        ("postgres://shop:hunter22@10.0.1.2:5432/shop", "an address with a password in it"),
        ("redis://:hunter22@[fd00::1]:6379", "an address with a password in it"),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwx", "a bearer token"),
    ],
)
def test_tokens_are_known_by_the_formats_that_providers_give_them(text: str, kind: str) -> None:
    """
    Wherever they stand in a text.
    """
    assert format_of(f"before {text} after") == kind


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "https://shop.example.com:8443/path",
        "postgres://shop@10.0.1.2:5432/shop",
        "postgres://shop:$PASSWORD@10.0.1.2/shop",
        "postgres://shop:<password>@10.0.1.2/shop",
        "http://{host}:{port}@x",
        "ssh://root@203.0.113.7",
        "ops@example.com",
        "sha256:" + "5f" * 32,
        "ghost_writers and xoxo and sk_test_abcdefghijklmnop",
        "Bearer $TOKEN",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID2yuOuBiZDw2qd3CU2+Wcb+D11DpX5a2q7T1D4iZzc2",
    ],
)
def test_what_only_resembles_a_token_is_none(text: str) -> None:
    """
    Addresses, public keys, digests, placeholders.
    """
    assert format_of(text) is None


@pytest.mark.parametrize(
    ("command", "looks"),
    [
        ("restic --password hunter22 backup", True),
        ("PGPASSWORD='hunter22' psql", True),
        ("curl -s -u ops:hunter22 https://example.com", True),
        ("sshpass -p hunter22 ssh x", True),
        ('PGPASSWORD="$PASSWORD" psql', False),
        ("restic --password-file /run/secrets/restic backup", False),
        ("app --token=$TOKEN --secret <secret>", False),
        ('docker swarm join --token "$TOKEN"', False),
        ('curl -u "$USER:$PASSWORD" https://example.com', False),
    ],
)
def test_a_command_gives_away_what_stands_in_it(command: str, looks: bool) -> None:
    """
    A variable, a file or a placeholder gives nothing away.
    """
    assert bool(argument_of(command)) is looks


def test_no_script_of_flotilla_gives_anything_away() -> None:
    """
    The steps' own scripts are the texts that this is asked of most.
    """
    scripts = [path for path in (CHECKOUT / "components" / "scripts").iterdir() if path.suffix in (".sh", ".py")]
    assert len(scripts) > 10
    assert not {path.name: argument_of(path.read_text()) for path in scripts if argument_of(path.read_text())}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_PASSWORD", "correct horse"),
        ("password", "hunter22"),
        ("API_KEY", "abc123def456"),
        ("APIKEY", "abc123def456"),
        ("SECRET_KEY_BASE", "abc123def456"),
        ("SESSION_SECRET", "abc123"),
        ("GITHUB_TOKEN", "x-y-z-1"),
        ("SALT", "kJ8vQ2xLw9RtZ4mNb7YcD3fGhS6p"),
        ("WHATEVER", "sk_live_" + "a" * 24),
        ("WHATEVER", Secret("short")),
    ],
)
def test_a_variable_is_a_secret_by_its_name_its_value_or_pulumis_mark(name: str, value: str) -> None:
    """
    Any of the three is enough.
    """
    assert variable_of(name, value, bits=BITS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_PASSWORD_FILE", "/run/secrets/DATABASE_PASSWORD"),
        ("PASSWORD_FILE", Secret("/run/secrets/x")),
        ("PASSWORD", ""),
        ("PASSWORD", "/run/secrets/x"),
        ("PASSWORD", "${PASSWORD}"),
        ("TOKEN", "3600"),
        ("TOKEN_TTL_S", "3600"),
        ("SECRET", "false"),
        ("PASSWORD_MIN_LENGTH", "twelve"),
        ("TOKENIZER", "wordpiece"),
        ("PWD", "home"),
        ("MONKEY", "banana"),
        ("GIT_COMMIT", "kJ8vQ2xLw9RtZ4mNb7YcD3fGhS6p"),
        ("IMAGE_DIGEST", "5f" * 32),
        ("TITLE", "A-guestbook-with-a-very-long-title-in-it"),
        ("JAVA_OPTS", "-Xmx512m -XX:+UseG1GC -Dfile.encoding=UTF-8"),
        ("DSN", "postgres://shop@10.0.1.2:5432/shop"),
        ("TZ", "Europe/Berlin"),
        ("FEATURES", "search,export,import,dark-mode,two-columns"),
        ("UUID", "123e4567-e89b-12d3-a456-426614174000"),
    ],
)
def test_ordinary_variables_are_left_alone(name: str, value: str) -> None:
    """
    A scanner that cries wolf is switched off.
    """
    assert variable_of(name, value, bits=BITS) is None


def test_entropy_is_shannons() -> None:
    """
    Nothing for one letter over and over, one bit for two of them, and so on.
    """
    assert (entropy("aaaa"), entropy("abab"), entropy("abcd")) == (0, 1, 2)
