"""
Reverse names of public addresses.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox.plugins.hcloud.resource import HcloudResource, gone, one_of
from sandbox.plugins.provider import UNKNOWN, Context, Failure, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json


@dataclass(frozen=True)
class Kind:
    """
    What can have a reverse name: its letter in ids, its input, and where it is in the API.
    """

    letter: str
    key: str
    collection: str
    document: str


KINDS: Final = (
    Kind("s", "serverId", "servers", "server"),
    Kind("p", "primaryIpId", "primary_ips", "primary_ip"),
    Kind("f", "floatingIpId", "floating_ips", "floating_ip"),
    Kind("l", "loadBalancerId", "load_balancers", "load_balancer"),
)


class Rdns(HcloudResource):
    """
    The reverse name of one address; its id is `<letter>-<id>-<address>`, such as `s-123-127.10.0.11`.
    """

    token = "hcloud:index/rdns:Rdns"
    replaces = frozenset({*(kind.key for kind in KINDS), "ipAddress"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        One owner, and an address.
        """
        failures = one_of(inputs, (kind.key for kind in KINDS))
        address = inputs["ipAddress"]
        if address is not UNKNOWN and _normal(address) is None:
            fact = f"ipAddress: {address} is not an IP address"
            failures.append(Failure(property="ipAddress", reason=f"{fact}. Nothing was changed. Correct it."))
        return failures

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        One address may be written in several ways.
        """
        if key == "ipAddress" and old and new:
            return _normal(old) == _normal(new)
        return super().is_same(key, old, new)

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Set it.
        """
        kind = next(kind for kind in KINDS if inputs.get(kind.key) is not None)
        id = f"{kind.letter}-{inputs[kind.key]}-{_normal(inputs['ipAddress'])}"
        return id, self.update(context, id, {}, inputs)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now.
        """
        state = self._state(id)
        return None if state is None else (self.inputs_of(state, inputs), state)

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Set another name.
        """
        self._set(context, id, new_inputs["dnsPtr"])
        state = self._state(id)
        if state is None:
            raise gone(f"reverse name {id}")
        return state

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Give the address its default name back.
        """
        if self._state(id) is not None:
            self._set(context, id, None)

    def _set(self, context: Context, id: str, name: str | None) -> None:
        from sandbox.plugins.hcloud.api import NULL

        kind, number, address = _parse(id)
        path = f"/{kind.collection}/{number}/actions/change_dns_ptr"
        self.api.act(context, path, ip=address, dns_ptr=NULL if name is None else name)

    def _state(self, id: str) -> Properties | None:
        kind, number, address = _parse(id)
        found = self.api.find(f"/{kind.collection}/{number}", kind.document)
        for ip, name in _names(found) if found is not None else ():
            if _normal(ip) == address and name:
                return {kind.key: int(number), "ipAddress": address, "dnsPtr": name}
        return None


def _names(found: Json) -> Iterator[tuple[str, str | None]]:
    """
    Every address of a document with its reverse name.
    """
    if "public_net" not in found:
        yield from ((row["ip"], row["dns_ptr"]) for row in found["dns_ptr"])
        return
    for public in (found["public_net"].get("ipv4"), found["public_net"].get("ipv6")):
        if public and isinstance(public["dns_ptr"], list):
            yield from ((row["ip"], row["dns_ptr"]) for row in public["dns_ptr"])
        elif public:
            yield public["ip"], public["dns_ptr"]


def _parse(id: str) -> tuple[Kind, str, str]:
    letter, _, rest = id.partition("-")
    number, _, address = rest.partition("-")
    kind = next((kind for kind in KINDS if kind.letter == letter), None)
    normal = _normal(address)
    if kind is None or not number.isdecimal() or normal is None:
        from ops.errors import SettingsError

        raise SettingsError(
            f"{id}: is not the id of a reverse name. Nothing was changed. Write <s|p|f|l>-<id>-<address>, for example"
            " s-123-127.10.0.11."
        )
    return kind, number, normal


def _normal(address: str) -> str | None:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None
