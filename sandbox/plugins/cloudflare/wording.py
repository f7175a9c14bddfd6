"""
Names as Pulumi writes them and as the API does, at every depth.
"""

from __future__ import annotations

import re
from typing import Any


def to_camel(value: Any) -> Any:
    """
    `flatten_cname` becomes `flattenCname`; nulls are dropped.
    """
    if isinstance(value, dict):
        return {_camel(key): to_camel(item) for key, item in value.items() if item is not None}
    return [to_camel(item) for item in value] if isinstance(value, list) else value


def to_snake(value: Any) -> Any:
    """
    `flattenCname` becomes `flatten_cname`.
    """
    if isinstance(value, dict):
        return {re.sub(r"(?=[A-Z])", "_", key).lower(): to_snake(item) for key, item in value.items()}
    return [to_snake(item) for item in value] if isinstance(value, list) else value


def _camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(part.capitalize() for part in rest)
