"""
A load balancer's targets: servers, by themselves or by their labels.
"""

from __future__ import annotations

from sandbox.cloud.hetzner import balancer_types, balancing, labels
from sandbox.cloud.hetzner.balancer_requests import Target
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import HetznerError, invalid_input, limit_exceeded, refused
from sandbox.cloud.store import Document

PUBLIC_KINDS = {"primary_ip": "ip", "floating_ip": "ip", "load_balancer": "ipv4"}


def with_target(cloud: Cloud, balancer: Document, body: Target) -> list[Document]:
    """
    The load balancer's targets and a new one.

    Raises: HetznerError.
    """
    target = _target(cloud, balancer, body)
    if any(_identity(other) == _identity(target) for other in balancer["targets"]):
        raise refused("target_already_defined", "load balancer target is already defined", 409)
    targets = [*balancer["targets"], target]
    kind = balancer_types.by_id(balancer["load_balancer_type"])
    if _size(cloud, targets) > kind["max_targets"]:
        raise limit_exceeded(f"a load balancer of type {kind['name']} has at most {kind['max_targets']} targets")
    if body.use_private_ip and not balancer["private_net"]:
        raise refused("load_balancer_not_attached_to_network", "load balancer is not attached to a network")
    if not body.use_private_ip and not balancer["public_interface"]:
        raise refused("targets_without_use_private_ip", "load balancer has no public interface to reach the target by")
    return targets


def without(balancer: Document, body: Target) -> list[Document]:
    """
    The load balancer's targets without one.

    Raises: HetznerError (load_balancer_target_not_found).
    """
    asked = body.model_dump(include={"type", body.type})
    left = [target for target in balancer["targets"] if _identity(target) != _identity(asked)]
    if left == balancer["targets"]:
        raise HetznerError(404, "load_balancer_target_not_found", "load balancer target not found")
    return left


def fits(cloud: Cloud, balancer: Document, kind: Document) -> bool:
    """
    Whether a load balancer could be of another type.
    """
    has_room = len(balancer["services"]) <= kind["max_services"] and _size(cloud, balancer["targets"]) <= kind["max_targets"]
    return bool(has_room)


def _target(cloud: Cloud, balancer: Document, body: Target) -> Document:
    if body.type == "ip":
        raise _foreign(cloud, body.ip.ip if body.ip else "")
    if body.type == "label_selector":
        if body.label_selector is None:
            raise invalid_input("label_selector", "is missing")
        labels.matches(body.label_selector.selector, {})
    elif body.server is None:
        raise invalid_input("server", "is missing")
    else:
        _check_server(cloud, balancer, cloud.require("server", body.server.id), is_private=body.use_private_ip)
    return body.model_dump(include={"type", body.type, "use_private_ip"})


def _check_server(cloud: Cloud, balancer: Document, server: Document, *, is_private: bool) -> None:
    if is_private and balancer["private_net"] and balancing.private_ip(server, balancer) is None:
        fact = "server is not attached to the same network as the load balancer"
        raise refused("server_not_attached_to_network", fact)
    addresses = cloud.store.list("primary_ip")
    if not is_private and not any(row["assignee_id"] == server["id"] and row["type"] == "ipv4" for row in addresses):
        raise refused("missing_ipv4", "server has no public IPv4 address")


def _foreign(cloud: Cloud, ip: str) -> HetznerError:
    """
    Targets by address are for dedicated servers of the same owner, of which the sandbox has none.
    """
    taken = {row[field] for kind, field in PUBLIC_KINDS.items() for row in cloud.store.list(kind)}
    taken |= {entry["ip"] for server in cloud.store.list("server") for entry in server["private_net"]}
    if ip in taken:
        return refused("cloud_resource_ip_not_allowed", f"IP {ip} belongs to a cloud resource: name the server instead")
    return refused("ip_not_owned", f"IP {ip} is not owned by the owner of this project")


def _identity(target: Document) -> tuple[str, str]:
    return target["type"], str(target[target["type"]])


def _size(cloud: Cloud, targets: list[Document]) -> int:
    """
    How many servers the targets name.
    """
    servers = cloud.store.list("server")
    return len({server["id"] for target in targets for server in balancing.servers_of(target, servers)})
