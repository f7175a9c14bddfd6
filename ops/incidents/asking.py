"""
What each server is asked in an incident: pure, from the stack's outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from hosts.diagnosis.script import Asked

INGRESS_IMAGES = ("caddy", "haproxy")
PROMETHEUS = "http://127.0.0.1:9090"
NODE, DOCKER, HAPROXY, POSTGRES, POOLER = 9100, 9323, 8405, 9187, 9127
"""As components/declarations/exporters.py has them: importing that would cost a second of SDKs, so a test compares."""
SWARM_PORT, POOLER_PORT, SSH_PORT = 2377, 6432, 22
LINES = 2000


def exporters(row: Mapping[str, Any], *, has_database: bool) -> dict[str, str]:
    """
    Where a server's measures are: {job: URL}.
    """
    roles = set(row["roles"])
    ports = {"node": NODE}
    if roles & {"app", "ingress"}:
        ports["docker"] = DOCKER
    if "ingress" in roles:
        ports["haproxy"] = HAPROXY
    if has_database:
        ports |= {"postgres": POSTGRES, "pgbouncer": POOLER}
    return {job: f"http://{row['private_ip']}:{port}/metrics" for job, port in ports.items()}


def asked(outputs: Mapping[str, Any], name: str, project: str | None, since: int) -> Asked:
    """
    What one server is asked. It tries to reach every other one as far as it has to.
    """
    servers = outputs["servers"]
    databases = {row["database"]["server"] for row in outputs["projects"].values() if row.get("database")}
    row = servers[name]
    roles = set(row["roles"])
    return Asked(
        project=project,
        since=since,
        lines=LINES,
        images=INGRESS_IMAGES if "ingress" in roles else (),
        exporters=exporters(row, has_database=name in databases),
        prometheus=PROMETHEUS if "monitoring" in roles else "",
        peers=[
            {"name": other, "address": servers[other]["private_ip"], "port": port}
            for other in sorted(servers)
            if other != name
            for port in _wanted_ports(roles, is_database=other in databases)
        ],
        names=names(outputs, project),
    )


def _wanted_ports(own: set[str], *, is_database: bool) -> list[int]:
    ports = [SSH_PORT] if "backup" in own else []
    if "monitoring" in own:
        ports.append(NODE)
    if "app" in own and is_database:
        ports.append(POOLER_PORT)
    return ports


def names(outputs: Mapping[str, Any], project: str | None) -> list[str]:
    """
    The names that a project (all without one) answers to, and the registry's.
    """
    chosen = [row for name, row in sorted(outputs["projects"].items()) if project in (None, name)]
    urls = [url for row in chosen for process in row["processes"].values() for url in process["urls"]]
    registry = outputs["environment"]["registry"].partition(":")[0]
    return list(dict.fromkeys([*(urlsplit(url).hostname or "" for url in urls), registry]))
