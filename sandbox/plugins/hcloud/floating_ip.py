"""
Floating IPs and their assignment to servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from sandbox.plugins.hcloud.resource import HcloudResource, NamedResource, differs, gone
from sandbox.plugins.provider import UNKNOWN, Context, Failure, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json

TYPES: Final = ("ipv4", "ipv6")


class FloatingIp(NamedResource):
    """
    A public address that moves between servers. Its type and home are for ever.
    """

    token = "hcloud:index/floatingIp:FloatingIp"
    collection = "floating_ips"
    document = "floating_ip"
    replaces = frozenset({"type", "homeLocation"})
    computed = frozenset({"homeLocation", "serverId"})
    defaults: ClassVar[Properties] = {"deleteProtection": False}

    def check(self, inputs: Properties) -> list[Failure]:
        """
        A type that there is, and a home.
        """
        failures = super().check(inputs)
        if inputs["type"] not in (*TYPES, UNKNOWN):
            failures.append(_failure("type", f"{inputs['type']} is not one of {', '.join(TYPES)}"))
        if inputs.get("homeLocation") is None and inputs.get("serverId") is None:
            failures.append(_failure("homeLocation", "neither homeLocation nor serverId was given"))
        return failures

    def body(self, inputs: Properties) -> Json:
        """
        Protection comes afterwards.
        """
        return {
            "type": inputs["type"],
            "name": inputs["name"],
            "description": inputs.get("description", ""),
            "home_location": inputs.get("homeLocation"),
            "server": inputs.get("serverId"),
            "labels": inputs.get("labels"),
        }

    def state(self, found: Json, inputs: Properties) -> Properties:
        """
        With its address, or its network where it is IPv6.
        """
        return {
            "name": found["name"],
            "type": found["type"],
            "description": found["description"],
            "homeLocation": found["home_location"]["name"],
            "serverId": found.get("server"),
            "ipAddress": found["ip"].partition("/")[0],
            "ipNetwork": found["ip"] if found["type"] == "ipv6" else None,
            "labels": found["labels"],
            "deleteProtection": found["protection"]["delete"],
        }

    def finish(self, context: Context, id: str, inputs: Properties) -> None:
        """
        Protection, where wanted.
        """
        if inputs.get("deleteProtection"):
            self.protect(context, id, delete=True)

    def change(self, context: Context, found: Json, old: Properties, inputs: Properties) -> None:
        """
        In place.
        """
        id, now = found["id"], self.state(found, inputs)
        self.put(id, now, {"description": "", **inputs}, "name", "labels", "description")
        if "serverId" in inputs and differs("serverId", now, inputs):
            self.api.act(context, f"{self.path(id)}/actions/assign", server=inputs["serverId"])
        if differs("deleteProtection", now, inputs):
            self.protect(context, id, delete=bool(inputs.get("deleteProtection")))

    def remove(self, context: Context, id: str, state: Properties) -> None:
        """
        Unassign it first, unless it is protected.
        """
        found = self.find(id)
        if found is not None and found.get("server") and not found["protection"]["delete"]:
            self.api.act(context, f"{self.path(id)}/actions/unassign")
        super().remove(context, id, state)


class FloatingIpAssignment(HcloudResource):
    """
    A floating IP at a server; its id is the floating IP's.
    """

    token = "hcloud:index/floatingIpAssignment:FloatingIpAssignment"
    replaces = frozenset({"floatingIpId"})

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Assign it, wherever it was.
        """
        id = str(inputs["floatingIpId"])
        return id, self.update(context, id, {}, inputs)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now.
        """
        found = self._find(id)
        if found is None or not found.get("server"):
            return None
        state = {"floatingIpId": found["id"], "serverId": found["server"]}
        return self.inputs_of(state, inputs), state

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Assign it to another server.
        """
        found = self._find(id)
        if found is None:
            raise gone(f"/floating_ips/{id}")
        if found.get("server") != new_inputs["serverId"]:
            self.api.act(context, f"/floating_ips/{id}/actions/assign", server=new_inputs["serverId"])
        return {"floatingIpId": found["id"], "serverId": new_inputs["serverId"]}

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Unassign it, if it is at this server.
        """
        found = self._find(id)
        if found is not None and found.get("server") == state.get("serverId"):
            self.api.act(context, f"/floating_ips/{id}/actions/unassign")

    def _find(self, id: str) -> Json | None:
        return self.api.find(f"/floating_ips/{id}", "floating_ip") if id.isdecimal() else None


def _failure(path: str, fact: str) -> Failure:
    return Failure(property=path, reason=f"{path}: {fact}. Nothing was changed. Correct it.")
