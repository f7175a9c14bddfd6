"""
Whether the API takes the token, asked in 2 ms and without the client, whose import takes a hundred times as long.
"""

from __future__ import annotations

import http.client
import urllib.parse
from typing import Final

TIMEOUT_S: Final = 3.0


def is_welcome(endpoint: str, token: str) -> bool:
    """
    True when the API answers a small request with this token. Where it does not, the client says why.
    """
    parts = urllib.parse.urlsplit(endpoint)
    if parts.scheme != "http" or not parts.hostname:
        return False
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"{parts.path}/locations?per_page=1", headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
