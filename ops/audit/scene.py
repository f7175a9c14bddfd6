"""
What an audit has seen, as plain data: rules get this and nothing else.

Each thing that was looked at is a subject with sections, as the probe has them: `{"data": ...}`, or `{"error": "why not"}`.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
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
class Host(Subject):
    """
    A server of a stack. Where it did not answer, `problem` says why; `is_impostor`: it showed another host key than the pinned
    one. The section `ports` is {port: whether it is open from here}.
    """

    stack: str
    address: str
    private_ip: str = ""
    host_key: str = ""
    roles: tuple[str, ...] = ()
    problem: str = ""
    is_impostor: bool = False

    def command(self, *argv: str) -> str:
        """
        A command line for a person here that runs this on the host. Quoted: names that come from a host are no commands.
        """
        return shlex.join(["flotilla", "host", "ssh", "-s", self.stack, self.name, "--", *argv])


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
class Scene:
    """
    Everything. `outputs` is the stack's document; `wanted` is what settings say beside it, see `ops/audit/wanted.py`.
    """

    now: float
    outputs: Mapping[str, Any]
    wanted: Mapping[str, Any]
    hosts: tuple[Host, ...] = ()
    sites: tuple[Site, ...] = ()
    records: tuple[Record, ...] = ()
    cloud: Cloud = Cloud(name="cloud")

    @property
    def stack(self) -> str:
        """
        The stack's name.
        """
        return str(self.outputs["environment"]["stack"])

    def subjects(self, kind: type[Subject]) -> tuple[Subject, ...]:
        """
        All of one kind; hosts that did not answer are none that rules can judge.
        """
        hosts = (host for host in self.hosts if not host.problem)
        everything = (*hosts, *self.sites, *self.records, self.cloud, Fleet(name=self.stack))
        return tuple(subject for subject in everything if isinstance(subject, kind))
