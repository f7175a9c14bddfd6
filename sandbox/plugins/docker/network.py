"""
`docker:index/network:Network`, and `getNetwork`. Nothing of a network can be changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Final

from ops.errors import FlotillaError
from sandbox.plugins.docker.fields import LABELS, MAP, PLAIN, Field, flatten, listed, render
from sandbox.plugins.docker.types import DockerHost, DockerResource, api_error, found_or_none, is_left_behind, owned, wait_until
from sandbox.plugins.provider import Context, Function, Properties

# As the real plugin: endpoints of a service that is being removed take their time.
REMOVE_S: Final = 30.0
_IPAM: Final = (
    Field("subnet", "Subnet", PLAIN),
    Field("ipRange", "IPRange", PLAIN),
    Field("gateway", "Gateway", PLAIN),
    Field("auxAddress", "AuxiliaryAddresses", MAP),
)
NETWORK: Final = (
    Field("name", "Name", PLAIN),
    Field("driver", "Driver", PLAIN, "bridge"),
    Field("attachable", "Attachable", PLAIN),
    Field("ingress", "Ingress", PLAIN),
    Field("internal", "Internal", PLAIN),
    Field("ipv6", "EnableIPv6", PLAIN),
    Field("labels", "Labels", LABELS),
    Field("options", "Options", MAP),
    Field("ipamDriver", "IPAM.Driver", PLAIN, "default"),
    Field("ipamOptions", "IPAM.Options", MAP),
    Field("ipamConfigs", "IPAM.Config", listed(_IPAM, is_set=True)),
)
IN_USE: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT})


class Network(DockerResource):
    """
    A network: an overlay of the swarm, or one of the host alone.
    """

    token = "docker:index/network:Network"
    replaces = frozenset(field.property for field in NETWORK)
    computed: ClassVar[frozenset[str]] = frozenset({"driver", "options", "internal", "ipamConfigs"})

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        Sets have no order, and what is left out has its default.
        """
        return normal_form({key: old}) == normal_form({key: new})

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Make it.
        """
        wanted = render(NETWORK, inputs)
        existing = self._left_behind(inputs["name"], context)
        if existing:
            self._remove(existing, context)
        network_id = self.api.create_network(
            inputs["name"],
            driver=wanted["Driver"],
            options=wanted.get("Options"),
            ipam=wanted["IPAM"],
            check_duplicate=True,
            internal=wanted.get("Internal", False),
            labels=owned(wanted.get("Labels"), context),
            enable_ipv6=wanted.get("EnableIPv6", False),
            attachable=wanted.get("Attachable"),
            ingress=wanted.get("Ingress"),
        )["Id"]
        return network_id, self._state(self.api.inspect_network(network_id), inputs)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        Whether it is still there: a network never changes, so what was asked for is what it is.
        """
        found = found_or_none(lambda: self.api.inspect_network(id))
        if found is None:
            return None
        now = inputs or flatten(NETWORK, found)
        return now, self._state(found, now)

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Remove it, once the last endpoint has left.
        """
        self._remove(id, context)

    def _left_behind(self, name: str, context: Context) -> str:
        """
        The id of a network of this name that an interrupted create of this same resource left.
        """
        named = [item for item in self.api.networks(names=[name]) if item["Name"] == name]
        return next((str(item["Id"]) for item in named if is_left_behind(item.get("Labels"), context)), "")

    def _remove(self, network_id: str, context: Context) -> None:
        def is_removed() -> bool:
            try:
                found_or_none(lambda: self.api.remove_network(network_id))
            except api_error() as error:
                if error.status_code not in IN_USE:
                    raise
                return False
            return found_or_none(lambda: self.api.inspect_network(network_id)) is None

        if not wait_until(is_removed, REMOVE_S, context):
            self.api.remove_network(network_id)  # its refusal is the error to show

    def _state(self, found: Mapping[str, Any], inputs: Properties) -> Properties:
        shown = {"driver": found["Driver"], "scope": found["Scope"], "internal": found["Internal"]}
        return {**flatten(NETWORK, found), **shown, "options": found.get("Options") or {}, **inputs}


class GetNetwork(Function):
    """
    A network that exists already, by its name or id.
    """

    token = "docker:index/getNetwork:getNetwork"

    def __init__(self, provider: DockerHost) -> None:
        super().__init__(provider)
        self.docker_host = provider

    def invoke(self, arguments: Properties) -> Properties:
        """
        Look it up.
        """
        name = arguments["name"]
        found = found_or_none(lambda: self.docker_host.api().inspect_network(name))
        if found is None:
            raise FlotillaError(f"network {name}: docker at {self.docker_host.host} has none of this name. Create it first.")
        return {
            "id": found["Id"],
            "name": found["Name"],
            "driver": found["Driver"],
            "scope": found["Scope"],
            "internal": found["Internal"],
            "options": found.get("Options") or {},
            "ipamConfigs": listed(_IPAM).to_property((found.get("IPAM") or {}).get("Config") or []),
            "containers": [_container(key, item) for key, item in sorted((found.get("Containers") or {}).items())],
        }


def _container(key: str, item: Mapping[str, str]) -> Properties:
    return {
        "containerId": key,
        "name": item.get("Name", ""),
        "endpointId": item.get("EndpointID", ""),
        "macAddress": item.get("MacAddress", ""),
        "ipv4Address": item.get("IPv4Address", ""),
        "ipv6Address": item.get("IPv6Address", ""),
    }


def normal_form(inputs: Mapping[str, Any]) -> Properties:
    """
    Inputs reduced to what they mean.
    """
    return flatten(NETWORK, render(NETWORK, inputs))
