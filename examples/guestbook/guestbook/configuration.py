"""
What the environment decides, read once at the start.

| variable | default | meaning |
|---|---|---|
| `PORT` | 8000 | where it listens |
| `DATABASE_URL_FILE` | /run/secrets/DATABASE_URL | file with the database's address, user and password |
| `DATA_DIR` | /data | where `migrate` looks for the guestbook.db of before |
| `GUESTBOOK_TITLE` | Guestbook | heading of the page |
| `GUESTBOOK_RELEASE` | dev | what `/version` says; set by the image |
| `GUESTBOOK_START_DELAY_S` | 0 | waits this long before it listens, to rehearse a slow start |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """
    The app's settings.
    """

    port: int = 8000
    data_dir: Path = Path("/data")
    database_url_file: Path = Path("/run/secrets/DATABASE_URL")
    title: str = "Guestbook"
    release: str = "dev"
    start_delay_s: float = 0.0

    def database_url(self) -> str:
        """
        The database's address.

        Raises: ValueError naming the file, never its content.
        """
        try:
            return self.database_url_file.read_text().strip()
        except OSError as error:
            raise ValueError(f"DATABASE_URL_FILE: {self.database_url_file} cannot be read ({error.strerror})") from None


def read_configuration(environment: Mapping[str, str]) -> Configuration:
    """
    The settings in these environment variables.

    Raises: ValueError naming the variable that is wrong.
    """
    return Configuration(
        port=int(_number(environment, "PORT", "8000", 0, 65535)),
        data_dir=Path(environment.get("DATA_DIR", "/data")),
        database_url_file=Path(environment.get("DATABASE_URL_FILE", "/run/secrets/DATABASE_URL")),
        title=environment.get("GUESTBOOK_TITLE", "Guestbook"),
        release=environment.get("GUESTBOOK_RELEASE", "dev"),
        start_delay_s=_number(environment, "GUESTBOOK_START_DELAY_S", "0", 0, 600),
    )


def _number(environment: Mapping[str, str], name: str, default: str, lowest: float, highest: float) -> float:
    text = environment.get(name, default)
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{name}: {text!r} is not a number") from None
    if not lowest <= number <= highest:
        raise ValueError(f"{name}: {text} is not between {lowest} and {highest}")
    return number
