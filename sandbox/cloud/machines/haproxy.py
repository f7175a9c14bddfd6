"""
A load balancer as HAProxy's configuration, and its targets' health as HAProxy tells it. Pure.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping

from sandbox.cloud.machines.model import BalancerSpec, Check, Health, Service, Target

SOCKET = "/run/haproxy-admin.sock"
STATE_FILE = "/run/haproxy-state"
MAX_CONNECTIONS = 4000  # two descriptors each: what any host lets a container have; Hetzner's types have 10,000 and more
CONNECT_S = 5
TCP_IDLE_S = 3600
DRAIN_S = 600  # so long may a connection outlive a change of the configuration
BALANCE = {"round_robin": "roundrobin", "least_connections": "leastconn"}

# Source: HAProxy 2.6, management guide 9.1, field check_status.
DETAILS = {
    "L4TOUT": "layer4_timeout",
    "L4CON": "layer4_no_connection",
    "L7TOUT": "layer7_timeout",
    "L7STS": "unexpected_http_status",
    "L7RSP": "unexpected_http_content",
}


def render(spec: BalancerSpec, uplinks: Mapping[int, str]) -> str:
    """
    The whole configuration. `uplinks` are the addresses of the running servers on the uplink, by server id: public targets are
    reached there. Its `node` is a hash of everything else, by which one sees which configuration is in force.
    """
    places = ((target, target.private_ip or uplinks.get(target.server_id)) for target in spec.targets)
    reachable = [(target, address) for target, address in places if address]
    body = "\n".join([*_defaults(), *(line for service in spec.services for line in _service(spec, service, reachable))])
    settings = [
        "global",
        f"    maxconn {MAX_CONNECTIONS}",
        "    no strict-limits",
        "    log stdout format raw local0 notice",
        "    user haproxy",
        "    group haproxy",
        f"    stats socket {SOCKET} mode 600 level admin expose-fd listeners",
        f"    server-state-file {STATE_FILE}",
        f"    hard-stop-after {DRAIN_S}s",
    ]
    text = "\n".join(settings)
    node = hashlib.sha256(f"{text}\n{body}".encode()).hexdigest()[:16]
    return f"{text}\n    node {node}\n\n{body}\n"


def node_of(configuration: str) -> str:
    """
    The configuration's `node`.
    """
    return configuration.partition("    node ")[2].partition("\n")[0]


def health(statistics: str) -> dict[tuple[int, int], Health]:
    """
    From `show stat` to health by listen port and server id.
    """
    found = {}
    for row in csv.DictReader(statistics.removeprefix("# ").splitlines()):
        service, server = re.fullmatch(r"service-(\d+)", row["pxname"]), re.fullmatch(r"server-(\d+)", row["svname"])
        if service and server:
            found[int(service[1]), int(server[1])] = _health(row)
    return found


def _health(row: Mapping[str, str]) -> Health:
    check = row["check_status"].removeprefix("* ")
    if check in ("", "INI", "UNK"):
        return Health(status="unknown")
    if row["status"].startswith("UP"):
        return Health(status="healthy")
    code = int(row["check_code"]) if check == "L7STS" and row["check_code"].isdigit() else None
    return Health(status="unhealthy", detail=DETAILS.get(check, "unspecified"), http_status_code=code)


def _defaults() -> Iterator[str]:
    yield from (
        "defaults",
        "    log global",
        "    option dontlog-normal",
        "    option redispatch 1",
        "    retries 3",
        "    load-server-state-from-file global",
        f"    timeout connect {CONNECT_S}s",
        f"    timeout client {TCP_IDLE_S}s",
        f"    timeout server {TCP_IDLE_S}s",
    )


def _service(spec: BalancerSpec, service: Service, targets: list[tuple[Target, str]]) -> Iterator[str]:
    yield ""
    yield f"listen service-{service.listen_port}"
    yield f"    bind :{service.listen_port}"
    yield f"    balance {BALANCE[spec.algorithm]}"
    yield from _http(service) if service.idle_s else ("    mode tcp",)
    yield from _check(service.check)
    for target, address in targets:
        yield f"    server server-{target.server_id} {address}:{service.destination_port} {_server_options(service, target)}"


def _http(service: Service) -> Iterator[str]:
    yield "    mode http"
    yield f"    timeout client {service.idle_s}s"
    yield f"    timeout server {service.idle_s}s"
    yield "    option forwardfor"
    yield "    http-request set-header X-Forwarded-Proto http"
    yield f"    http-request set-header X-Forwarded-Port {service.listen_port}"
    if service.cookie:
        lifetime = f"maxlife {service.cookie.lifetime_s}s"
        yield f"    cookie {quoted(service.cookie.name)} insert indirect nocache {lifetime}"


def _check(check: Check) -> Iterator[str]:
    yield f"    timeout check {check.timeout_s}s"
    if check.http is None:
        return
    # Without a domain no Host is sent, which HTTP/1.1 does not allow.
    version = f"HTTP/1.1 hdr Host {quoted(check.http.domain)}" if check.http.domain else "HTTP/1.0"
    yield "    option httpchk"
    yield f"    http-check send meth GET uri {quoted(check.http.path)} ver {version}"
    yield f"    http-check expect rstatus {quoted(_statuses(check.http.status_codes))}"
    if check.http.response:
        yield f"    http-check expect string {quoted(check.http.response)}"


def _server_options(service: Service, target: Target) -> str:
    """
    A check on the port that gets the traffic looks like the traffic: with the proxy protocol's header, if there is one.
    """
    check = service.check
    options = [f"check port {check.port} inter {check.interval_s}s fall {check.retries} rise {check.retries}"]
    if service.proxy_protocol:
        options.append("send-proxy-v2")
        if check.port == service.destination_port:
            options.append("check-send-proxy")
    if check.http and check.http.tls:
        options.append("check-ssl verify none")
    if service.cookie:
        options.append(f"cookie {target.server_id}")
    return " ".join(options)


def _statuses(codes: tuple[str, ...]) -> str:
    """
    Wildcards as a regular expression.
    """
    return f"^({'|'.join(code.replace('?', '.').replace('*', '.*') for code in codes)})$"


def quoted(text: str) -> str:
    """
    A word of the configuration that means exactly this text: HAProxy interprets nothing between single quotes.
    """
    return "'" + text.replace("'", "'\\''") + "'"
