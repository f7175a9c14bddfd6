"""
Configuration files as their programs read them.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

FOLDER = "/etc/flotilla/monitoring"
SECRETS = f"{FOLDER}/secrets"
USER = "prometheus"


def text(document: Any) -> str:
    """
    YAML, in the order in which it was written down. By way of JSON: nothing in it is an anchor or a type of Python's.
    """
    plain = json.loads(json.dumps(document))
    body = yaml.safe_dump(plain, sort_keys=False, width=120, allow_unicode=True)
    return f"# Written by Flotilla; changes are lost.\n{body}"
