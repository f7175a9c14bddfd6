"""
What the environment decides, read once at the start.

| variable | default | meaning |
|---|---|---|
| `PORT` | 8000 | where it listens |
| `DATA_DIR` | /data | folder of the database, which outlives the container |
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
    title: str = "Guestbook"
    release: str = "dev"
    start_delay_s: float = 0.0


def read_configuration(environment: Mapping[str, str]) -> Configuration:
    """
    The settings in these environment variables.

    Raises: ValueError naming the variable that is wrong.
    """
    return Configuration(
        port=int(_number(environment, "PORT", "8000", 0, 65535)),
        data_dir=Path(environment.get("DATA_DIR", "/data")),
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
