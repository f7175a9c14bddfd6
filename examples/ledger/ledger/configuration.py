"""
What the environment decides, read once at the start.

| variable | default | meaning |
|---|---|---|
| `PORT` | 8000 | where `web` and `api` listen |
| `DATABASE_URL_FILE` | /run/secrets/DATABASE_URL | the database's address, with user and password |
| `LEDGER_TITLE` | Ledger | heading of the pages |
| `LEDGER_RELEASE` | dev | what `/version` says; set by the image |
| `SESSION_KEY_FILE` | /run/secrets/SESSION_KEY | signs sessions and forms (`web`) |
| `ACCESS_CODE_FILE` | /run/secrets/ACCESS_CODE | what people sign in with (`web`) |
| `API_TOKEN_FILE` | /run/secrets/API_TOKEN | bearer token of the API (`api`) |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECRET_MINIMUM_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """
    The product's settings. `secret_files` is {name: file}: each process reads only what it needs.
    """

    port: int
    title: str
    release: str
    secret_files: Mapping[str, Path]

    def secret(self, name: str) -> bytes:
        """
        A secret's value.

        Raises: ValueError naming the file, never its content.
        """
        file = self.secret_files[name]
        try:
            value = file.read_bytes().strip()
        except OSError as error:
            raise ValueError(f"{name}: {file} cannot be read ({error.strerror})") from None
        if len(value) < SECRET_MINIMUM_BYTES:
            raise ValueError(f"{name}: {file} holds less than {SECRET_MINIMUM_BYTES} bytes")
        return value


def read_configuration(environment: Mapping[str, str]) -> Configuration:
    """
    The settings in these environment variables.

    Raises: ValueError naming the variable that is wrong.
    """
    secrets = ("DATABASE_URL", "SESSION_KEY", "ACCESS_CODE", "API_TOKEN")
    return Configuration(
        port=_port(environment.get("PORT", "8000")),
        title=environment.get("LEDGER_TITLE", "Ledger"),
        release=environment.get("LEDGER_RELEASE", "dev"),
        secret_files={name: Path(environment.get(f"{name}_FILE", f"/run/secrets/{name}")) for name in secrets},
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError(f"PORT: {text!r} is not a port")
    return int(text)
