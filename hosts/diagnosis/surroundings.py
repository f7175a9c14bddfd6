"""
What the server measures of itself, whom it reaches, and what takes its memory.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from hosts.probe.reading import run

TIMEOUT_S = 5.0
LONGEST_ANSWER = 2_000_000
STEP_S = 60
# What Prometheus is asked for, over the time before: {name: query}.
QUERIES: Mapping[str, str] = {
    "up": "up",
    "memory_available": "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
    "disk_available": 'node_filesystem_avail_bytes{fstype=~"ext4|xfs"} / node_filesystem_size_bytes{fstype=~"ext4|xfs"}',
    "load": "node_load5",
    "errors": 'sum by (proxy) (rate(haproxy_backend_http_responses_total{code="5xx"}[5m]))',
    "requests": "sum by (proxy) (rate(haproxy_backend_http_requests_total[5m]))",
    "response_time": "max by (proxy) (haproxy_backend_response_time_average_seconds)",
    "sites": "probe_success",
    "restarts": "flotilla_container_restarts_total",
    "out_of_memory": "flotilla_container_oom_kills_total",
    "database": "pg_up",
}


def measures(urls: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """
    What each of the server's exporters says now: {job: {"text"} or {"error"}}.
    """
    return {job: _fetched(url) for job, url in urls.items()}


def _fetched(url: str) -> dict[str, Any]:
    try:
        with urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the fleet's own, named by its settings
            return {"text": answer.read(LONGEST_ANSWER).decode(errors="replace")}
    except OSError as error:
        return {"error": f"{url}: {error}"}


def prometheus(address: str, since: int) -> dict[str, Any]:
    """
    What Prometheus remembers since a moment, one value a minute, and the alerts that are on.
    """
    until = int(time.time())
    found: dict[str, Any] = {"alerts": _asked(f"{address}/api/v1/alerts"), "series": {}}
    for name, query in QUERIES.items():
        asked = urlencode({"query": query, "start": since, "end": until, "step": max(STEP_S, (until - since) // 500)})
        found["series"][name] = _asked(f"{address}/api/v1/query_range?{asked}")
    return found


def _asked(url: str) -> Any:
    answer = _fetched(url)
    return json.loads(answer["text"]).get("data") if "text" in answer else answer


def connections(peers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    Whether each of these addresses takes a connection: [{name, address, port, is_open, error}].
    """
    found = []
    for peer in peers:
        row = {"name": peer["name"], "address": peer["address"], "port": peer["port"], "is_open": True, "error": ""}
        try:
            socket.create_connection((peer["address"], peer["port"]), timeout=2).close()
        except OSError as error:
            row |= {"is_open": False, "error": os.strerror(error.errno) if error.errno else str(error)}
        found.append(row)
    return found


def resolving(names: Sequence[str]) -> list[dict[str, Any]]:
    """
    What this server's own resolver makes of names.
    """
    found = []
    for name in names:
        try:
            addresses = sorted({str(row[4][0]) for row in socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)})
            found.append({"name": name, "addresses": addresses, "error": ""})
        except OSError as error:
            found.append({"name": name, "addresses": [], "error": str(error)})
    return found


def processes() -> str:
    """
    Who takes most memory, without arguments, which may be secret.
    """
    lines = run("ps", "-eo", "pid,ppid,user,stat,etimes,pcpu,rss,comm", "--sort=-rss").splitlines()
    return "\n".join(lines[:60]) + "\n"
