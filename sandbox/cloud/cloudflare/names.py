"""
Domain names as Cloudflare takes and stores them: lower case, Punycode, no final dot.
"""

from __future__ import annotations

import re

from sandbox.cloud.cloudflare.envelope import ApiError, invalid

LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
LABEL_LENGTH = 63  # RFC 1035, 2.3.4
NAME_LENGTH = 253  # the same limit of 255 octets, in text


def record_name(name: str, zone: str) -> str:
    """
    The complete name of a record: `@` is the zone itself, and what does not end in the zone's name is relative to it.

    Raises: ApiError 9000 where it is no domain name; only its first label may be `*`.
    """
    text = ascii_name(name).lower()
    if text in ("@", zone):
        return zone
    text = text if text.endswith(f".{zone}") else f"{text}.{zone}"
    if not is_name(text, wildcard=True):
        raise invalid(9000, "DNS name is invalid.")
    return text


def host_name(content: str, error: ApiError) -> str:
    """
    A host that a record points to, with its case kept as it was given.

    Raises: the error given, where it is no host name.
    """
    text = ascii_name(content)
    if not is_name(text.lower()) or text.rpartition(".")[2].isdigit():
        raise error
    return text


def ascii_name(name: str) -> str:
    """
    The name in Punycode and without its final dot; what cannot be written so is returned as it is, and is then refused.
    """
    text = name.strip().removesuffix(".")
    if text.isascii():
        return text
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        return text


def is_name(text: str, *, wildcard: bool = False) -> bool:
    """
    Whether this lower-case text is a domain name of letters, digits, hyphens and underscores.
    """
    labels = text.split(".")
    if wildcard and labels[0] == "*":
        labels = labels[1:]
    return 0 < len(text) <= NAME_LENGTH and all(
        len(label) <= LABEL_LENGTH and label.isascii() and LABEL.fullmatch(label) for label in labels
    )
