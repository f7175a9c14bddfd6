"""
What runs on a server, sent there on standard input: Python's standard library only, nothing is left behind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

COMMAND = "exec python3 -I -"
# What programs may import, beside the standard library.
PARTS = ("shared", "postgres")
_LOADER = """\
import json, sys, types
for name, text in json.loads({modules!r}).items():
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
module.main(json.loads({data!r}))
"""


def program(name: str, data: Mapping[str, Any]) -> str:
    """
    The text for `python3 -` that runs `main` of a module of this package with this data.
    """
    folder = Path(__file__).parent
    modules = {f"{__name__}.{part}": (folder / f"{part}.py").read_text() for part in (*PARTS, name)}
    return _LOADER.format(modules=json.dumps(modules), data=json.dumps(data))
