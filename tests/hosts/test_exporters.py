"""
What each server tells of itself, and to whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from hosts.host import Host
from hosts.items import Absent, File, Item, Packages, Unit
from hosts.roles import exporters
from hosts.roles.daemon import Daemon

ALL = {"node": 9100, "haproxy": 8405, "postgres": 9187}
HAPROXY = {"socket": "/run/flotilla/haproxy/metrics.sock", "user": 99}


def host(**told: Any) -> Host:
    declared = {"address": "10.0.1.2", "ports": {"node": 9100}, "haproxy": None, "has_containers": False, "database_port": 5432}
    declared |= told
    declaration = {"server": "app-1", "environment": "local", "roles": {"common": {}, "exporters": declared}}
    return Host(declaration=declaration, key="k" * 40)


def everything() -> Sequence[Item]:
    return exporters.wanted(host(ports=ALL, haproxy=HAPROXY, has_containers=True))


def text(items: Sequence[Item], end: str) -> str:
    return next(item.content for item in items if isinstance(item, File) and item.path.endswith(end))


def test_everything_listens_on_the_private_address_only() -> None:
    """Whatever says where it listens says this address."""
    items = everything()

    assert "--web.listen-address=10.0.1.2:9100" in text(items, "node-exporter.service.d/flotilla.conf")
    assert "--web.listen-address=10.0.1.2:9187" in text(items, "postgres-exporter.service.d/flotilla.conf")
    assert "ListenStream=10.0.1.2:8405" in text(items, "haproxy-measures.socket")
    for item in items:
        if isinstance(item, File):
            assert "0.0.0.0" not in item.content  # noqa: S104 -- it must not be there


def test_a_daemon_has_its_arguments_before_its_package_starts_it() -> None:
    """It never listens where Debian's defaults say."""
    items = list(everything())
    kinds = {
        name: next(number for number, item in enumerate(items) if isinstance(item, Packages) and name in item.names)
        for name in ("prometheus-node-exporter", "prometheus-postgres-exporter")
    }

    for name, package in kinds.items():
        drop_in = next(number for number, item in enumerate(items) if item.name.endswith(f"/{name}.service.d/flotilla.conf"))
        running = next(number for number, item in enumerate(items) if item.name == f"{name}.service")
        assert drop_in < package < running


def test_a_server_without_containers_has_no_measures_of_them() -> None:
    """Those of a server that had some would be believed for ever."""
    items = exporters.wanted(host())

    assert Absent(path="/var/lib/prometheus/node-exporter/flotilla-containers.prom") in items
    assert Unit(unit="flotilla-container-measures.timer", is_enabled=False, is_running=False) in items
    assert not [item for item in items if "haproxy" in item.name or "postgres" in item.name]


def test_the_password_of_postgresql_is_in_a_file_of_the_exporters_own() -> None:
    """And nowhere else: not in the daemon's arguments, nor in its environment."""
    items = everything()
    password = host().secret("postgresql", "monitoring")
    holding = [item for item in items if isinstance(item, File) and password in item.content]

    assert [(item.path, item.mode, item.owner, item.is_secret) for item in holding] == [
        ("/etc/flotilla/exporters/postgres-password", 0o600, "prometheus", True)
    ]


@pytest.mark.parametrize(
    ("argument", "written"),
    [
        ("--a=10.0.1.2:9100", "--a=10.0.1.2:9100"),
        ("--m=^(a|b)($|/)", '"--m=^(a|b)($$|/)"'),
        ("--x=a b", '"--x=a b"'),
        ('--x="%i"', '"--x=\\"%%i\\""'),
        (r"--u=.+\.(service)", r"--u=.+\\.(service)"),
    ],
)
def test_arguments_are_written_as_systemd_reads_them(argument: str, written: str) -> None:
    """What is special to it stands for itself."""
    drop_in = Daemon(unit="x", argv=["/usr/bin/x", argument]).drop_in()

    assert f"ExecStart=/usr/bin/x {written}\n" in drop_in.content
