"""
Documents that say something about backups, signed: whoever changes one without the environment's key is found out.

HMAC with SHA-256 over the document without its signature; the key is `("backup", "record")`. Written beside its place and put
there in one step.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SIGNATURE = "signature"


def sign(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """
    The document with its signature.
    """
    return {**document, SIGNATURE: _signature(document, key)}


def is_genuine(document: Mapping[str, Any], key: str) -> bool:
    """
    Whether a document is as it was signed.
    """
    return hmac.compare_digest(str(document.get(SIGNATURE, "")), _signature(document, key))


def _signature(document: Mapping[str, Any], key: str) -> str:
    content = {name: value for name, value in document.items() if name != SIGNATURE}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def write(path: Path, document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """
    Sign a document and keep it.
    """
    signed = sign(document, key)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    new = path.with_name(f".{path.name}.new")
    with new.open("w") as stream:
        json.dump(signed, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    # Its group is the folder's: whoever copies it off-site may read it.
    new.chmod(0o640)
    new.replace(path)
    return signed


def read(path: Path, key: str) -> dict[str, Any] | None:
    """
    A document that was kept; None where there is none, or one that is not genuine.
    """
    try:
        document = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return document if isinstance(document, dict) and is_genuine(document, key) else None
