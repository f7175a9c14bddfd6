"""
Write `<name>.json` for each plugin from the SDKs in this environment: `python -m sandbox.plugins.schemas [name...]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ops.progress import say
from sandbox.plugins.registry import PROVIDERS, provider_class
from sandbox.plugins.schemas.introspection import describe, render


def main(names: list[str]) -> None:
    """
    Write the named schemas, or all of them.
    """
    for name in names or list(PROVIDERS):
        target = Path(__file__).parent / f"{name}.json"
        target.write_text(render(describe(provider_class(name))))
        say(f"wrote {target}")


if __name__ == "__main__":
    main(sys.argv[1:])
