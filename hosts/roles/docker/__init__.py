"""
Docker on the servers that run containers. On the others `common` switches it off.

daemon.json counts when Docker starts, so a change of it restarts Docker, and with it every container of the server: Docker can
keep them running meanwhile (live-restore) only outside a swarm. Source: docs.docker.com, "Live restore", read 2026-11-26.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hosts.host import Host
from hosts.items import Absent, Command, File, Item, Packages, Unit

CONFIGURATION = "/etc/docker/daemon.json"
PRUNE = "/usr/local/sbin/flotilla-prune"
# For jobs and migrations (components/scripts/run_job.py), and for `docker --config /etc/flotilla/docker pull ...` by hand.
LOGIN = "/etc/flotilla/docker/config.json"
RESTART: tuple[Command, ...] = (("systemctl", "daemon-reload"), ("systemctl", "restart", "docker.service"))
TIMER = "flotilla-prune.timer"
RESTART_TIMER: tuple[Command, ...] = (("systemctl", "daemon-reload"), ("systemctl", "restart", TIMER))
METRICS_PORT = 9323


_TIMER = """\
[Unit]
Description=Remove images that nobody will need

[Timer]
OnCalendar=hourly
RandomizedDelaySec=10min
Persistent=true

[Install]
WantedBy=timers.target
"""


def prune_unit(kept_releases: int) -> str:
    """
    The service that removes images. Run often: it also notes which of them are in use.
    """
    return (
        "# Written by Flotilla (hosts/roles/docker/__init__.py).\n"
        "[Unit]\n"
        "Description=Remove images that nobody will need\n"
        "Requires=docker.service\n"
        "After=docker.service\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        f"ExecStart={PRUNE} {kept_releases}\n"
        "Nice=15\n"
        "IOSchedulingClass=idle\n"
        "ProtectHome=yes\n"
        "PrivateTmp=yes\n"
        "NoNewPrivileges=yes\n"
    )


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


def login(registry: str, user: str, password: str) -> str:
    """
    A Docker client's configuration that logs in to a registry.
    """
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    return json.dumps({"auths": {registry: {"auth": auth}}}, indent=2) + "\n"


def _registry(host: Host) -> list[Item]:
    """
    Whom Docker trusts to be the registry, and how to log in there. Docker reads the certificate at each pull.
    """
    docker = host.roles["docker"]
    authority, user = docker["registry_authority"], docker["registry_user"]
    trusted = f"/etc/docker/certs.d/{docker['registry']}/ca.crt"
    text = login(docker["registry"], user or "", host.registry_password)
    return [
        File(path=trusted, content=authority) if authority else Absent(path=trusted),
        File(path=LOGIN, content=text, mode=0o600, is_secret=True) if user else Absent(path=LOGIN),
    ]


def wanted(host: Host) -> Sequence[Item]:
    """
    The engine with its settings, and a timer that removes images that nobody will need.
    """
    docker = host.roles["docker"]
    program = (Path(__file__).parent / "prune.py").read_text()
    text = json.dumps(configuration(docker), indent=2, sort_keys=True) + "\n"
    return [
        Packages(names=("docker.io", "iptables")),
        File(path="/etc/systemd/system/docker.service.d/90-flotilla.conf", content=unit(docker["address"]), notify=RESTART),
        File(path=CONFIGURATION, content=text, check=("python3", "-m", "json.tool", "{new}", "/dev/null"), notify=RESTART),
        *_registry(host),
        Unit(unit="containerd.service"),
        Unit(unit="docker.service"),
        File(path=PRUNE, content=f"#!/usr/bin/python3 -I\n{program}", mode=0o755),
        File(
            path="/etc/systemd/system/flotilla-prune.service",
            content=prune_unit(docker["kept_releases"]),
            notify=RESTART_TIMER,
        ),
        File(path=f"/etc/systemd/system/{TIMER}", content=_TIMER, notify=RESTART_TIMER),
        Unit(unit=TIMER),
    ]
