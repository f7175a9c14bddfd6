"""
The data sources: zones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ops.errors import SettingsError
from sandbox.plugins.cloudflare.quick import zones_of
from sandbox.plugins.cloudflare.wording import to_camel
from sandbox.plugins.provider import Function, Properties

if TYPE_CHECKING:
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
        provider, zone_id = cast("CloudflareProvider", self.provider), arguments.get("zoneId")
        if arguments.get("filter"):
            found = _list(provider, arguments["filter"])
            if len(found) != 1:
                raise _error(_miscount(arguments["filter"], [str(zone["name"]) for zone in found]))
            return {**arguments, **to_camel(found[0]), "zoneId": found[0]["id"]}
        if not zone_id:
            raise _error("neither zoneId nor filter was given")
        zone = provider.api.find(f"/zones/{zone_id}")
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
        found = _list(cast("CloudflareProvider", self.provider), arguments)[: arguments.get("maxItems")]
        return {**arguments, "match": arguments.get("match", "all"), "results": [to_camel(zone) for zone in found]}


def _list(provider: CloudflareProvider, conditions: Properties) -> list[Any]:
    query = {key: conditions[key] for key in ("name", "status", "match", "order", "direction") if conditions.get(key)}
    query |= {f"account.{key}": value for key, value in (conditions.get("account") or {}).items()}
    query |= {"type": ",".join(conditions["types"])} if conditions.get("types") else {}
    found = zones_of(provider.base_url, provider.token, query)
    return list(provider.api.pages("/zones", **query)) if found is None else found


def _miscount(conditions: Properties, found: list[str]) -> str:
    """
    What is wrong when a filter does not find exactly one zone.
    """
    asked = f"named {conditions['name']}" if conditions.get("name") else f"that fits {conditions}"
    return f"there are {len(found)} zones {asked} ({', '.join(found)})" if found else f"the token sees no zone {asked}"


def _error(fact: str) -> SettingsError:
    return SettingsError(
        f"cloudflare zone: {fact}. Nothing was changed. Correct the lookup, or add the zone: in the sandbox to `zones` of the"
        " stack's settings, then run flotilla sandbox start."
    )
