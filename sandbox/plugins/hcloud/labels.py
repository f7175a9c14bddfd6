"""
What Hetzner allows as labels.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sandbox.plugins.provider import UNKNOWN, Failure, Properties

LABEL_PART: Final = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?")
LABEL_PREFIX: Final = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,253}[a-zA-Z0-9])?")
"""What may stand before a slash in a key. Source of both: hcloud-go, hcloud/labels.go, read 2026-11-20."""


def check_labels(labels: Properties) -> list[Failure]:
    """
    What Hetzner would reject about labels.
    """
    failures = []
    for key, value in labels.items():
        prefix, slash, name = key.rpartition("/")
        if not LABEL_PART.fullmatch(name) or (slash and not LABEL_PREFIX.fullmatch(prefix)):
            failures.append(_label_failure(key, "key", key))
        if value is not UNKNOWN and value != "" and not LABEL_PART.fullmatch(str(value)):
            failures.append(_label_failure(key, "value", value))
    return failures


def _label_failure(key: str, what: str, value: Any) -> Failure:
    return Failure(
        property=f"labels.{key}",
        reason=f"labels.{key}: the {what} {value!r} is not what Hetzner allows (at most 63 letters, digits, '-', '_' or '.',"
        " a letter or digit at both ends). Nothing was changed. Choose another.",
    )
