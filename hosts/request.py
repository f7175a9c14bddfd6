"""
What `python -m hosts.converge` is asked, and what it answers: one JSON document each, on standard input and output.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    One server: where it is, the host key that it has to show (`ssh-ed25519 ...`), the private key to log in with (None: the SSH
    agent's), and what it is to be: see hosts/host.py.
    """

    address: str
    host_key: str
    declaration: Mapping[str, Any]
    port: int = 22
    private_key: str | None = field(default=None, repr=False)
    key: str = field(default="", repr=False)
    notifications: Mapping[str, str] = field(default_factory=dict, repr=False)
    offsite: Mapping[str, str] = field(default_factory=dict, repr=False)
    registry_password: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Request:
    """
    `is_dry`: look, and say what would be done. `revision` is that of the roles' code: it changes nothing here, but another one
    makes the engine run the request again.
    """

    targets: tuple[Target, ...]
    is_dry: bool = False
    revision: str = ""

    def text(self) -> str:
        """
        As it is sent.
        """
        return json.dumps(dataclasses.asdict(self), sort_keys=True)


def read(text: str) -> Request:
    """
    The request in a text.

    Raises: SettingsError if it is none.
    """
    try:
        document = json.loads(text)
        targets = tuple(Target(**target) for target in document.pop("targets"))
        return Request(targets=targets, **document)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        kind = type(error).__name__
        raise SettingsError(f"hosts.converge: standard input is no request ({kind}). Nothing was changed.") from None


@dataclass(frozen=True, kw_only=True)
class Done:
    """
    One change: what it was about, what was done, and how a file differed.
    """

    role: str
    name: str
    facts: tuple[str, ...]
    diff: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    What came of one server. `changes` were made, or would be; `error` says what failed, after those before it were made.
    `skipped` and `unknown` are (role, item, reason).
    """

    server: str
    is_dry: bool
    changes: tuple[Done, ...] = ()
    skipped: tuple[tuple[str, str, str], ...] = ()
    unknown: tuple[tuple[str, str, str], ...] = ()
    unchanged: int = 0
    error: str = ""
    duration_s: float = 0.0
