"""
Configuration of the Cloudflare stand-in. The client is imported at the first request: a preview needs none.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, ClassVar, Final

from ops.errors import SettingsError
from sandbox.plugins.cloudflare.dns_record import DnsRecord
from sandbox.plugins.cloudflare.lookups import GetZone, GetZones
from sandbox.plugins.loopback import require_loopback_url
from sandbox.plugins.provider import Function, Properties, Provider, Resource

if TYPE_CHECKING:
    from sandbox.plugins.cloudflare.api import Api

DEFAULT_BASE_URL: Final = "https://api.cloudflare.com/client/v4"


class CloudflareProvider(Provider):
    """
    `cloudflare:apiToken` or CLOUDFLARE_API_TOKEN, `cloudflare:baseUrl` or CLOUDFLARE_BASE_URL.
    """

    name = "cloudflare"
    resources: ClassVar[list[type[Resource]]] = [DnsRecord]
    functions: ClassVar[list[type[Function]]] = [GetZone, GetZones]

    @property
    def base_url(self) -> str:
        """
        Where the API is.
        """
        return str(self.config.get("baseUrl") or os.environ.get("CLOUDFLARE_BASE_URL") or DEFAULT_BASE_URL)

    @functools.cached_property
    def api(self) -> Api:
        """
        The client, made at the first request.
        """
        from sandbox.plugins.cloudflare.api import Api

        return Api(self.base_url, self.token)

    def check_endpoint(self) -> None:
        """
        The one endpoint there is.
        """
        require_loopback_url(self.base_url, "cloudflare:baseUrl (or CLOUDFLARE_BASE_URL)")

    def configure(self, config: Properties) -> None:
        """
        Refuse what could only fail later.
        """
        for key in ("apiKey", "apiUserServiceKey", "email"):
            if config.get(key):
                raise SettingsError(
                    f"cloudflare:{key}: the sandbox's stand-in takes API tokens only. Nothing was changed. Use an API token:"
                    f" pulumi config rm cloudflare:{key}."
                )
        _ = self.token

    def close(self) -> None:
        """
        Release the client, if one was made.
        """
        if "api" in self.__dict__:
            self.api.close()

    @property
    def token(self) -> str:
        """
        What opens the API.
        """
        token = self.config.get("apiToken") or os.environ.get("CLOUDFLARE_API_TOKEN")
        if not token:
            raise SettingsError(
                "cloudflare:apiToken: no token was given, nor is CLOUDFLARE_API_TOKEN set. Nothing was changed. Load the"
                " sandbox's environment: . ./env.sh."
            )
        return str(token)
