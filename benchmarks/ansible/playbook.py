"""
What roles want of a server -> an Ansible playbook that has the same of it: one task for each item, with Ansible's own modules,
and a handler for each command that a changed item calls for.

Programs have no like in Ansible's modules: roles with one are not compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from hosts.items import Absent, Command, Directory, File, Item, NoPackages, Packages, Unit

Task = dict[str, Any]


class Verbatim(str):
    """
    A text that Ansible takes as it is: with braces in it, others are templates.
    """


def _verbatim(dumper: yaml.SafeDumper, text: Verbatim) -> yaml.ScalarNode:
    return dumper.represent_scalar("!unsafe", str(text))


yaml.SafeDumper.add_representer(Verbatim, _verbatim)


def playbook(roles: Mapping[str, Sequence[Item]]) -> list[dict[str, Any]]:
    """
    One play. Facts are not gathered, because no task needs any; what a container cannot have is left out, as Flotilla does.
    """
    items = [item for wanted in roles.values() for item in wanted if not item.not_in_container]
    commands = dict.fromkeys(command for item in items for command in item.notify)
    return [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [task(item) for item in items],
            "handlers": [{"name": _title(command), "ansible.builtin.command": {"argv": list(command)}} for command in commands],
        }
    ]


def task(item: Item) -> Task:
    """
    The task for one item.

    Raises: TypeError for a kind of item that Ansible has no module for.
    """
    module, arguments = _module(item)
    found: Task = {"name": item.name, module: arguments}
    if isinstance(item, Unit) and not item.is_running:
        # Ansible fails for a unit that is not known, which is off enough.
        found["failed_when"] = False
    if item.notify:
        found["notify"] = [_title(command) for command in item.notify]
    return found


def _module(item: Item) -> tuple[str, dict[str, Any]]:
    match item:
        case File():
            arguments = {"dest": item.path, "content": Verbatim(item.content), **_access(item)}
            if item.check:
                arguments["validate"] = " ".join(item.check).replace("{new}", "%s")
            return "ansible.builtin.copy", arguments
        case Directory():
            return "ansible.builtin.file", {"path": item.path, "state": "directory", **_access(item)}
        case Absent():
            return "ansible.builtin.file", {"path": item.path, "state": "absent"}
        case Packages():
            return "ansible.builtin.apt", {"name": list(item.names), "state": "present", "install_recommends": False}
        case NoPackages():
            return "ansible.builtin.apt", {"name": list(item.names), "state": "absent", "purge": True}
        case Unit():
            return "ansible.builtin.systemd_service", _unit(item)
    raise TypeError(f"{item.name}: Ansible has no module for {type(item).__name__}")


def _access(item: File | Directory) -> dict[str, Any]:
    return {"owner": item.owner, "group": item.group, "mode": f"{item.mode:04o}"}


def _unit(item: Unit) -> dict[str, Any]:
    arguments: dict[str, Any] = {"name": item.unit}
    if item.is_enabled is not None:
        arguments["enabled"] = item.is_enabled
    if item.is_running is not None:
        arguments["state"] = "started" if item.is_running else "stopped"
    return {**arguments, "masked": True} if item.is_masked else arguments


def _title(command: Command) -> str:
    return " ".join(command)
