"""
Changing a server in place, in the order in which the real provider does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.errors import RefusedError
from sandbox.plugins.hcloud.firewall import change_targets, server_target
from sandbox.plugins.hcloud.resource import differs
from sandbox.plugins.hcloud.server_network import attach, change_alias_ips, detach, wanted_by_network
from sandbox.plugins.provider import Context, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json
    from sandbox.plugins.hcloud.server import Server


def change(server: Server, context: Context, found: Json, old: Properties, inputs: Properties) -> None:
    """
    Make the server what the inputs say.
    """
    now = server.state(found, inputs)
    if inputs.get("publicNets") is not None and differs("publicNets", old, inputs):
        raise RefusedError(
            "publicNets: the sandbox's stand-in cannot change the public addresses of an existing server. Nothing was changed."
            " Put it back, or replace the server: pulumi up --replace <urn>."
        )
    server.put(found["id"], now, inputs, "name", "labels")
    if differs("serverType", now, inputs):
        _change_type(server, context, found, inputs)
    if differs("backups", now, inputs):
        action = "enable_backup" if inputs.get("backups") else "disable_backup"
        server.api.act(context, f"/servers/{found['id']}/actions/{action}")
    if inputs.get("networks") is not None:
        _change_networks(server, context, found, inputs)
    if inputs.get("firewallIds") is not None and not inputs.get("ignoreRemoteFirewallIds"):
        _change_firewalls(server, context, found, set(inputs["firewallIds"]))
    if differs("placementGroupId", now, inputs):
        _change_placement_group(server, context, found, inputs.get("placementGroupId"))
    if differs("deleteProtection", now, inputs) or differs("rebuildProtection", now, inputs):
        delete, rebuild = bool(inputs.get("deleteProtection")), bool(inputs.get("rebuildProtection"))
        server.protect(context, found["id"], delete=delete, rebuild=rebuild)


def _change_type(server: Server, context: Context, found: Json, inputs: Properties) -> None:
    """
    With the power off; the API starts the server again.
    """
    path = f"/servers/{found['id']}/actions"
    if found["status"] == "running":
        context.log("info", f"Powering server {found['name']} off to change its type.")
        server.api.act(context, f"{path}/poweroff")
    server.api.act(context, f"{path}/change_type", server_type=inputs["serverType"], upgrade_disk=not inputs.get("keepDisk"))


def _change_networks(server: Server, context: Context, found: Json, inputs: Properties) -> None:
    wanted = wanted_by_network(inputs["networks"])
    for item in found.get("private_net") or []:
        entry = wanted.pop(item["network"], None)
        if entry is None:
            detach(server.api, context, found["id"], item["network"])
        elif entry.get("ip") and entry["ip"] != item["ip"]:
            detach(server.api, context, found["id"], item["network"])
            attach(server.api, context, found["id"], entry)
        elif "aliasIps" in entry and sorted(entry["aliasIps"]) != sorted(item.get("alias_ips") or []):
            change_alias_ips(server.api, context, found["id"], item["network"], entry["aliasIps"])
    for entry in wanted.values():
        attach(server.api, context, found["id"], entry)


def _change_firewalls(server: Server, context: Context, found: Json, wanted: set[int]) -> None:
    now = {item["id"] for item in found["public_net"].get("firewalls") or []}
    target = [server_target(found["id"])]
    for firewall in sorted(now - wanted):
        change_targets(server, context, firewall, "remove_from_resources", "remove_from", target)
    for firewall in sorted(wanted - now):
        change_targets(server, context, firewall, "apply_to_resources", "apply_to", target)


def _change_placement_group(server: Server, context: Context, found: Json, wanted: int | None) -> None:
    path = f"/servers/{found['id']}/actions"
    if found.get("placement_group"):
        if found["status"] != "off":
            raise RefusedError(
                f"placementGroupId: server {found['name']} is running, and only one that is off can leave its placement group,"
                " as with the real provider. The group was not changed. Power it off first."
            )
        server.api.act(context, f"{path}/remove_from_placement_group")
    if wanted:
        server.api.act(context, f"{path}/add_to_placement_group", placement_group=wanted)
