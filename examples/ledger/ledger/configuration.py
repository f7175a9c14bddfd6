"""
What the environment decides, read once at the start.

| variable | default | meaning |
|---|---|---|
| `PORT` | 8000 | where `web` and `api` listen |
| `DATA_DIR` | /data | folder of the database, which all processes share |
| `LEDGER_TITLE` | Ledger | heading of the pages |
| `LEDGER_RELEASE` | dev | what `/version` says; set by the image |
| `LEDGER_MIGRATE` | no | `yes`: every process brings the schema up to date before it starts |
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
    database: Path
    title: str
    release: str
    is_migrating: bool
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
    secrets = ("SESSION_KEY", "ACCESS_CODE", "API_TOKEN")
    return Configuration(
        port=_port(environment.get("PORT", "8000")),
        database=Path(environment.get("DATA_DIR", "/data")) / "ledger.db",
        title=environment.get("LEDGER_TITLE", "Ledger"),
        release=environment.get("LEDGER_RELEASE", "dev"),
        is_migrating=_yes(environment.get("LEDGER_MIGRATE", "no")),
        secret_files={name: Path(environment.get(f"{name}_FILE", f"/run/secrets/{name}")) for name in secrets},
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError(f"PORT: {text!r} is not a port")
    return int(text)


def _yes(text: str) -> bool:
    if text not in {"yes", "no"}:
        raise ValueError(f"LEDGER_MIGRATE: {text!r} is neither `yes` nor `no`")
    return text == "yes"
