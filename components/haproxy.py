"""
HAProxy's configuration: one file that knows no project, and one backend per project with a place for each release slot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from settings.project import Health, Project
from settings.release import Release, Slot

PORT = 8080
UID = 99
CONFIGURATION = "/etc/flotilla/haproxy"
RUN = "/run/flotilla/haproxy"
PROJECT_HEADER = "X-Flotilla-Project"
WEIGHT_MAXIMUM = 256  # HAProxy's configuration manual, "weight"
PLACES = 4  # per slot; more only when there are more replicas, because another number takes a reload

# Caddy closes an idle connection first (30 s), so that none closes while a request is on its way.
# `hold`: a container that is gone is seen within a second. `load-server-state`: a reload starts with the servers that it saw.
BASE = f"""\
# Written by Flotilla; changes are lost.
global
  log stdout format raw local0 notice
  stats socket {RUN}/runtime.sock mode 600 level admin expose-fd listeners
  server-state-file {RUN}/servers.state
  hard-stop-after 5m
  maxconn 8000

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
  option httplog
  option dontlog-normal
  load-server-state-from-file global
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 75s
  timeout queue 10s
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response

frontend projects
  bind :{PORT}
  use_backend project-%[req.hdr({PROJECT_HEADER})]
  default_backend unknown

backend unknown
  http-request return status 503 content-type text/plain string "No such project."
"""


def backend_name(project: str) -> str:
    """
    The name of a project's backend, and of its file.
    """
    return f"project-{project}"


def service_alias(project: str, slot: Slot) -> str:
    """
    The name on the containers' network that all containers of a slot answer to, whatever their release is.
    """
    return f"{project}-web-{slot}"


def server_weights(releases: Sequence[Release]) -> Mapping[str, int]:
    """
    The weight of each server of each slot, so that releases get their shares: {slot: weight}, as fine as HAProxy can.

    All releases of a project have the same number of servers, so that shares of servers are shares of releases.
    """
    shares = {release.slot: release.weight for release in releases}
    largest = max(shares.values())
    return {slot.value: round(shares.get(slot, 0) * WEIGHT_MAXIMUM / largest) for slot in Slot}


def backend(project: Project, host: str, weights: Mapping[str, int]) -> str:
    """
    The backend of a project; `host` is the name that health checks ask for.
    """
    name, health = backend_name(project.name), project.health or Health()
    places = max(PLACES, project.replicas)
    lines = [
        "# Written by Flotilla; changes are lost. A release changes weights only, through the runtime API and here.",
        f"backend {name}",
        "  balance roundrobin",
        "  option httpchk",
        f"  http-check send meth GET uri {health.path} ver HTTP/1.1 hdr Host {host}",
        f"  timeout check {health.timeout_s}s",
        "  default-server check inter 1s fastinter 250ms downinter 250ms fall 2 rise 1 resolvers docker init-addr last,none",
    ]
    for slot in Slot:
        address = f"{service_alias(project.name, slot)}:{project.port}"
        lines.append(f"  server-template {slot} {places} {address} weight {weights[slot]}")
    return "\n".join(lines) + "\n"
