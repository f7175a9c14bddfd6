"""
Servers. Changing one in place is in `server_changes.py`.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sandbox.plugins.hcloud import server_changes
from sandbox.plugins.hcloud.resource import NamedResource, one_of
from sandbox.plugins.hcloud.server_network import attach, is_same_place, subnet_network
from sandbox.plugins.provider import UNKNOWN, Context, Failure, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json

USER_DATA_LIMIT: Final = 32 * 1024
"""Bytes. Source: terraform-provider-hcloud, docs/resources/server.md, `user_data`, read 2026-11-20."""
SHUTDOWN_CHECKS: Final = 5


class Server(NamedResource):
    """
    A machine. Its image, place, first boot and keys cannot change; its type can, with the power off.
    """

    token = "hcloud:index/server:Server"
    collection = "servers"
    document = "server"
    replaces = frozenset({"image", "location", "userData", "sshKeys"})
    computed = frozenset({"image", "location", "firewallIds", "publicNets", "networks", "datacenter"})
    defaults: ClassVar[Properties] = {
        "backups": False,
        "deleteProtection": False,
        "ignoreRemoteFirewallIds": False,
        "keepDisk": False,
        "rebuildProtection": False,
        "shutdownBeforeDeletion": False,
    }
    unstable_outputs = frozenset({"status", "primaryDiskSize", "backupWindow"})
    unsupported = frozenset({"datacenter", "iso", "rescue"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        What the real provider and the API would refuse.
        """
        failures = super().check(inputs)
        user_data = inputs.get("userData")
        if isinstance(user_data, str) and len(user_data.encode()) > USER_DATA_LIMIT:
            failures.append(_failure("userData", f"{len(user_data.encode())} bytes are more than Hetzner's limit of 32 KiB"))
        if inputs.get("image") == "":
            failures.append(_failure("image", "is empty"))
        if UNKNOWN not in (inputs["deleteProtection"], inputs["rebuildProtection"]):
            failures += _check_protection(inputs)
        return failures + _check_networks(inputs.get("networks"))

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        Sets, and user data but for the space around it.
        """
        if key == "userData":
            return _stripped(old) == _stripped(new) or (isinstance(new, str) and old == user_data_hash(new))
        if key == "firewallIds":
            return set(old or []) == set(new or [])
        if key == "networks":
            return is_same_place(old, new)
        return super().is_same(key, old, new)

    def body(self, inputs: Properties) -> Json:
        """
        Networks follow once it exists, as with the real provider.
        """
        nets = inputs.get("publicNets") or []
        return {
            "name": inputs["name"],
            "server_type": inputs["serverType"],
            "image": inputs.get("image"),
            "location": inputs.get("location"),
            "user_data": inputs.get("userData"),
            "ssh_keys": [_id_or_name(key) for key in inputs["sshKeys"]] if inputs.get("sshKeys") else None,
            "labels": inputs.get("labels"),
            "firewalls": [{"firewall": id} for id in inputs["firewallIds"]] if inputs.get("firewallIds") else None,
            "placement_group": inputs.get("placementGroupId"),
            "public_net": _public_net(nets[0]) if nets else None,
            "start_after_create": not _is_started_later(inputs),
        }

    def finish(self, context: Context, id: str, inputs: Properties) -> None:
        """
        Networks, power, backups and protection.
        """
        for network in inputs.get("networks") or []:
            attach(self.api, context, id, network)
        if _is_started_later(inputs):
            self.api.act(context, f"/servers/{id}/actions/poweron")
        if inputs.get("backups"):
            self.api.act(context, f"/servers/{id}/actions/enable_backup")
        if inputs.get("deleteProtection") or inputs.get("rebuildProtection"):
            self.protect(context, id, delete=bool(inputs["deleteProtection"]), rebuild=bool(inputs["rebuildProtection"]))

    def state(self, found: Json, inputs: Properties) -> Properties:
        """
        What the API tells, and the inputs that it does not.
        """
        told = _told(found, inputs)
        kept = (
            "keepDisk",
            "ignoreRemoteFirewallIds",
            "shutdownBeforeDeletion",
            "sshKeys",
            "publicNets",
            "allowDeprecatedImages",
        )
        silent = {key: inputs[key] for key in kept if key in inputs}
        if inputs.get("userData"):
            silent["userData"] = user_data_hash(inputs["userData"])
        if inputs.get("networks"):
            silent["networks"] = _networks_state(found, inputs["networks"])
        return {**self.defaults, **silent, **told}

    def inputs_of(self, state: Properties, inputs: Properties) -> Properties:
        """
        User data and keys cannot be read back; ignored firewalls stay as they were given.
        """
        seen = super().inputs_of(state, inputs)
        kept = {"userData", "sshKeys"} | ({"firewallIds"} if inputs.get("ignoreRemoteFirewallIds") else set())
        return {key: inputs[key] if key in inputs and key in kept else value for key, value in seen.items()}

    def change(self, context: Context, found: Json, old: Properties, inputs: Properties) -> None:
        """
        In place.
        """
        server_changes.change(self, context, found, old, inputs)

    def remove(self, context: Context, id: str, state: Properties) -> None:
        """
        Shut it down first where that is wanted.
        """
        if state.get("shutdownBeforeDeletion"):
            self.api.act(context, f"/servers/{id}/actions/shutdown")
            if not self._is_off_soon(context, id):
                context.log("warning", f"Server {id} did not shut down in time; deleting it anyway.")
        super().remove(context, id, state)

    def _is_off_soon(self, context: Context, id: str) -> bool:
        for attempt in range(1, SHUTDOWN_CHECKS + 1):
            found = self.find(id)
            if found is None or found["status"] == "off":
                return True
            context.cancelled.wait(attempt)
        return False


def user_data_hash(text: str) -> str:
    """
    What the real provider records in place of the user data.
    """
    return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()  # noqa: S324 -- the provider's format


def _told(found: Json, inputs: Properties) -> Properties:
    public = found["public_net"]
    ipv4, ipv6 = public.get("ipv4"), public.get("ipv6")
    group = found.get("placement_group")
    return {
        "name": found["name"],
        "serverType": found["server_type"]["name"],
        "image": _image(found.get("image"), inputs.get("image")),
        "location": (found.get("location") or found["datacenter"]["location"])["name"],
        "datacenter": (found.get("datacenter") or {}).get("name"),
        "status": found["status"],
        "ipv4Address": ipv4["ip"] if ipv4 else None,
        "ipv6Address": f"{ipv6['ip'].partition('/')[0]}1" if ipv6 else None,
        "ipv6Network": ipv6["ip"] if ipv6 else None,
        "backupWindow": found.get("backup_window"),
        "backups": bool(found.get("backup_window")),
        "labels": found["labels"],
        "deleteProtection": found["protection"]["delete"],
        "rebuildProtection": found["protection"]["rebuild"],
        "firewallIds": sorted(item["id"] for item in public.get("firewalls") or []),
        "placementGroupId": group["id"] if group else None,
        "primaryDiskSize": found.get("primary_disk_size"),
    }


def _image(image: Json | None, given: Any) -> str | None:
    """
    The image's name, but its id where the id was given or where it has no name.
    """
    if image is None:
        return None
    return str(image["id"]) if str(image["id"]) == given or not image.get("name") else str(image["name"])


def _networks_state(found: Json, given: list[Properties]) -> list[Properties]:
    there = {item["network"]: item for item in found.get("private_net") or []}
    states = []
    for entry in given:
        item = there.get(subnet_network(entry.get("subnetId")) or entry.get("networkId") or 0)
        if item is not None:
            named: Properties = {key: entry[key] for key in ("networkId", "subnetId") if key in entry}
            told = {"ip": item["ip"], "aliasIps": item.get("alias_ips") or [], "macAddress": item.get("mac_address")}
            states.append(named | told)
    return states


def _public_net(given: Properties) -> Json:
    ipv4, ipv6 = given.get("ipv4"), given.get("ipv6")
    enabled: Json = {
        "enable_ipv4": bool(ipv4) or given.get("ipv4Enabled", True),
        "enable_ipv6": bool(ipv6) or given.get("ipv6Enabled", True),
    }
    return enabled | {key: value for key, value in (("ipv4", ipv4), ("ipv6", ipv6)) if value}


def _is_started_later(inputs: Properties) -> bool:
    """
    A server without public addresses starts once its networks are attached.
    """
    nets = inputs.get("publicNets")
    if not nets or not inputs.get("networks"):
        return False
    public = _public_net(nets[0])
    return not (public["enable_ipv4"] or public["enable_ipv6"])


def _id_or_name(text: str) -> int | str:
    return int(text) if str(text).isdecimal() else text


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _check_protection(inputs: Properties) -> list[Failure]:
    if inputs["deleteProtection"] == inputs["rebuildProtection"]:
        return []
    return [_failure("rebuildProtection", "must be the same as deleteProtection, as Hetzner's API wants it")]


def _check_networks(networks: Any) -> list[Failure]:
    failures: list[Failure] = []
    seen: set[int] = set()
    for index, entry in enumerate(networks if isinstance(networks, list) else []):
        if not isinstance(entry, dict):
            continue
        if not entry.get("networkId") and not entry.get("subnetId"):
            failures += one_of({}, (f"networks[{index}].networkId", "subnetId"))
        subnet = entry.get("subnetId")
        id = (subnet_network(subnet) if isinstance(subnet, str) else None) or entry.get("networkId")
        if isinstance(id, int) and id in seen:
            failures.append(_failure(f"networks[{index}]", f"network {id} is named twice"))
        seen |= {id} if isinstance(id, int) else set()
    return failures


def _failure(path: str, fact: str) -> Failure:
    return Failure(property=path, reason=f"{path}: {fact}. Nothing was changed. Correct it.")
