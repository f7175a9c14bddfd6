"""
The package `hosts.backup` on a server, with the commands that start it.
"""

from __future__ import annotations

from pathlib import Path

from hosts.items import Directory, File, Item

LIBRARY = "/usr/local/lib/flotilla"
PACKAGE = Path(__file__).parents[1] / "backup"
_COMMAND = """\
#!/usr/bin/python3 -I
# Written by Flotilla; changes are lost.
import sys

sys.path.insert(0, "{library}")
from hosts.backup.{module} import main

sys.exit(main())
"""


def files() -> list[Item]:
    """
    The modules. They are root's, and read by whoever runs them.
    """
    modules = sorted(PACKAGE.glob("*.py"))
    return [
        Directory(path=LIBRARY),
        Directory(path=f"{LIBRARY}/hosts"),
        Directory(path=f"{LIBRARY}/hosts/backup"),
        File(path=f"{LIBRARY}/hosts/__init__.py", content='"""\nWritten by Flotilla; changes are lost.\n"""\n'),
        *(File(path=f"{LIBRARY}/hosts/backup/{path.name}", content=path.read_text()) for path in modules),
    ]


def command(path: str, module: str) -> File:
    """
    A program that runs a module's `main`.
    """
    return File(path=path, content=_COMMAND.format(library=LIBRARY, module=module), mode=0o755)
