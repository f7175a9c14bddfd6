"""
The logs of the sandbox: files of services, the registry's output, the machines' journals.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ops.errors import MissingToolError, SettingsError
from sandbox import docker_host, labelled
from sandbox.execute import follow as follow_in
from sandbox.instance import Instance, load

FILES = {"cloud": "cloud.log", "docker": "docker.log"}
POLL_S = 0.3


def read(checkout: Path, what: str, lines: int, *, follow: bool) -> Iterator[str]:
    """
    The last lines of a log, and with `follow` whatever is added, until the reader stops.

    Raises: SettingsError for a log that there is none of; MissingToolError where there is no sandbox, or Docker is down.
    """
    instance = load(checkout)
    if instance is None:
        raise MissingToolError("flotilla sandbox: there is none yet, so there are no logs. Run `flotilla sandbox start`.")
    if what in FILES:
        return _file(instance.logs / FILES[what], lines, follow=follow)
    client = docker_host.connect()
    if client is None:
        raise MissingToolError("docker: no daemon answers, so this log cannot be read. Run `flotilla sandbox start`.")
    if what == "registry":
        return _output(_container(client, instance.registry_name, instance, what), lines, follow=follow)
    return _journal(client, _container(client, instance.name("srv", what), instance, what), what, lines, follow=follow)


def _file(path: Path, lines: int, *, follow: bool) -> Iterator[str]:
    try:
        with path.open(errors="replace") as log:
            yield "".join(log.readlines()[-lines:])
            while follow:
                added = log.read()
                if added:
                    yield added
                else:
                    time.sleep(POLL_S)
    except FileNotFoundError:
        yield ""


def _output(container: Any, lines: int, *, follow: bool) -> Iterator[str]:
    if not follow:
        yield container.logs(tail=lines).decode(errors="replace")
        return
    for piece in container.logs(tail=lines, stream=True, follow=True):
        yield piece.decode(errors="replace")


def _journal(client: Any, container: Any, name: str, lines: int, *, follow: bool) -> Iterator[str]:
    if container.status != "running":
        raise MissingToolError(
            f"{name}: the machine is off, so its journal cannot be read. Run `flotilla sandbox start`, or switch it on."
        )
    command = ["journalctl", "--no-pager", "-n", str(lines), *(["--follow"] if follow else [])]
    return follow_in(client, container.id, command)


def _container(client: Any, name: str, instance: Instance, what: str) -> Any:
    from docker.errors import APIError, NotFound

    try:
        return client.containers.get(name)
    except (NotFound, APIError) as error:
        prefix = f"{instance.name('srv')}-"
        found = client.containers.list(all=True, filters=labelled.of(instance))
        names = [row.name.removeprefix(prefix) for row in found if row.name.startswith(prefix)]
        choice = ", ".join([*FILES, "registry", *sorted(names)])
        raise SettingsError(f"{what}: there is no such log. Nothing was shown. Choose one of: {choice}.") from error
