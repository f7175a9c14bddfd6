"""
What every server tells of itself: node exporter with the measures that other roles write, and an exporter for each thing that
it runs. They listen on the private address only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hosts.host import Host
from hosts.items import Absent, Directory, File, Item, Packages, Unit
from hosts.roles.daemon import RELOAD_UNITS, Daemon

# Debian's node exporter reads every `*.prom` here.
TEXTFILES = "/var/lib/prometheus/node-exporter"
CONFIGURATION = "/etc/flotilla/exporters"
PROGRAMS = "/usr/local/lib/flotilla"
SYSTEMD = "/etc/systemd/system"
# Containers come and go, and so do their mounts, network cards and users' sessions: none of them is the server's. Of the rest,
# where a machine is a container itself, Docker mounts single files and the answers to cloud-init from its host's disk.
MOUNTS = (
    r"^/(dev|proc|run|sys|tmp|var/lib/docker/.+|var/lib/containerd/.+|var/lib/cloud/.+|etc/(hosts|hostname|resolv[.]conf))($|/)"
)
DEVICES = r"^(veth.*|br-.*|docker.*)$"
UNITS = r".+\.(service|timer|mount|socket)"
SESSIONS = r"(user|session|init)[@-].*"
SOURCES = Path(__file__).parents[1] / "files"


def wanted(host: Host) -> Sequence[Item]:
    """
    Exporters for what the server has.
    """
    told = host.roles["exporters"]
    items = [*_node(told), Directory(path=CONFIGURATION), Directory(path=PROGRAMS)]
    items += _containers() if told["has_containers"] else _no_containers()
    if told["haproxy"]:
        items += _haproxy(told)
    if "postgres" in told["ports"]:
        items += _postgres(host, told)
    return items


def _listen(told: Mapping[str, Any], job: str) -> str:
    return f"{told['address']}:{told['ports'][job]}"


def _node(told: Mapping[str, Any]) -> list[Item]:
    daemon = Daemon(
        unit="prometheus-node-exporter",
        argv=[
            "/usr/bin/prometheus-node-exporter",
            f"--web.listen-address={_listen(told, 'node')}",
            f"--collector.textfile.directory={TEXTFILES}",
            "--collector.systemd",
            f"--collector.systemd.unit-include={UNITS}",
            f"--collector.systemd.unit-exclude={SESSIONS}",
            f"--collector.filesystem.mount-points-exclude={MOUNTS}",
            f"--collector.netclass.ignored-devices={DEVICES}",
            f"--collector.netdev.device-exclude={DEVICES}",
        ],
    )
    return [
        daemon.drop_in(),
        Packages(names=("prometheus-node-exporter",)),
        Directory(path=TEXTFILES),
        daemon.running(),
    ]


def _containers() -> list[Item]:
    """
    Counted by a program of ours every few seconds: nothing of Debian's does.
    """
    name = "flotilla-container-measures"
    program = File(
        path=f"{PROGRAMS}/container_measures.py", content=(SOURCES / "container_measures.py").read_text(), mode=0o755
    )
    service = f"""\
# Written by Flotilla; changes are lost.
[Unit]
Description=Measures of containers for Prometheus
After=docker.service

[Service]
Type=oneshot
ExecStart=/usr/bin/python3 -I {PROGRAMS}/container_measures.py {TEXTFILES}/flotilla-containers.prom
StateDirectory=flotilla-container-measures
StateDirectoryMode=0700
TimeoutStartSec=60s
Nice=5
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true
PrivateNetwork=true
RestrictAddressFamilies=AF_UNIX
ReadWritePaths={TEXTFILES}
"""
    timer = """\
# Written by Flotilla; changes are lost.
[Unit]
Description=Measures of containers for Prometheus

[Timer]
OnBootSec=10s
OnUnitInactiveSec=15s
AccuracySec=1s

[Install]
WantedBy=timers.target
"""
    again = (RELOAD_UNITS, ("systemctl", "restart", f"{name}.timer"))
    return [
        program,
        File(path=f"{SYSTEMD}/{name}.service", content=service, notify=again),
        File(path=f"{SYSTEMD}/{name}.timer", content=timer, notify=again),
        Unit(unit=f"{name}.timer"),
    ]


def _no_containers() -> list[Item]:
    """
    Old measures of a server that had some would be believed for ever.
    """
    return [
        Unit(unit="flotilla-container-measures.timer", is_enabled=False, is_running=False),
        Absent(path=f"{TEXTFILES}/flotilla-containers.prom"),
    ]


def _haproxy(told: Mapping[str, Any]) -> list[Item]:
    """
    HAProxy, in its container, tells its measures on a socket that is a file: systemd leads the private address there. It may
    listen before that address is there. The container's user has no name on the server, which systemd's `User=` asks for.
    """
    name, user = "flotilla-haproxy-measures", told["haproxy"]["user"]
    as_user = f"/usr/bin/setpriv --reuid={user} --regid={user} --clear-groups"
    socket = f"""\
# Written by Flotilla; changes are lost.
[Unit]
Description=HAProxy's measures for Prometheus

[Socket]
ListenStream={_listen(told, "haproxy")}
FreeBind=true
TriggerLimitIntervalSec=0

[Install]
WantedBy=sockets.target
"""
    service = f"""\
# Written by Flotilla; changes are lost.
[Unit]
Description=HAProxy's measures for Prometheus
Requires={name}.socket
After={name}.socket
StartLimitIntervalSec=0

[Service]
ExecStart={as_user} /lib/systemd/systemd-socket-proxyd --connections-max=16 --exit-idle-time=10min {told["haproxy"]["socket"]}
NoNewPrivileges=true
CapabilityBoundingSet=CAP_SETUID CAP_SETGID
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
"""
    again = (RELOAD_UNITS, ("systemctl", "stop", f"{name}.service"), ("systemctl", "restart", f"{name}.socket"))
    return [
        File(path=f"{SYSTEMD}/{name}.socket", content=socket, notify=again),
        File(path=f"{SYSTEMD}/{name}.service", content=service, notify=again),
        Unit(unit=f"{name}.socket"),
    ]


def _postgres(host: Host, told: Mapping[str, Any]) -> list[Item]:
    """
    PostgreSQL is asked as the role `flotilla_monitoring`, which may read statistics and no data. The password is in a file that
    only the exporter reads.
    """
    password = f"{CONFIGURATION}/postgres-password"
    daemon = Daemon(
        unit="prometheus-postgres-exporter",
        argv=["/usr/bin/prometheus-postgres-exporter", f"--web.listen-address={_listen(told, 'postgres')}"],
        service=[
            "Environment=DATA_SOURCE_USER=flotilla_monitoring",
            f"Environment=DATA_SOURCE_PASS_FILE={password}",
            f"Environment=DATA_SOURCE_URI=127.0.0.1:{told['database_port']}/postgres?sslmode=require",
            "UnsetEnvironment=DATA_SOURCE_NAME",
        ],
    )
    return [
        daemon.drop_in(),
        Packages(names=("prometheus-postgres-exporter",)),
        File(
            path=password,
            content=host.secret("postgresql", "monitoring"),
            mode=0o600,
            owner="prometheus",
            group="prometheus",
            is_secret=True,
            notify=(daemon.restart,),
        ),
        daemon.running(),
    ]
