"""
A real machine under audit: what a look at it finds, and what it found before something was done to it.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hosts.probe.script import script
from ops import ssh
from ops.audit import collect, outside
from ops.audit.catalog import CHECKS
from ops.audit.rule import run
from ops.audit.scene import Host, Scene
from ops.report import Finding

if TYPE_CHECKING:
    from tests.integration.plugin_machine import Machine

NAME = "machine"
CHECKED = ("hosts", "security", "containers", "data", "drift")
TIMEOUT_S = 30
# Says how busy this computer is, on which machines only are guests.
OF_THIS_COMPUTER = ("hosts.load-high", "hosts.memory-low")


@dataclass(frozen=True, kw_only=True)
class Watched:
    """
    A machine with how it is reached: past any published port, at its own address.
    """

    machine: Machine
    address: str
    host_key: str
    admin_key: str

    def do(self, script_text: str) -> str:
        """
        Do something to it as root.
        """
        return self.machine.run("bash", "-ec", script_text)

    def host(self) -> Host:
        """
        As outputs would tell it.
        """
        roles = ("app", "ingress", "backup")
        return Host(name=NAME, stack="local", address=self.address, host_key=self.host_key, roles=roles)

    def look(self) -> Host:
        """
        The machine after one look.
        """
        asked, target = time.time(), ssh.Target(name=NAME, address=self.address, host_key=self.host_key)
        answers = asyncio.run(
            ssh.run_everywhere([target], collect.COMMAND, stdin=script(), private_key=self.machine.key, timeout_s=TIMEOUT_S)
        )
        seen = collect.answered(self.host(), answers[NAME], asked)
        listening = {row["port"] for row in seen.see("listening") if row["protocol"] == "tcp"} if not seen.problem else set()
        ports = asyncio.run(outside.ports(self.address, listening))
        return replace(seen, sections={**seen.sections, "ports": ports})

    def findings(self, outputs: dict[str, Any] | None = None) -> set[Finding]:
        """
        What all checks of hosts find.
        """
        return judged([self.look()], self.admin_key, outputs)


def judged(hosts: Sequence[Host], admin_key: str, outputs: dict[str, Any] | None = None) -> set[Finding]:
    """
    What the checks of hosts say of these; findings about the cloud are left out, since nobody looked there.
    """
    document = {"environment": {"stack": "local", "name": "local"}, "projects": {}, **(outputs or {})}
    document["servers"] = {host.name: {"volume_gb": None} for host in hosts}
    wanted = {
        "admin_keys": {"tester": admin_key},
        "service_keys": {},
        "releases": None,
        "records": [],
        "is_proxied": False,
        "paths": {},
        "secrets": {"rotation_days": 365, "set_on": {}},
    }
    scene = Scene(now=time.time(), outputs=document, wanted=wanted, hosts=tuple(hosts))
    found = {finding for name in CHECKED for finding in run(CHECKS[name], scene)[0]}
    return {finding for finding in found if finding.resource != "cloud" and finding.id not in OF_THIS_COMPUTER}


def watched(machine: Machine) -> Watched:
    """
    A machine of the sandbox's image, as it is.
    """
    networks = json.loads(_docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", machine.name))
    return Watched(
        machine=machine,
        address=next(iter(networks.values()))["IPAddress"],
        host_key=" ".join(machine.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]),
        admin_key=" ".join(Path(f"{machine.key}.pub").read_text().split()[:2]),
    )


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout


def carry_out(machine: Watched, command_line: str) -> None:
    """
    Do what a finding says is to be done, as `flotilla host ssh` does it: the words behind `--`, quoted for the shell there.
    """
    words = shlex.split(command_line)
    assert words[: words.index("--") + 1] == ["flotilla", "host", "ssh", "-s", "local", NAME, "--"]
    key = ["-i", str(machine.machine.key), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"]
    there = [f"root@{machine.address}", shlex.join(words[words.index("--") + 1 :])]
    command = ["ssh", *key, "-o", "UserKnownHostsFile=/dev/null", *there]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command_line}\n{done.stderr}"
