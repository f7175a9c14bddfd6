"""
An S3-compatible server for this machine, built from its pinned Go module once for this user: what remote state is tested on.

Versity's gateway keeps objects as files and checks requests' signatures. Source: https://github.com/versity/versitygw
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ops.errors import MissingToolError
from ops.progress import step
from toolchain import go_build
from toolchain.cache import Cache

MODULES: Final = Path(__file__).parent / "object-storage"
PROGRAM: Final = "github.com/versity/versitygw/cmd/versitygw"
NAME: Final = "versitygw"


def provide(environment: Mapping[str, str]) -> Path:
    """
    The server's executable.

    Raises: MissingToolError when there is no Go to build it with, FlotillaError when building fails.
    """
    cache = Cache.of_user(environment, "object-storage")
    name = f"go-{go_build.key(MODULES)}"
    if (made := cache.get(name)) is not None:
        return made / NAME
    no_go = go_build.why_not(environment, MODULES)
    if no_go:
        raise MissingToolError(
            f"{NAME}: {no_go}. There is no object storage to test with. "
            f"Install Go {go_build.needed_go(MODULES)} or newer (https://go.dev/dl/)."
        )
    with step(f"build {NAME} from its Go module (about a minute, once for this user)"):
        made = cache.make(name, lambda draft: go_build.build_tool(MODULES, PROGRAM, draft, environment))
    return made / NAME
