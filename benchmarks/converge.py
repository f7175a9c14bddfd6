"""
A converge that has nothing to do, against Ansible with the same tasks.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.ansible.playbook import playbook
from benchmarks.measure import ROOT, Figure, paired_ratio
from components import declarations
from hosts import roles
from hosts.host import Host
from hosts.request import Request, Target, read
from tests.conftest import make_checkout
from tests.integration import plugin_machine

RUNS = 5
BAR = 0.33
REQUIREMENTS = ROOT / "benchmarks" / "ansible" / "requirements.lock"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "flotilla"
# Roles that are made of files, directories, packages and units only: what both sides can do.
COMPARED = ("exporters", "monitoring")
SERVER = "ops-1"
BOOT_S = 90
# As fast as Ansible gets: one connection for all tasks and runs, modules sent through it, no facts.
CONFIGURATION = """\
[defaults]
forks = 50
host_key_checking = False
interpreter_python = /usr/bin/python3
[connection]
pipelining = True
[ssh_connection]
pipelining = True
ssh_args = -o ControlMaster=auto -o ControlPersist=300s -o UserKnownHostsFile=/dev/null
"""


def converge_ratio() -> Figure:
    """
    The roles of the sandbox's monitoring server on a machine of its own. Both sides say that nothing was to be done, or the run
    does not count.
    """
    ansible = _ansible()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "machine").mkdir()
        with plugin_machine.started_machine(folder / "machine") as machine:
            _booted(machine)
            target = _target(machine, folder)
            _write_playbook(target, machine, folder)
            _ours(target)
            ratio = paired_ratio(lambda: _ours(target, counts=True), lambda: _theirs(ansible, folder), runs=RUNS)
    return Figure(name="converge_ratio", value=ratio, unit="x", bar=BAR, compared_with="ansible-core, same tasks", runs=RUNS)


def _ansible() -> Path:
    """
    The folder of Ansible's commands: an environment of its own in the user's cache, made once.
    """
    home = CACHE / f"ansible-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    if not (home / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        install = [home / "bin" / "pip", "install", "--quiet", "--require-hashes", "--only-binary=:all:"]
        # resolvelib and the like are wheels; nothing is built.
        subprocess.run([*install, "-r", REQUIREMENTS], check=True)
        (home / "complete").touch()
    return home / "bin"


def _booted(machine: plugin_machine.Machine) -> None:
    deadline = time.monotonic() + BOOT_S
    while "done" not in machine.run("sh", "-c", "cloud-init status || true"):
        if time.monotonic() > deadline:
            raise SystemExit(f"The machine did not boot within {BOOT_S} s. Nothing was recorded.")
        time.sleep(0.5)


def _target(machine: plugin_machine.Machine, folder: Path) -> Target:
    root = folder / "checkout"
    root.mkdir()
    checkout = make_checkout(root, [path.stem for path in (ROOT / "projects").glob("*.yaml")])
    checkout.release_all("local")
    settings = checkout.settings("local")
    own = machine.run("sh", "-c", "ip -4 -o addr show eth0").split()[3].partition("/")[0]
    addresses = {
        name: own if name == SERVER else f"10.0.1.{number}" for number, name in enumerate(("app-1", "data-1", SERVER), 2)
    }
    declared = declarations.declaration(settings, SERVER, addresses, {}, {})
    return Target(
        address=plugin_machine.ADDRESS,
        port=machine.port,
        host_key=" ".join(machine.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]),
        declaration={**declared, "roles": {name: declared["roles"][name] for name in COMPARED}},
        private_key=machine.key.read_text(),
        key="the key of an environment that is only there for benchmarks",
        notifications={"ops": "https://example.com/hook"},
    )


def _write_playbook(target: Target, machine: plugin_machine.Machine, folder: Path) -> None:
    # As the other process has it: what is declared is in another order once it was sent.
    [sent] = read(Request(targets=(target,)).text()).targets
    wanted = roles.wanted(Host(declaration=sent.declaration, key=sent.key, notifications=sent.notifications))
    (folder / "playbook.yml").write_text(yaml.safe_dump(playbook(wanted), sort_keys=False))
    (folder / "ansible.cfg").write_text(CONFIGURATION)
    reached = {
        "ansible_host": target.address,
        "ansible_port": target.port,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(machine.key),
    }
    (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": {SERVER: reached}}}))


def _ours(target: Target, *, counts: bool = False) -> float:
    """
    Seconds of one converge in its own process, as `pulumi up` runs it.
    """
    started = time.monotonic()
    argv = [sys.executable, "-m", "hosts.converge"]
    done = subprocess.run(argv, cwd=ROOT, input=Request(targets=(target,)).text(), capture_output=True, text=True, check=False)
    elapsed = time.monotonic() - started
    if done.returncode != 0:
        raise SystemExit(f"hosts.converge failed. Nothing was recorded.\n{done.stderr[-2000:]}")
    changes: list[dict[str, Any]] = json.loads(done.stdout)[0]["changes"]
    if counts and changes:
        raise SystemExit(f"hosts.converge changed something. Nothing was recorded.\n{changes}")
    return elapsed


def _theirs(ansible: Path, folder: Path) -> float:
    """
    Seconds of one `ansible-playbook` that changes nothing.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
    }
    started = time.monotonic()
    argv = [str(ansible / "ansible-playbook"), "-i", "inventory.json", "playbook.yml"]
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    elapsed = time.monotonic() - started
    recap = re.search(rf"{SERVER}\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=0\s+failed=0", done.stdout)
    if done.returncode != 0 or recap is None or recap[2] != "0":
        raise SystemExit(
            f"ansible-playbook failed or changed something. Nothing was recorded.\n{done.stdout[-3000:]}{done.stderr[-500:]}"
        )
    return elapsed
