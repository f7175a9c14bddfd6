"""
Whom to connect to, how patiently, and the arguments that make `ssh` do it. Pure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

# pulumi-command's defaults. Source: remote/connection.go, read 2026-11-20.
DIAL_ERROR_LIMIT: Final = 10
PER_DIAL_TIMEOUT_S: Final = 15
_MASTER: Final = "echo ready; exec cat"


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    Who to be on which host. `options` are further arguments for ssh, such as `-i FILE` or `-o NAME=VALUE`.

    Without a `host_key` (`ssh-ed25519 AAAA...`) and without options that say otherwise, any host key is accepted, as the real
    plugin does.
    """

    host: str
    port: int = 22
    user: str = "root"
    private_key: str | None = field(default=None, repr=False)
    agent_socket: str | None = None
    host_key: str | None = None
    options: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """
        How errors name it.
        """
        return f"{self.user}@{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Patience:
    """
    How long to go on dialling: `dial_error_limit` failures (-1: for ever), each of `per_dial_timeout_s` at most (0: no limit).
    """

    dial_error_limit: int = DIAL_ERROR_LIMIT
    per_dial_timeout_s: int = PER_DIAL_TIMEOUT_S
    cancelled: threading.Event = field(default_factory=threading.Event)
    on_failure: Callable[[str], None] = lambda _text: None


def dial_argv(target: Target, folder: Path, control: Path, timeout_s: int) -> tuple[list[str], dict[Path, str]]:
    """
    The master's argv, and the private files it needs beside it. ssh takes the first value it sees of any setting.
    """
    files: dict[Path, str] = {}
    settings = ["ControlPersist=no", "BatchMode=yes"]
    if timeout_s > 0:
        settings.append(f"ConnectTimeout={timeout_s}")
    options = list(target.options)
    if target.private_key:
        key = folder / "key"
        files[key] = target.private_key.rstrip("\n") + "\n"
        options += ["-i", str(key), "-o", "IdentitiesOnly=yes"]
    if target.host_key:
        known = folder / "known_hosts"
        files[known] = f"expected {target.host_key.strip()}\n"
        settings += ["HostKeyAlias=expected", f"UserKnownHostsFile={known}", "StrictHostKeyChecking=yes"]
    defaults = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null", "LogLevel=ERROR"]
    defaults += [
        f"IdentityAgent={target.agent_socket or 'none'}",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=3",
        "StreamLocalBindUnlink=yes",
    ]
    argv = ["ssh", "-F", "none", "-M", "-S", str(control), "-T", *_as_options(settings), *options, *_as_options(defaults)]
    return [*argv, "-p", str(target.port), "-l", target.user, "--", target.host, _MASTER], files


def by_hand(target: Target) -> str:
    """
    How a person connects to the same host.
    """
    return f"ssh -p {target.port} {target.user}@{target.host}"


def _as_options(settings: list[str]) -> list[str]:
    return [part for setting in settings for part in ("-o", setting)]
