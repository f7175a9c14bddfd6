"""
A load balancer's services: from what a request says to what is kept, with Hetzner's defaults. Pure.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from sandbox.cloud.hetzner import balancer_types
from sandbox.cloud.hetzner.balancer_requests import Service, ServiceUpdate
from sandbox.cloud.hetzner.errors import HetznerError, invalid_input, limit_exceeded, not_found, refused
from sandbox.cloud.store import Document

PORTS = {"http": 80, "https": 443}
CHECK: Document = {"interval": 15, "timeout": 10, "retries": 3}
HTTP_CHECK: Document = {"domain": "", "path": "/", "response": "", "status_codes": ["2??", "3??"], "tls": False}
HTTP: Document = {
    "cookie_name": "HCLBSTICKY",
    "cookie_lifetime": 300,
    "certificates": [],
    "redirect_http": False,
    "sticky_sessions": False,
    "timeout_idle": 50,
}


def with_service(balancer: Document, body: Service) -> list[Document]:
    """
    The load balancer's services and a new one.

    Raises: HetznerError (source_port_already_used, resource_limit_exceeded, invalid_input).
    """
    service = _new(body)
    if any(other["listen_port"] == service["listen_port"] for other in balancer["services"]):
        raise refused("source_port_already_used", f"source port {service['listen_port']} is already in use", 409)
    kind = balancer_types.by_id(balancer["load_balancer_type"])
    if len(balancer["services"]) >= kind["max_services"]:
        raise limit_exceeded(f"a load balancer of type {kind['name']} has at most {kind['max_services']} services")
    return [*balancer["services"], service]


def with_changed(balancer: Document, body: ServiceUpdate) -> list[Document]:
    """
    The load balancer's services, one of them changed as far as the request says.

    Raises: HetznerError (not_found, invalid_input).
    """
    old = named(balancer, body.listen_port)
    protocol = body.protocol or old["protocol"]
    changed = {
        "protocol": protocol,
        "listen_port": old["listen_port"],
        "destination_port": body.destination_port or old["destination_port"],
        "proxyprotocol": old["proxyprotocol"] if body.proxyprotocol is None else body.proxyprotocol,
        "http": None if protocol == "tcp" else {**HTTP, **(old["http"] or {}), **_given(body.http)},
        "health_check": _check({**old["health_check"], **_given(body.health_check)}),
    }
    _refuse_certificates(changed)
    return [changed if service is old else service for service in balancer["services"]]


def without(balancer: Document, listen_port: int) -> list[Document]:
    """
    The load balancer's services without one.

    Raises: HetznerError (not_found).
    """
    gone = named(balancer, listen_port)
    return [service for service in balancer["services"] if service is not gone]


def named(balancer: Document, listen_port: int) -> Document:
    """
    Raises: HetznerError (not_found).
    """
    for service in balancer["services"]:
        if service["listen_port"] == listen_port:
            found: Document = service
            return found
    raise not_found("service with listen port", listen_port)


def _new(body: Service) -> Document:
    listen_port = body.listen_port or PORTS.get(body.protocol)
    destination_port = body.destination_port or (80 if body.protocol != "tcp" else None)
    if listen_port is None or destination_port is None:
        raise invalid_input("listen_port" if listen_port is None else "destination_port", "is required for protocol tcp")
    protocol = "tcp" if body.protocol == "tcp" else "http"
    service = {
        "protocol": body.protocol,
        "listen_port": listen_port,
        "destination_port": destination_port,
        "proxyprotocol": bool(body.proxyprotocol),
        "http": None if body.protocol == "tcp" else {**HTTP, **_given(body.http)},
        "health_check": _check({"protocol": protocol, "port": destination_port, **CHECK, **_given(body.health_check)}),
    }
    _refuse_certificates(service)
    return service


def _check(check: Document) -> Document:
    """
    A health check; only one over HTTP has what HTTP needs.
    """
    return {**check, "http": {**HTTP_CHECK, **(check.get("http") or {})} if check["protocol"] == "http" else None}


def _given(body: BaseModel | None) -> dict[str, Any]:
    """
    What the request says; null is not said.
    """
    return {} if body is None else body.model_dump(exclude_none=True)


def _refuse_certificates(service: Document) -> None:
    """
    The sandbox has no certificates for load balancers, and https needs one: TLS ends at the servers.
    """
    http = service["http"]
    if http is None:
        return
    if http["certificates"]:
        raise HetznerError(404, "not_found", f"certificate with ID '{http['certificates'][0]}' not found")
    if service["protocol"] == "https":
        raise invalid_input("certificates", "at least one certificate is required for protocol https")
    if http["redirect_http"]:
        raise invalid_input("redirect_http", "is only possible for protocol https")
