"""
Firewalls: rules, and which servers they guard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response

from sandbox.cloud.hetzner import labels, requests
from sandbox.cloud.hetzner.actions import Step
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import HetznerError, in_use, invalid_input, refused
from sandbox.cloud.hetzner.jobs import Key
from sandbox.cloud.hetzner.reading import add_actions, add_reading
from sandbox.cloud.hetzner.small import renamed
from sandbox.cloud.hetzner.views import Views
from sandbox.cloud.store import Document


def routes(cloud: Cloud, views: Views) -> APIRouter:
    """
    Firewalls and their actions.
    """
    router = APIRouter()
    add_reading(router, "firewalls", "firewall", lambda: cloud.store.list("firewall"), views.firewall)
    add_actions(router, cloud, "firewalls", "firewall")

    def enforce(*commands: tuple[str, Sequence[Key]]) -> list[Document]:
        """
        Load the rules; the first action does it for all.
        """
        steps = [Step(command=command, resources=keys) for command, keys in commands]
        first = Step(command=steps[0].command, resources=steps[0].resources, work=cloud.guard)
        return cloud.actions.begin(first, *steps[1:])

    @router.post("/firewalls", status_code=201)
    def create(body: requests.Firewall) -> Any:
        with cloud.store.transaction():
            cloud.check_unique("firewall", "name", body.name)
            resources = [resource(cloud, entry) for entry in body.apply_to]
            document = cloud.add(
                "firewall", name=body.name, labels=labels.checked(body.labels), applied_to=resources,
                rules=[rule(entry) for entry in body.rules],
            )  # fmt: skip
        key = ("firewall", document["id"])
        applying = [("apply_firewall", [key, *_servers([entry])]) for entry in resources]
        actions = enforce(("set_firewall_rules", [key]), *applying)
        return {"firewall": views.firewall(document), "actions": actions}

    @router.put("/firewalls/{id:int}")
    def update(id: int, body: requests.Update) -> Any:
        return {"firewall": views.firewall(renamed(cloud, "firewall", id, body))}

    @router.delete("/firewalls/{id:int}")
    def delete(id: int) -> Response:
        with cloud.store.transaction():
            if cloud.require("firewall", id)["applied_to"]:
                raise in_use("firewall is still in use")
            cloud.store.delete("firewall", id)
        return Response(status_code=204)

    @router.post("/firewalls/{id:int}/actions/set_rules", status_code=201)
    def set_rules(id: int, body: requests.FirewallRules) -> Any:
        with cloud.store.transaction():
            document = cloud.require("firewall", id)
            cloud.change("firewall", id, rules=[rule(entry) for entry in body.rules])
        key = ("firewall", id)
        applying = [("apply_firewall", [key, *_servers([entry])]) for entry in document["applied_to"]]
        return {"actions": enforce(("set_firewall_rules", [key]), *applying)}

    @router.post("/firewalls/{id:int}/actions/apply_to_resources", status_code=201)
    def apply_to(id: int, body: requests.FirewallApply) -> Any:
        with cloud.store.transaction():
            document = cloud.require("firewall", id)
            added = [resource(cloud, entry) for entry in body.apply_to]
            if any(entry in document["applied_to"] for entry in added):
                raise refused("firewall_already_applied", "firewall was already applied on resource", 409)
            cloud.change("firewall", id, applied_to=[*document["applied_to"], *added])
        return {"actions": enforce(*(("apply_firewall", [("firewall", id), *_servers([entry])]) for entry in added))}

    @router.post("/firewalls/{id:int}/actions/remove_from_resources", status_code=201)
    def remove_from(id: int, body: requests.FirewallRemove) -> Any:
        with cloud.store.transaction():
            document = cloud.require("firewall", id)
            removed = [resource(cloud, entry) for entry in body.remove_from]
            if any(entry not in document["applied_to"] for entry in removed):
                raise refused("firewall_resource_not_found", "firewall is not applied to the resource", 404)
            left = [entry for entry in document["applied_to"] if entry not in removed]
            cloud.change("firewall", id, applied_to=left)
        return {"actions": enforce(*(("remove_firewall", [("firewall", id), *_servers([entry])]) for entry in removed))}

    return router


def rule(body: requests.FirewallRule) -> Document:
    """
    A rule as it is kept and shown.

    Raises: HetznerError (invalid_input) for a rule that says too little or too much.
    """
    needs_port = body.protocol in ("tcp", "udp")
    if needs_port and body.port is None:
        raise invalid_input("rules", f"a rule for {body.protocol} needs a port")
    if not needs_port and body.port is not None:
        raise invalid_input("rules", f"a rule for {body.protocol} has no port")
    wanted, other = (
        (body.source_ips, body.destination_ips) if body.direction == "in" else (body.destination_ips, body.source_ips)
    )
    if not wanted or other:
        side = "source_ips" if body.direction == "in" else "destination_ips"
        raise invalid_input("rules", f"a rule with direction {body.direction} needs {side} and no other side")
    return body.model_dump()


def resource(cloud: Cloud, body: requests.FirewallResource) -> Document:
    """
    What a firewall is applied to, as it is kept.

    Raises: HetznerError (firewall_resource_not_found, private_net_only_server, invalid_input).
    """
    if body.type == "label_selector":
        if body.label_selector is None:
            raise invalid_input("label_selector", "is missing")
        labels.matches(body.label_selector.selector, {})
        return {"type": "label_selector", "label_selector": {"selector": body.label_selector.selector}}
    if body.server is None:
        raise invalid_input("server", "is missing")
    try:
        cloud.require("server", body.server.id)
    except HetznerError:
        raise refused("firewall_resource_not_found", f"server {body.server.id} not found", 404) from None
    if not any(row["assignee_id"] == body.server.id for row in cloud.store.list("primary_ip")):
        raise refused("private_net_only_server", "the server has no public interface")
    return {"type": "server", "server": {"id": body.server.id}}


def _servers(resources: Sequence[Document]) -> list[Key]:
    return [("server", entry["server"]["id"]) for entry in resources if entry["type"] == "server"]
