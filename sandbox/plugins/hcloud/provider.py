"""
Configuration of the Hetzner Cloud stand-in. The client is imported at the first request that matters: a preview needs none.
"""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING, ClassVar, Final

from ops.errors import SettingsError
from sandbox.plugins.hcloud.firewall import Firewall, FirewallAttachment
from sandbox.plugins.hcloud.floating_ip import FloatingIp, FloatingIpAssignment
from sandbox.plugins.hcloud.load_balancer import LoadBalancer, LoadBalancerNetwork
from sandbox.plugins.hcloud.load_balancer_service import LoadBalancerService
from sandbox.plugins.hcloud.load_balancer_target import LoadBalancerTarget
from sandbox.plugins.hcloud.lookups import GetImage, GetLocation, GetNetwork, GetServerType, GetServerTypes
from sandbox.plugins.hcloud.network import Network, NetworkRoute, NetworkSubnet
from sandbox.plugins.hcloud.placement_group import PlacementGroup
from sandbox.plugins.hcloud.rdns import Rdns
from sandbox.plugins.hcloud.server import Server
from sandbox.plugins.hcloud.server_network import ServerNetwork
from sandbox.plugins.hcloud.ssh_key import SshKey
from sandbox.plugins.hcloud.volume import Volume, VolumeAttachment
from sandbox.plugins.hcloud.welcome import is_welcome
from sandbox.plugins.loopback import require_loopback_url
from sandbox.plugins.provider import Function, Properties, Provider, Resource

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Api

DEFAULT_ENDPOINT: Final = "https://api.hetzner.cloud/v1"
# Most actions of the emulator end at once.
SOON_S: Final = 0.02
DURATION: Final = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m))")
UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}


class HcloudProvider(Provider):
    """
    `hcloud:token` or HCLOUD_TOKEN, `hcloud:endpoint` or HCLOUD_ENDPOINT.
    """

    name = "hcloud"
    resources: ClassVar[list[type[Resource]]] = [
        Firewall,
        FirewallAttachment,
        FloatingIp,
        FloatingIpAssignment,
        LoadBalancer,
        LoadBalancerNetwork,
        LoadBalancerService,
        LoadBalancerTarget,
        Network,
        NetworkRoute,
        NetworkSubnet,
        PlacementGroup,
        Rdns,
        Server,
        ServerNetwork,
        SshKey,
        Volume,
        VolumeAttachment,
    ]
    functions: ClassVar[list[type[Function]]] = [GetImage, GetLocation, GetNetwork, GetServerType, GetServerTypes]

    @property
    def endpoint(self) -> str:
        """
        Where the API is.
        """
        return str(self.config.get("endpoint") or os.environ.get("HCLOUD_ENDPOINT") or DEFAULT_ENDPOINT)

    @functools.cached_property
    def api(self) -> Api:
        """
        The client, made at the first request.
        """
        from sandbox.plugins.hcloud.api import Api, Polling

        longest_s = _seconds(str(self.config.get("pollInterval") or "1s"))
        first_s = longest_s if self.config.get("pollFunction") == "constant" else min(SOON_S, longest_s)
        return Api(self.endpoint, self._token(), Polling(first_s=first_s, longest_s=longest_s))

    def check_endpoint(self) -> None:
        """
        Both endpoints the config can name.
        """
        require_loopback_url(self.endpoint, "hcloud:endpoint (or HCLOUD_ENDPOINT)")
        if self.config.get("endpointHetzner"):
            require_loopback_url(self.config["endpointHetzner"], "hcloud:endpointHetzner")

    def configure(self, config: Properties) -> None:
        """
        Refuse what could only fail later: above all a token that the API does not know, before anything was changed with it.
        """
        token = self._token()
        _seconds(str(config.get("pollInterval") or "1s"))
        if config.get("pollFunction") not in (None, "constant", "exponential"):
            raise SettingsError(
                f"hcloud:pollFunction: {config['pollFunction']} is neither constant nor exponential. Nothing was changed."
                " Set it in the stack's config: pulumi config set hcloud:pollFunction exponential."
            )
        if not is_welcome(self.endpoint, token):
            self.api.request("GET", "/locations")

    def _token(self) -> str:
        token = self.config.get("token") or os.environ.get("HCLOUD_TOKEN")
        if not token:
            raise SettingsError(
                "hcloud:token: no token was given, nor is HCLOUD_TOKEN set. Nothing was changed. Load the sandbox's"
                " environment: . ./env.sh."
            )
        return str(token)


def _seconds(text: str) -> float:
    """
    A Go duration such as `500ms` or `1.5s`.
    """
    parts = DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise SettingsError(
            f"hcloud:pollInterval: {text} is not a duration such as 500ms. Nothing was changed. Set it in the stack's config:"
            " pulumi config set hcloud:pollInterval 500ms."
        )
    return sum(float(number) * UNITS_S[unit] for number, unit in parts)
