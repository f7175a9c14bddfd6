"""
Whether a text looks like a secret: by its name, by the formats that providers give their tokens, or by how random it is.

Says what it looks like, never the text itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache

from policies.framework import Secret

# Each provider documents the prefix of its tokens so that scanners find them. A needle that is not there spares the expression:
# the steps' scripts are long texts.
FORMATS = tuple(
    (kind, needle, re.compile(pattern))
    for kind, needle, pattern in (
        ("a private key", "PRIVATE KEY", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
        ("an age identity", "AGE-SECRET-KEY-1", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
        ("an AWS access key", "AKIA", r"\bAKIA[0-9A-Z]{16}\b"),
        ("a temporary AWS access key", "ASIA", r"\bASIA[0-9A-Z]{16}\b"),
        ("a GitHub token", "gh", r"\bgh[opsur]_[A-Za-z0-9]{36,}"),
        ("a GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{22,}"),
        ("a GitLab token", "glpat-", r"\bglpat-[A-Za-z0-9_-]{20,}"),
        ("a Slack token", "xox", r"\bxox[abeoprs]-[0-9A-Za-z-]{10,}"),
        ("a Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/T[0-9A-Z]+/B[0-9A-Z]+/[0-9A-Za-z]{16,}"),
        ("a Stripe key", "k_live_", r"\b[rs]k_live_[0-9A-Za-z]{16,}"),
        ("a Google API key", "AIza", r"\bAIza[0-9A-Za-z_-]{35}"),
        ("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}"),
        ("a PyPI token", "pypi-AgEIcHlwaS5vcmc", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
        ("a swarm join token", "SWMTKN-1-", r"\bSWMTKN-1-[0-9a-z]{40,}-[0-9a-z]{20,}"),
        ("a JSON web token", "eyJ", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
        ("an address with a password in it", "://", r"://[^\s/:@'\"$<{}]{0,64}:[^\s/:@'\"$<{}]{3,128}@[A-Za-z0-9\[]"),
        ("a bearer token", "Bearer ", r"\bBearer [A-Za-z0-9._~+/-]{20,}"),
    )
)

# `--password x`, `PGPASSWORD=x`, `curl -u name:x`: a secret as an argument; `$NAME`, `<name>` and files do not count.
ARGUMENT = re.compile(
    r"""(?:--(?:password|passwd|secret|token|api-key)[=\s]|\b(?:PGPASSWORD|MYSQL_PWD|RESTIC_PASSWORD|AWS_SECRET_ACCESS_KEY)="""
    r"""|\bsshpass\s+-p\s*|\bcurl\b[^\n|;]*\s-u\s*[\w.-]+:)["']?(?![-$<{/"'\s])[^\s"']{4,}"""
)

_WORDS = r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|(?:API|ACCESS|PRIVATE|SESSION|ENCRYPTION|SIGNING|SECRET)_?KEY"
NAME = re.compile(rf"(?:^|_)(?:{_WORDS})(?:_(?:BASE|OLD|NEW|\d+))?$", re.IGNORECASE)
# A value that is no secret whatever its name: empty, a switch, a number, a path, a reference to a variable.
HARMLESS = re.compile(r"|true|false|yes|no|on|off|none|null|\d{1,6}|[/.~$].*|\{.*\}|<.*>", re.IGNORECASE | re.DOTALL)
RANDOM = re.compile(r"[A-Za-z0-9+_-]{24,}={0,2}")
# Random by nature and public all the same.
PUBLIC = re.compile(r"COMMIT|DIGEST|HASH|SHA|REVISION|CHECKSUM|FINGERPRINT|PUBLIC|CERT|BUILD|VERSION|IMAGE|_ID$", re.I)


def format_of(text: str) -> str | None:
    """
    Which known kind of secret is in the text.
    """
    return next((kind for kind, needle, pattern in FORMATS if needle in text and pattern.search(text)), None)


@cache
def argument_of(command: str) -> str | None:
    """
    What a command's text gives away. Many steps run the same script.
    """
    return format_of(command) or ("a password as an argument" if ARGUMENT.search(command) else None)


def variable_of(name: str, value: str, *, bits: float) -> str | None:
    """
    What a variable with this name and value gives away; `bits` of entropy a character make a value random.
    """
    if name.upper().endswith("_FILE") or HARMLESS.fullmatch(value):
        return None
    if isinstance(value, Secret):
        return "a secret of Pulumi's configuration"
    if NAME.search(name):
        return "a secret by its name"
    return format_of(value) or ("a random value" if _is_random(value, bits) and not PUBLIC.search(name) else None)


def _is_random(value: str, bits: float) -> bool:
    """
    Letters of both cases and digits without any order; words joined by dashes are not.
    """
    classes = (str.islower, str.isupper, str.isdigit)
    return (
        RANDOM.fullmatch(value) is not None
        and all(any(test(letter) for letter in value) for test in classes)
        and entropy(value) >= bits
    )


def entropy(text: str) -> float:
    """
    Shannon's, in bits a character.
    """
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
