"""
The playbook that a converge is compared with does what the roles' items say, no more and no less.
"""

from __future__ import annotations

import pytest
import yaml

from benchmarks.ansible.playbook import playbook, task
from hosts.items import Absent, Directory, File, NoPackages, Packages, Program, Unit

RELOAD = ("systemctl", "reload", "x.service")


def test_each_item_is_one_task_of_the_right_module() -> None:
    """With the same content, owner, mode and state."""
    written = task(File(path="/etc/x", content="{{ a }}", mode=0o600, owner="x", check=("check", "{new}"), notify=(RELOAD,)))
    modules = {
        "ansible.builtin.file": [Directory(path="/etc/x.d"), Absent(path="/etc/y")],
        "ansible.builtin.apt": [Packages(names=("x",)), NoPackages(names=("y",))],
        "ansible.builtin.systemd_service": [Unit(unit="x.service"), Unit(unit="y.service", is_enabled=False, is_running=False)],
    }

    assert written["ansible.builtin.copy"] == {
        "dest": "/etc/x",
        "content": "{{ a }}",
        "owner": "x",
        "group": "root",
        "mode": "0600",
        "validate": "check %s",
    }
    assert "content: !unsafe '{{ a }}'" in yaml.safe_dump(written)
    assert written["notify"] == ["systemctl reload x.service"]
    for module, items in modules.items():
        assert all(module in task(item) for item in items)


def test_what_a_container_cannot_have_is_left_out_and_a_command_is_a_handler_once() -> None:
    """As the roles do it."""
    items = [
        File(path="/a", content="", notify=(RELOAD,)),
        File(path="/b", content="", notify=(RELOAD,)),
        File(path="/c", content="", not_in_container="no kernel"),
    ]
    [play] = playbook({"role": items})

    assert [found["name"] for found in play["tasks"]] == ["/a", "/b"]
    assert [found["ansible.builtin.command"]["argv"] for found in play["handlers"]] == [list(RELOAD)]


def test_a_program_has_no_like() -> None:
    """A role with one cannot be compared, and is not quietly compared without it."""
    with pytest.raises(TypeError, match="no module for Program"):
        task(Program(program="cluster"))
