"""
HAProxy's configuration: one file that knows no project, and one backend per process with a place for each release slot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from settings import Process
from settings.release import Release, Slot

UID = 99
CONFIGURATION = "/etc/flotilla/haproxy"
RUN = "/run/flotilla/haproxy"
# Requests come from this server's Caddy through a socket in a folder that only the two share: nobody else can speak to HAProxy.
ENTRANCE = "/run/flotilla/entrance"
SOCKET = f"{ENTRANCE}/requests.sock"
METRICS = f"{RUN}/metrics.sock"
PROCESS_HEADER = "X-Flotilla-Process"
ALIVE_PATH = "/.well-known/flotilla/alive"
WEIGHT_MAXIMUM = 256  # HAProxy's configuration manual, "weight"
PLACES = 4  # per slot; more only when there are more replicas, because another number takes a reload
PAGE = Path(__file__).with_name("pages") / "unavailable.html"
PAGE_FILE = f"{CONFIGURATION}/unavailable.html"
RETRY_AFTER_S = 120
# Requests of a client address are counted over so many seconds. Each that is remembered takes some 100 bytes.
RATE_WINDOW_S = 10
RATE_CLIENTS = 100_000

_VERSION = "@version@"
_LOG_FORMAT = '{"backend":"%b","server":"%s","status":%ST,"end":"%ts","method":"%HM","path":"%[var(txn.path),json]","ms":%Ta}'

# Caddy closes an idle connection first (30 s), so that none closes while a request is on its way.
# `hold`: a container that is gone is seen within a second. `load-server-state`: a reload starts with the servers that it saw.
# `bufsize`: more than Caddy lets through, so that there is one limit for headers. Query strings are not logged.
_BASE = f"""\
# Written by Flotilla; changes are lost.
global
  description {_VERSION}
  log stdout format raw local0 notice
  stats socket {RUN}/runtime.sock mode 600 level admin expose-fd listeners
  server-state-file {RUN}/servers.state
  hard-stop-after 5m
  maxconn 8000
  tune.bufsize 32768

resolvers docker
  nameserver docker 127.0.0.11:53
  resolve_retries 2
  timeout resolve 500ms
  timeout retry 500ms
  hold valid 500ms
  hold nx 500ms
  hold obsolete 1s

defaults
  mode http
  log global
  log-format '{_LOG_FORMAT}'
  option dontlog-normal
  option log-separate-errors
  load-server-state-from-file global
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 75s
  timeout queue 10s
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response
  http-error status 503 content-type "text/html; charset=utf-8" file {PAGE_FILE} hdr Retry-After {RETRY_AFTER_S}

frontend requests
  bind unix@{SOCKET} mode 666
  monitor-uri {ALIVE_PATH}
  http-request set-var(txn.path) path
  use_backend %[req.hdr({PROCESS_HEADER})]
  default_backend none

frontend metrics
  bind unix@{METRICS} mode 600
  http-request use-service prometheus-exporter if {{ path /metrics }}
  http-request deny

backend none
  http-request return status 503 content-type text/plain string "Nothing is served under this name."
"""


def base() -> str:
    """
    The configuration that all processes share. `description` tells a running HAProxy's version of it.
    """
    return _BASE.replace(_VERSION, version())


def version() -> str:
    """
    Names the shared configuration and the page: a HAProxy that has another one loaded is reloaded before the next switch.
    """
    return hashlib.sha256(f"{_BASE}{page()}".encode()).hexdigest()[:16]


def page() -> str:
    """
    What visitors see while nothing serves them. It needs nothing from anywhere.
    """
    return PAGE.read_text()


def backend_name(project: str, process: str) -> str:
    """
    What a process is called in the fleet: its backend, the backend's file, its services and slots begin with it.
    """
    return f"{project}-{process}"


def service_alias(name: str, slot: Slot) -> str:
    """
    The name on the containers' network that all containers of a process' slot answer to, whatever their release is.
    """
    return f"{name}-{slot}"


def server_weights(releases: Sequence[Release], *, is_closed: bool = False) -> Mapping[str, int]:
    """
    The weight of each server of each slot, so that releases get their shares: {slot: weight}, as fine as HAProxy can.

    All releases of a process have the same number of servers, so that shares of servers are shares of releases. `is_closed`:
    nobody serves, and visitors get the page.
    """
    shares = {} if is_closed else {release.slot: release.weight for release in releases}
    largest = max(shares.values(), default=1)
    return {slot.value: round(shares.get(slot, 0) * WEIGHT_MAXIMUM / largest) for slot in Slot}


def backend(name: str, process: Process, host: str, weights: Mapping[str, int]) -> str:
    """
    The backend of a process with a port and a health path; `host` is the name that health checks ask for.
    """
    if process.health is None:
        raise ValueError(f"{name}: a process without health has no backend")
    health, places = process.health, max(PLACES, process.replicas)
    lines = [
        "# Written by Flotilla; changes are lost. A release changes weights only, through the runtime API and here.",
        f"backend {name}",
        "  balance roundrobin",
        f"  http-request del-header {PROCESS_HEADER}",
        *_rate_limit(process.rate_limit),
        "  option httpchk",
        f"  http-check send meth GET uri {health.path} ver HTTP/1.1 hdr Host {host}",
        f"  timeout check {health.timeout_s}s",
        f"  default-server check inter 1s fastinter 250ms downinter 250ms fall {health.retries} rise 1 resolvers docker"
        " init-addr last,none",
    ]
    for slot in Slot:
        address = f"{service_alias(name, slot)}:{process.port}"
        lines.append(f"  server-template {slot} {places} {address} weight {weights[slot]}")
    return "\n".join(lines) + "\n"


def _rate_limit(per_second: int | None) -> list[str]:
    """
    Turn away who asks too often. The client's address is what Caddy says: nobody else can speak to this HAProxy. Whoever has an
    IPv6 network has all of its addresses: it counts as one client.
    """
    if per_second is None:
        return []
    return [
        f"  stick-table type ipv6 size {RATE_CLIENTS} expire {2 * RATE_WINDOW_S}s store http_req_rate({RATE_WINDOW_S}s)",
        "  http-request track-sc0 req.hdr_ip(X-Real-IP),ipmask(32,64)",
        f"  http-request return status 429 content-type text/plain hdr Retry-After {RATE_WINDOW_S}"
        ' string "Too many requests."'
        f" if {{ sc_http_req_rate(0) gt {per_second * RATE_WINDOW_S} }}",
    ]
