"""
What a role wants of a server, as plain values. Order counts: items are looked at together, and acted on one after the other.

Every item may say why it cannot be had on a machine that is a container (`not_in_container`), as the sandbox's are: it is
left out there, and the report says so.

`notify` are commands to run once, after all of the role's items, when one of the items that name them was changed. They are
noted on the server before the change, so that a run that is interrupted between the two is made up for by the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"

# One command: its argv.
Command = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Item:
    """
    What all of them have.
    """

    notify: tuple[Command, ...] = ()
    not_in_container: str = ""

    @property
    def name(self) -> str:
        """
        How reports call it.
        """
        raise TypeError(f"{type(self).__name__} has no name")


@dataclass(frozen=True, kw_only=True)
class File(Item):
    """
    A file with exactly this content. `check` is a command that judges it before it takes the old one's place; in it `{new}`
    stands for the path of the new file. The content of a secret one is never shown.
    """

    path: str
    content: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    check: Command = ()
    is_secret: bool = False

    @property
    def name(self) -> str:
        return self.path


@dataclass(frozen=True, kw_only=True)
class Directory(Item):
    """
    A directory. What is in it is left alone.
    """

    path: str
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"

    @property
    def name(self) -> str:
        return self.path


@dataclass(frozen=True, kw_only=True)
class Absent(Item):
    """
    A file that is not to be there. Never removes a directory that has something in it.
    """

    path: str

    @property
    def name(self) -> str:
        return self.path


@dataclass(frozen=True, kw_only=True)
class Packages(Item):
    """
    Debian packages that are installed, without what they merely recommend.
    """

    names: tuple[str, ...]

    @property
    def name(self) -> str:
        return "packages"


@dataclass(frozen=True, kw_only=True)
class NoPackages(Item):
    """
    Debian packages that are not to be there.
    """

    names: tuple[str, ...]

    @property
    def name(self) -> str:
        return "packages"


@dataclass(frozen=True, kw_only=True)
class Unit(Item):
    """
    A systemd unit: whether it starts at boot, and whether it runs now. None: as it is. One that is off is also masked if it
    `is_masked`.
    """

    unit: str
    is_enabled: bool | None = True
    is_running: bool | None = True
    is_masked: bool = False

    @property
    def name(self) -> str:
        return self.unit


@dataclass(frozen=True, kw_only=True)
class Program(Item):
    """
    A program of `hosts/programs` with a function `converge(data, dry) -> [what was changed, ...]`. With `dry` it only looks,
    and says what it would change. It needs nothing but Python 3.11's standard library. `data` may hold secrets: it travels on
    standard input, and the program says none of it.
    """

    program: str
    data: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""

    @property
    def name(self) -> str:
        return self.title or self.program

    @property
    def source(self) -> str:
        """
        The program's text.
        """
        return (PROGRAMS / f"{self.program}.py").read_text()
