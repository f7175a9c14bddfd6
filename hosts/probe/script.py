"""
The probe as one program text: its modules travel as they are, and are imported on the host under the same names.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path

from hosts.probe.program import SECTIONS

# In the order in which they import each other.
MODULES = (
    "reading",
    "machine",
    "services",
    "updates",
    "access",
    "exposure",
    "containers",
    "databases",
    "ingress",
    "logs",
    "program",
)

LOADER = """\
import json, sys, types
modules = json.loads({modules})
for name in ("hosts", "hosts.probe"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
for name, source in modules.items():
    module = types.ModuleType("hosts.probe." + name)
    sys.modules[module.__name__] = module
    setattr(sys.modules["hosts.probe"], name, module)
    exec(compile(source, "<" + module.__name__ + ">", "exec"), module.__dict__)
sys.modules["hosts.probe.program"].main(json.loads({names}), {since_s})
"""


@functools.cache
def _sources() -> str:
    folder = Path(__file__).parent
    return json.dumps({name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES})


def script(names: Iterable[str] = SECTIONS, since_s: float = 0.0) -> str:
    """
    The program that prints the document with these sections: for the standard input of `python3 -`. `since_s`: what logs are
    read from, in seconds since 1970.
    """
    return LOADER.format(modules=repr(_sources()), names=repr(json.dumps(sorted(names))), since_s=since_s)
