"""
What the environment decides, read once at the start.

| variable | default | meaning |
|---|---|---|
| `PORT` | 8080 | where it listens |
| `SITE_ORIGIN` | http://127.0.0.1:8080 | the site's address, as browsers see it |
| `API_ORIGIN` | http://127.0.0.1:8081 | the API's address, as browsers see it |
| `CONTENT_DIR` | /app/content | what the generator made |
| `DATA_DIR` | /data | folder of the subscriptions (API) |
| `JOURNAL_RELEASE` | dev | what `/version` says; set by the image |
| `UNSUBSCRIBE_KEY_FILE` | /run/secrets/UNSUBSCRIBE_KEY | signs the links that end a subscription (API) |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KEY_MINIMUM_BYTES = 16
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """
    The settings of both processes.
    """

    port: int
    site_origin: str
    api_origin: str
    content: Path
    data: Path
    release: str
    key_file: Path

    def key(self) -> bytes:
        """
        The secret key.

        Raises: ValueError naming the file, never its content.
        """
        try:
            value = self.key_file.read_bytes().strip()
        except OSError as error:
            raise ValueError(f"UNSUBSCRIBE_KEY_FILE: {self.key_file} cannot be read ({error.strerror})") from None
        if len(value) < KEY_MINIMUM_BYTES:
            raise ValueError(f"UNSUBSCRIBE_KEY_FILE: {self.key_file} holds less than {KEY_MINIMUM_BYTES} bytes")
        return value


def read_configuration(environment: Mapping[str, str]) -> Configuration:
    """
    The settings in these environment variables.

    Raises: ValueError naming the variable that is wrong.
    """
    return Configuration(
        port=_port(environment.get("PORT", "8080")),
        site_origin=_origin(environment, "SITE_ORIGIN", "http://127.0.0.1:8080"),
        api_origin=_origin(environment, "API_ORIGIN", "http://127.0.0.1:8081"),
        content=Path(environment.get("CONTENT_DIR", "/app/content")),
        data=Path(environment.get("DATA_DIR", "/data")),
        release=environment.get("JOURNAL_RELEASE", "dev"),
        key_file=Path(environment.get("UNSUBSCRIBE_KEY_FILE", "/run/secrets/UNSUBSCRIBE_KEY")),
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError(f"PORT: {text!r} is not a port")
    return int(text)


def _origin(environment: Mapping[str, str], name: str, default: str) -> str:
    text = environment.get(name, default)
    if not _ORIGIN.fullmatch(text):
        raise ValueError(f"{name}: {text!r} is not an origin such as https://journal.example.com")
    return text
