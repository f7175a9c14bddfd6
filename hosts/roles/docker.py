"""
Docker on the servers that run containers. On the others `common` switches it off.

daemon.json counts when Docker starts, so a change of it restarts Docker, and with it every container of the server: Docker can
keep them running meanwhile (live-restore) only outside a swarm. Source: docs.docker.com, "Live restore", read 2026-11-26.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hosts.host import Host
from hosts.items import Command, File, Item, Packages, Unit

CONFIGURATION = "/etc/docker/daemon.json"
PRUNE = "/usr/local/sbin/flotilla-prune"
RESTART: tuple[Command, ...] = (("systemctl", "daemon-reload"), ("systemctl", "restart", "docker.service"))
RELOAD: tuple[Command, ...] = (("systemctl", "daemon-reload"),)
METRICS_PORT = 9323


def configuration(docker: Mapping[str, Any]) -> dict[str, Any]:
    """
    daemon.json. Source of the rules: CIS Docker benchmark 1.6, section 2, read 2026-11-26.
    """
    files = docker["open_files"]
    return {
        "log-driver": "json-file",
        "log-opts": {"max-size": "10m", "max-file": "3"},
        "default-ulimits": {"nofile": {"Name": "nofile", "Hard": files, "Soft": files}} if files else {},
        "no-new-privileges": True,
        "icc": False,
        # Needed for visitors with IPv6 addresses only: Docker's own rules lead to containers by IPv4.
        "userland-proxy": docker["has_ipv6"],
        "live-restore": False,
        "bip": f"{docker['bridge_address']}/24",
        "default-address-pools": [{"base": docker["bridge_network"], "size": 24}],
        "metrics-addr": f"{docker['address']}:{METRICS_PORT}",
        "experimental": True,
        "max-concurrent-downloads": 3,
        "shutdown-timeout": 30,
    }


def unit(address: str) -> str:
    """
    What is added to Docker's unit: its metrics are on the private address, which a network that was attached just now has some
    seconds later. Docker would not start without.
    """
    wait = f"for try in $(seq 60); do ip -o -4 address show | grep -qF ' {address}/' && exit; sleep 1; done"
    return (
        "# Written by Flotilla (hosts/roles/docker.py).\n"
        "[Service]\n"
        f'ExecStartPre=-/bin/sh -c "{wait.replace("$", "$$")}"\n'
        "TimeoutStartSec=180\n"
    )


def wanted(host: Host) -> Sequence[Item]:
    """
    The engine with its settings, and a timer that removes images that nobody will need.
    """
    docker = host.roles["docker"]
    text = json.dumps(configuration(docker), indent=2, sort_keys=True) + "\n"
    return [
        Packages(names=("docker.io", "iptables")),
        File(path="/etc/systemd/system/docker.service.d/90-flotilla.conf", content=unit(docker["address"]), notify=RESTART),
        File(path=CONFIGURATION, content=text, check=("python3", "-m", "json.tool", "{new}", "/dev/null"), notify=RESTART),
        Unit(unit="containerd.service"),
        Unit(unit="docker.service"),
    ]
