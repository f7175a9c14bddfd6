"""
The data sources: zones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ops.errors import SettingsError
from sandbox.plugins.cloudflare.wording import to_camel
from sandbox.plugins.provider import Function, Properties

if TYPE_CHECKING:
    from sandbox.plugins.cloudflare.api import Api
    from sandbox.plugins.cloudflare.provider import CloudflareProvider


class GetZone(Function):
    """
    One zone, by its id or by a filter that finds exactly one.
    """

    token = "cloudflare:index/getZone:getZone"

    def invoke(self, arguments: Properties) -> Properties:
        """
        The zone as it is.
        """
        api = cast("CloudflareProvider", self.provider).api
        zone_id = arguments.get("zoneId")
        if arguments.get("filter"):
            found = _list(api, arguments["filter"])
            if len(found) != 1:
                raise _error(f"{len(found)} zones match {arguments['filter']}, and exactly one must")
            zone_id = found[0]["id"]
        if not zone_id:
            raise _error("neither zoneId nor filter was given")
        zone = api.find(f"/zones/{zone_id}")
        if zone is None:
            raise _error(f"there is none with id {zone_id}")
        return {**arguments, **to_camel(zone), "zoneId": zone_id}


class GetZones(Function):
    """
    The zones that match.
    """

    token = "cloudflare:index/getZones:getZones"

    def invoke(self, arguments: Properties) -> Properties:
        """
        In the API's order, at most `maxItems`.
        """
        api = cast("CloudflareProvider", self.provider).api
        found = _list(api, arguments)[: arguments.get("maxItems")]
        return {**arguments, "match": arguments.get("match", "all"), "results": [to_camel(zone) for zone in found]}


def _list(api: Api, conditions: Properties) -> list[Any]:
    query = {key: conditions[key] for key in ("name", "status", "match", "order", "direction") if conditions.get(key)}
    account = {f"account.{key}": value for key, value in (conditions.get("account") or {}).items()}
    types = {"type": ",".join(conditions["types"])} if conditions.get("types") else {}
    return list(api.pages("/zones", **query, **account, **types))


def _error(fact: str) -> SettingsError:
    return SettingsError(f"cloudflare zone: {fact}. Nothing was changed. Correct the lookup in the program.")
