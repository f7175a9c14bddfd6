"""
Private networks, their subnets and routes.
"""

from __future__ import annotations

import ipaddress
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.plugins.hcloud.resource import HcloudResource, NamedResource, differs, gone
from sandbox.plugins.provider import UNKNOWN, Context, Failure, PartialFailureError, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json

SUBNET_TYPES = ("cloud", "server", "vswitch")


class Network(NamedResource):
    """
    A private network.
    """

    token = "hcloud:index/network:Network"
    collection = "networks"
    document = "network"
    replaces = frozenset({"ipRange"})
    defaults: ClassVar[Properties] = {"deleteProtection": False, "exposeRoutesToVswitch": False}

    def check(self, inputs: Properties) -> list[Failure]:
        """
        A valid range.
        """
        return super().check(inputs) + check_range("ipRange", inputs["ipRange"])

    def body(self, inputs: Properties) -> Json:
        """
        Protection comes afterwards.
        """
        return {
            "name": inputs["name"],
            "ip_range": inputs["ipRange"],
            "labels": inputs.get("labels"),
            "expose_routes_to_vswitch": inputs.get("exposeRoutesToVswitch"),
        }

    def state(self, found: Json, inputs: Properties) -> Properties:
        """
        All it has.
        """
        return {
            "name": found["name"],
            "ipRange": found["ip_range"],
            "labels": found["labels"],
            "deleteProtection": found["protection"]["delete"],
            "exposeRoutesToVswitch": bool(found.get("expose_routes_to_vswitch")),
        }

    def finish(self, context: Context, id: str, inputs: Properties) -> None:
        """
        Protection, where wanted.
        """
        if inputs.get("deleteProtection"):
            self.protect(context, id, delete=True)

    def change(self, context: Context, found: Json, old: Properties, inputs: Properties) -> None:
        """
        All but the range.
        """
        self.put(found["id"], old, inputs, "name", "labels", "exposeRoutesToVswitch")
        if differs("deleteProtection", {"deleteProtection": found["protection"]["delete"]}, inputs):
            self.protect(context, found["id"], delete=bool(inputs.get("deleteProtection")))


class _PartOfNetwork(HcloudResource):
    """
    A subnet or a route: has no id of its own in the API, so its id is `<network>-<range>`.
    """

    part: ClassVar[str]
    key: ClassVar[str]
    property: ClassVar[str]

    @abstractmethod
    def body(self, inputs: Properties) -> Json:
        """
        The request that adds it.
        """

    @abstractmethod
    def state(self, network: int, found: Json) -> Properties:
        """
        What the engine records of it; `found` is its entry in the network's document.
        """

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Add it; one that was added by a creation cut short is taken as it is.
        """
        network, wanted = inputs["networkId"], str(ipaddress.ip_network(inputs[self.property]))
        id = f"{network}-{wanted}"
        existing = self._find(id) if context.intent.unfinished(id) is not None else None
        context.intent.record(id)
        if existing is None:
            reply = self.api.patiently(
                context,
                lambda: self.api.request("POST", f"/networks/{network}/actions/add_{self.part}", **self.body(inputs)),
                "conflict",
            )
            try:
                self.api.settle(context, reply)
            except Exception as error:
                raise PartialFailureError(id, inputs, str(error)) from error
            existing = self._find(id)
        if existing is None:
            raise gone(f"/networks/{network} {self.part} {wanted}")
        return id, self.state(network, existing)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now.
        """
        found = self._find(id)
        if found is None:
            return None
        state = self.state(int(id.partition("-")[0]), found)
        return self.inputs_of(state, inputs), state

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Remove it from its network. Where servers are still attached, it goes with its network, as with the real provider.
        """
        from sandbox.plugins.hcloud.api import ApiError

        found = self._find(id)
        if found is None:
            return
        path = f"/networks/{id.partition('-')[0]}/actions/delete_{self.part}"
        try:
            self.api.settle(
                context,
                self.api.patiently(
                    context, lambda: self.api.request("POST", path, **self._reference(found)), "conflict", "service_error"
                ),
            )
        except ApiError as error:
            if error.code not in ("not_found", "service_error"):
                raise

    def _reference(self, found: Json) -> Json:
        return {self.key: found[self.key]}

    def _find(self, id: str) -> Json | None:
        network, _, wanted = id.partition("-")
        found = self.api.find(f"/networks/{network}", "network") if network.isdecimal() else None
        parts: list[Json] = (found or {}).get(f"{self.part}s") or []
        return next((part for part in parts if part[self.key] == wanted), None)


class NetworkSubnet(_PartOfNetwork):
    """
    A range of a network, in one network zone.
    """

    token = "hcloud:index/networkSubnet:NetworkSubnet"
    part = "subnet"
    key = "ip_range"
    property = "ipRange"
    replaces = frozenset({"networkId", "type", "networkZone", "ipRange", "vswitchId"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        A valid range and type.
        """
        failures = check_range("ipRange", inputs["ipRange"])
        if inputs["type"] is not UNKNOWN and inputs["type"] not in SUBNET_TYPES:
            fact = f"type: {inputs['type']} is not one of {', '.join(SUBNET_TYPES)}"
            failures.append(Failure(property="type", reason=f"{fact}. Nothing was changed. Set type to cloud."))
        return failures

    def body(self, inputs: Properties) -> Json:
        """
        All it has.
        """
        return {
            "type": inputs["type"],
            "ip_range": inputs["ipRange"],
            "network_zone": inputs["networkZone"],
            "vswitch_id": inputs.get("vswitchId"),
        }

    def state(self, network: int, found: Json) -> Properties:
        """
        With the gateway.
        """
        return {
            "networkId": network,
            "type": found["type"],
            "ipRange": found["ip_range"],
            "networkZone": found["network_zone"],
            "gateway": found["gateway"],
            "vswitchId": found.get("vswitch_id"),
        }


class NetworkRoute(_PartOfNetwork):
    """
    A route of a network.
    """

    token = "hcloud:index/networkRoute:NetworkRoute"
    part = "route"
    key = "destination"
    property = "destination"
    replaces = frozenset({"networkId", "destination", "gateway"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        A valid destination.
        """
        return check_range("destination", inputs["destination"])

    def body(self, inputs: Properties) -> Json:
        """
        All it has.
        """
        return {"destination": inputs["destination"], "gateway": inputs["gateway"]}

    def state(self, network: int, found: Json) -> Properties:
        """
        All it has.
        """
        return {"networkId": network, "destination": found["destination"], "gateway": found["gateway"]}

    def _reference(self, found: Json) -> Json:
        return {"destination": found["destination"], "gateway": found["gateway"]}


def check_range(key: str, value: Any) -> list[Failure]:
    """
    A failure unless the value is a CIDR range, or not known yet.
    """
    if value is UNKNOWN:
        return []
    try:
        if "/" not in value:
            raise ValueError(f"{value} is an address and not a range")
        ipaddress.ip_network(value)
    except ValueError as error:
        return [Failure(property=key, reason=f"{key}: {error}. Nothing was changed. Write a range such as 10.0.0.0/16.")]
    return []
