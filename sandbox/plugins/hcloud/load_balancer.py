"""
Load balancers and their place in a private network. Services and targets have modules of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from sandbox.plugins.hcloud.resource import HcloudResource, NamedResource, differs, gone, one_of
from sandbox.plugins.hcloud.server_network import BUSY, subnet_network
from sandbox.plugins.provider import UNKNOWN, Context, Failure, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json

ALGORITHMS: Final = ("round_robin", "least_connections")


class LoadBalancer(NamedResource):
    """
    A load balancer. Its place cannot change; its type and algorithm can.
    """

    token = "hcloud:index/loadBalancer:LoadBalancer"
    collection = "load_balancers"
    document = "load_balancer"
    replaces = frozenset({"location", "networkZone"})
    computed = frozenset({"algorithm", "labels", "location", "networkZone", "targets"})
    defaults: ClassVar[Properties] = {"deleteProtection": False}
    unsupported = frozenset({"ipv4Id", "ipv6Id", "targets"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        A place, and an algorithm that there is.
        """
        failures = super().check(inputs)
        if not inputs.get("location") and not inputs.get("networkZone"):
            fact = "location: neither location nor networkZone was given"
            failures.append(Failure(property="location", reason=f"{fact}. Nothing was changed. Give location."))
        algorithm = (inputs.get("algorithm") or {}).get("type") if isinstance(inputs.get("algorithm"), dict) else None
        if algorithm not in (None, UNKNOWN, *ALGORITHMS):
            fact = f"algorithm.type: {algorithm} is not one of {', '.join(ALGORITHMS)}"
            failures.append(Failure(property="algorithm.type", reason=f"{fact}. Nothing was changed. Change it."))
        return failures

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        An algorithm that does not say its type leaves it as it is.
        """
        if key == "algorithm" and not (new or {}).get("type"):
            return True
        return super().is_same(key, old, new)

    def body(self, inputs: Properties) -> Json:
        """
        Protection comes afterwards.
        """
        algorithm = (inputs.get("algorithm") or {}).get("type")
        return {
            "name": inputs["name"],
            "load_balancer_type": inputs["loadBalancerType"],
            "algorithm": {"type": algorithm} if algorithm else None,
            "location": inputs.get("location"),
            "network_zone": inputs.get("networkZone"),
            "labels": inputs.get("labels"),
        }

    def state(self, found: Json, inputs: Properties) -> Properties:
        """
        With its addresses.
        """
        private = next(iter(found["private_net"]), None)
        return {
            "name": found["name"],
            "loadBalancerType": found["load_balancer_type"]["name"],
            "algorithm": {"type": found["algorithm"]["type"]},
            "ipv4": found["public_net"]["ipv4"]["ip"],
            "ipv6": found["public_net"]["ipv6"]["ip"],
            "location": found["location"]["name"],
            "networkZone": found["location"]["network_zone"],
            "networkId": private["network"] if private else None,
            "networkIp": private["ip"] if private else None,
            "labels": found["labels"],
            "targets": [_target(target) for target in found["targets"]],
            "deleteProtection": found["protection"]["delete"],
        }

    def inputs_of(self, state: Properties, inputs: Properties) -> Properties:
        """
        On an import the location is enough, and targets are resources of their own.
        """
        seen = super().inputs_of(state, inputs)
        return seen if inputs else {key: value for key, value in seen.items() if key != "networkZone"}

    def finish(self, context: Context, id: str, inputs: Properties) -> None:
        """
        Protection, where wanted.
        """
        if inputs.get("deleteProtection"):
            self.protect(context, id, delete=True)

    def change(self, context: Context, found: Json, old: Properties, inputs: Properties) -> None:
        """
        In place, but for the place itself.
        """
        id, now = found["id"], self.state(found, inputs)
        self.put(id, now, inputs, "name", *(["labels"] if "labels" in inputs else []))
        if differs("loadBalancerType", now, inputs):
            self.api.act(context, f"{self.path(id)}/actions/change_type", load_balancer_type=inputs["loadBalancerType"])
        algorithm = (inputs.get("algorithm") or {}).get("type")
        if algorithm and algorithm != now["algorithm"]["type"]:
            self.api.act(context, f"{self.path(id)}/actions/change_algorithm", type=algorithm)
        if differs("deleteProtection", now, inputs):
            self.protect(context, id, delete=bool(inputs.get("deleteProtection")))


class LoadBalancerNetwork(HcloudResource):
    """
    A load balancer in a private network; its id is `<load balancer>-<network>`.
    """

    token = "hcloud:index/loadBalancerNetwork:LoadBalancerNetwork"
    replaces = frozenset({"loadBalancerId", "networkId", "subnetId", "ip"})
    computed = frozenset({"networkId", "ip"})
    defaults: ClassVar[Properties] = {"enablePublicInterface": True}

    def check(self, inputs: Properties) -> list[Failure]:
        """
        A network or a subnet.
        """
        return one_of(inputs, ("networkId", "subnetId"))

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Attach it; attached to this network already is fine.
        """
        from sandbox.plugins.hcloud.api import ApiError

        balancer, subnet = inputs["loadBalancerId"], inputs.get("subnetId") or ""
        network = subnet_network(subnet) or inputs["networkId"]
        body = {"network": network, "ip": inputs.get("ip"), "ip_range": subnet.partition("-")[2] or None}
        path = f"/load_balancers/{balancer}/actions/attach_to_network"
        id = f"{balancer}-{network}"
        try:
            self.api.settle(context, self.api.patiently(context, lambda: self.api.request("POST", path, **body), *BUSY))
        except ApiError as error:
            if error.code != "load_balancer_already_attached" or self._state(id, inputs) is None:
                raise
        return id, self.update(context, id, {}, inputs)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now.
        """
        state = self._state(id, inputs or context.state)
        return None if state is None else (self.inputs_of(state, inputs), state)

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Only the public interface changes in place.
        """
        wanted, path = bool(new_inputs.get("enablePublicInterface", True)), f"/load_balancers/{id.partition('-')[0]}/actions"
        state = self._required_state(id, new_inputs)
        if state["enablePublicInterface"] != wanted:
            self.api.act(context, f"{path}/{'enable' if wanted else 'disable'}_public_interface")
            state = self._required_state(id, new_inputs)
        return state

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Detach it; out already is fine.
        """
        from sandbox.plugins.hcloud.api import ApiError

        balancer, _, network = id.partition("-")
        path = f"/load_balancers/{balancer}/actions/detach_from_network"
        try:
            reply = self.api.patiently(context, lambda: self.api.request("POST", path, network=int(network)), *BUSY)
            self.api.settle(context, reply)
        except ApiError as error:
            if error.code != "not_found":
                raise

    def _state(self, id: str, inputs: Properties) -> Properties | None:
        balancer, _, network = id.partition("-")
        found = self.api.find(f"/load_balancers/{balancer}", "load_balancer") if balancer.isdecimal() else None
        nets = (found or {}).get("private_net") or []
        item = next((item for item in nets if str(item["network"]) == network), None)
        if found is None or item is None:
            return None
        told = {"loadBalancerId": int(balancer), "networkId": int(network), "ip": item["ip"]}
        subnet = {"subnetId": inputs["subnetId"]} if inputs.get("subnetId") else {}
        return {**told, **subnet, "enablePublicInterface": found["public_net"]["enabled"]}

    def _required_state(self, id: str, inputs: Properties) -> Properties:
        state = self._state(id, inputs)
        if state is None:
            raise gone(f"/load_balancers/{id.partition('-')[0]} in network {id.partition('-')[2]}")
        return state


def _target(target: Json) -> Properties:
    """
    A target as the load balancer itself shows it: of servers only the id.
    """
    server = {"serverId": target["server"]["id"]} if target["type"] == "server" else {}
    return {"type": target["type"], **server}
