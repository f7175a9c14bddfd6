"""
Servers in private networks: the resource, and the steps that a server's own `networks` share with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.plugins.hcloud.resource import HcloudResource, gone, one_of
from sandbox.plugins.provider import Context, Failure, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Api, Json

BUSY = ("conflict", "service_error", "no_subnet_available")


class ServerNetwork(HcloudResource):
    """
    One server in one network; its id is `<server>-<network>`.
    """

    token = "hcloud:index/serverNetwork:ServerNetwork"
    replaces = frozenset({"serverId", "networkId", "subnetId", "ip"})
    computed = frozenset({"networkId", "ip"})
    defaults: ClassVar[Properties] = {"aliasIps": []}

    def check(self, inputs: Properties) -> list[Failure]:
        """
        A network or a subnet.
        """
        return one_of(inputs, ("networkId", "subnetId"))

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        Alias addresses are a set.
        """
        return sorted(old or []) == sorted(new or []) if key == "aliasIps" else super().is_same(key, old, new)

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Attach it; attached already is fine.
        """
        network = attach(self.api, context, inputs["serverId"], inputs)
        id = f"{inputs['serverId']}-{network}"
        return id, self._required_state(id, inputs)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now.
        """
        state = self._state(id, inputs or context.state)
        return None if state is None else (self.inputs_of(state, inputs), state)

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Only alias addresses change in place.
        """
        server, _, network = id.partition("-")
        change_alias_ips(self.api, context, server, int(network), new_inputs.get("aliasIps") or [])
        return self._required_state(id, new_inputs)

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Detach it.
        """
        if self._state(id, state) is not None:
            server, _, network = id.partition("-")
            detach(self.api, context, server, int(network))

    def _state(self, id: str, inputs: Properties) -> Properties | None:
        server, _, network = id.partition("-")
        found = self.api.find(f"/servers/{server}", "server") if server.isdecimal() else None
        nets = (found or {}).get("private_net") or []
        item = next((item for item in nets if str(item["network"]) == network), None)
        if item is None:
            return None
        told = {"serverId": int(server), "networkId": int(network), "ip": item["ip"], "macAddress": item.get("mac_address")}
        subnet = {"subnetId": inputs["subnetId"]} if inputs.get("subnetId") else {}
        return {**told, **subnet, "aliasIps": item.get("alias_ips") or []}

    def _required_state(self, id: str, inputs: Properties) -> Properties:
        state = self._state(id, inputs)
        if state is None:
            raise gone(f"/servers/{id.partition('-')[0]} in network {id.partition('-')[2]}")
        return state


def attach(api: Api, context: Context, server: str | int, entry: Properties) -> int:
    """
    Attach a server as `networkId` or `subnetId`, `ip` and `aliasIps` say; returns the network's id.
    """
    from sandbox.plugins.hcloud.api import ApiError

    subnet = entry.get("subnetId") or ""
    network = subnet_network(subnet) or entry["networkId"]
    body: Json = {"network": network, "ip": entry.get("ip"), "alias_ips": entry.get("aliasIps") or None}
    body["ip_range"] = subnet.partition("-")[2] or None
    path = f"/servers/{server}/actions/attach_to_network"
    try:
        api.settle(context, api.patiently(context, lambda: api.request("POST", path, **body), *BUSY))
    except ApiError as error:
        if error.code != "server_already_attached":
            raise
    return int(network)


def detach(api: Api, context: Context, server: str | int, network: int) -> None:
    """
    Take a server out of a network; out already is fine.
    """
    from sandbox.plugins.hcloud.api import ApiError

    path = f"/servers/{server}/actions/detach_from_network"
    try:
        api.settle(context, api.patiently(context, lambda: api.request("POST", path, network=network), *BUSY))
    except ApiError as error:
        if error.code != "not_found":
            raise


def change_alias_ips(api: Api, context: Context, server: str | int, network: int, addresses: list[str]) -> None:
    """
    Give a server exactly these further addresses in a network.
    """
    api.act(context, f"/servers/{server}/actions/change_alias_ips", network=network, alias_ips=addresses)


def subnet_network(subnet: Any) -> int | None:
    """
    The network's id in a subnet's id such as `123-10.0.1.0/24`.
    """
    head, dash, _ = str(subnet or "").partition("-")
    return int(head) if dash and head.isdecimal() else None


def wanted_by_network(entries: list[Properties]) -> dict[int, Properties]:
    """
    A server's `networks` by network id.
    """
    return {int(subnet_network(entry.get("subnetId")) or entry["networkId"]): entry for entry in entries}


def is_same_place(old: Any, new: Any) -> bool:
    """
    Whether a server's `networks` mean the same: what the new ones leave out (addresses) stays as it is.
    """
    before, after = wanted_by_network(old or []), wanted_by_network(new or [])
    return before.keys() == after.keys() and all(_says_no_more(before[network], entry) for network, entry in after.items())


def _says_no_more(old: Properties, new: Properties) -> bool:
    for key in ("subnetId", "ip"):
        if new.get(key) and old.get(key) and new[key] != old[key]:
            return False
    has_aliases = "aliasIps" in new and sorted(new["aliasIps"]) != sorted(old.get("aliasIps") or [])
    return not has_aliases and not (new.get("ip") and not old.get("ip"))
