"""
What an audit has seen, as plain data: rules get this and nothing else.

Each thing that was looked at is a subject with sections, as the probe has them: `{"data": ...}`, or `{"error": "why not"}`.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any


class UnseenError(Exception):
    """
    Something that a rule asks for could not be looked at; the text says why.
    """


@dataclass(frozen=True, kw_only=True)
class Subject:
    """
    Something that rules judge.
    """

    name: str
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def see(self, section: str) -> Any:
        """
        What is in a section.

        Raises: UnseenError
        """
        found = self.sections.get(section)
        if found is None:
            raise UnseenError(f"`{section}` is not in what it answered")
        if "error" in found:
            raise UnseenError(str(found["error"]))
        return found["data"]


@dataclass(frozen=True, kw_only=True)
class Machine(Subject):
    """
    Something that is seen by logging in to a server of a stack. Where it did not answer, `problem` says why.
    """

    stack: str
    problem: str = ""

    def command(self, *argv: str) -> str:
        """
        A command line for a person here that runs this on the host. Quoted: names that come from a host are no commands.
        """
        return shlex.join(["flotilla", "host", "ssh", "-s", self.stack, self.name, "--", *argv])


@dataclass(frozen=True, kw_only=True)
class Host(Machine):
    """
    A server of a stack. `is_impostor`: it showed another host key than the pinned one. The section `ports` is {port: whether it
    is open from here}.
    """

    address: str
    private_ip: str = ""
    host_key: str = ""
    roles: tuple[str, ...] = ()
    is_impostor: bool = False


@dataclass(frozen=True, kw_only=True)
class Site(Subject):
    """
    A name that is served. Its sections are `http`, `https` and `tls`, as they are seen from here; `target` is where a name that
    only redirects sends people, `path` what is asked for.
    """

    project: str
    address: str
    target: str = ""
    path: str = "/"


@dataclass(frozen=True, kw_only=True)
class Record(Subject):
    """
    What a name has to have in the DNS of one kind, such as `A`; nothing, where it must have none. `is_exact`: and nothing else.
    Its section `answer` is what the zone's name server says.
    """

    kind: str
    contents: tuple[str, ...]
    is_exact: bool = True
    is_proxied: bool = False


@dataclass(frozen=True, kw_only=True)
class Fleet(Subject):
    """
    The environment as a whole: for rules that judge what is or is not in it.
    """


@dataclass(frozen=True, kw_only=True)
class Cloud(Subject):
    """
    The environment as the engine and the cloud tell it: sections `refresh` and `state`, and `servers`, `volumes`, ... of the
    cloud's lists.
    """


@dataclass(frozen=True, kw_only=True)
class Code(Subject):
    """
    The checkout: what its program would change (section `preview`), and which names each project's source uses (`names`).
    """


@dataclass(frozen=True, kw_only=True)
class Documents(Subject):
    """
    What people read: generated pages, links, and commands that are named.
    """


@dataclass(frozen=True, kw_only=True)
class Journal(Machine):
    """
    What a server's containers wrote lately: section `logs`.
    """


@dataclass(frozen=True, kw_only=True)
class Served(Subject):
    """
    A project as it was served lately, on all servers together: sections `containers` and `requests`.
    """


@dataclass(frozen=True, kw_only=True)
class Scene:
    """
    Everything. `outputs` is the stack's document; `wanted` is what settings say beside it, see `ops/audit/wanted.py`. `further`
    are subjects of kinds that an audit does not look at.
    """

    now: float
    outputs: Mapping[str, Any]
    wanted: Mapping[str, Any]
    hosts: tuple[Host, ...] = ()
    sites: tuple[Site, ...] = ()
    records: tuple[Record, ...] = ()
    cloud: Cloud = Cloud(name="cloud")
    further: tuple[Subject, ...] = ()

    @property
    def stack(self) -> str:
        """
        The stack's name.
        """
        return str(self.outputs["environment"]["stack"])

    @property
    def everything(self) -> tuple[Subject, ...]:
        """
        All subjects, those that did not answer too.
        """
        return (*self.hosts, *self.sites, *self.records, self.cloud, Fleet(name=self.stack), *self.further)

    def subjects(self, kind: type[Subject]) -> tuple[Subject, ...]:
        """
        All of one kind; machines that did not answer are none that rules can judge.
        """
        return tuple(found for found in self.everything if isinstance(found, kind) and not _is_unseen(found))

    def unseen(self, kinds: Collection[type[Subject]]) -> tuple[Machine, ...]:
        """
        The machines of these kinds that did not answer.
        """
        machines = (found for found in self.everything if isinstance(found, Machine) and found.problem)
        return tuple(found for found in machines if isinstance(found, tuple(kinds)))


def _is_unseen(subject: Subject) -> bool:
    return isinstance(subject, Machine) and bool(subject.problem)
