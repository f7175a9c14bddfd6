"""
The probe as one program text: its modules travel as they are, and are imported on the host under the same names.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

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
for name in modules:
    package = name.rpartition(".")[0]
    for folder in ("hosts", package):
        if folder not in sys.modules:
            sys.modules[folder] = types.ModuleType(folder)
            sys.modules[folder].__path__ = []
    module = types.ModuleType(name)
    sys.modules[name] = module
    setattr(sys.modules[package], name.rpartition(".")[2], module)
    exec(compile(modules[name], "<" + name + ">", "exec"), module.__dict__)
sys.modules[{main}].main(*json.loads({arguments}))
"""


@functools.cache
def sources() -> dict[str, str]:
    """
    The probe's modules: {name: text}.
    """
    folder = Path(__file__).parent
    return {f"hosts.probe.{name}": (folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES}


def program(modules: Mapping[str, str], main: str, *arguments: Any) -> str:
    """
    One program text of these modules, in the order in which they import each other: `main` of one of them gets the arguments.
    """
    return LOADER.format(modules=repr(json.dumps(modules)), main=repr(main), arguments=repr(json.dumps(arguments)))


def script(names: Iterable[str] = SECTIONS, since_s: float = 0.0) -> str:
    """
    The program that prints the document with these sections: for the standard input of `python3 -`. `since_s`: what logs are
    read from, in seconds since 1970.
    """
    return program(sources(), "hosts.probe.program", sorted(names), since_s)
