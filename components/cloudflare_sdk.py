"""
The two parts of Cloudflare's provider that Flotilla uses, without loading its SDK.

`import pulumi_cloudflare` runs 290,000 lines of generated types and takes 2 s of every preview; its single modules still 0.5 s.
What a program says to the engine is small: a type, properties, and the provider's version. A test holds both parts to what the
SDK itself sends.
"""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Mapping

import pulumi
from pulumi import Input, InvokeOptions, ResourceOptions

from ops.errors import FlotillaError

DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
GET_ZONE = "cloudflare:index/getZone:getZone"


@functools.cache
def version() -> str:
    """
    The provider's version: that of the installed SDK.
    """
    return importlib.metadata.version("pulumi-cloudflare")


class DnsRecord(pulumi.CustomResource):
    """
    One DNS record. `name` is the whole name; `ttl_s` is in seconds, 1 is Cloudflare's automatic. Either `content` or, for types
    of several parts such as CAA, `data`; `priority` is that of an MX.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        zone_id: Input[str],
        name: Input[str],
        kind: Input[str],
        content: Input[str] | None = None,
        data: Mapping[str, Input[str | int]] | None = None,
        priority: Input[int] | None = None,
        ttl_s: Input[int],
        proxied: Input[bool],
        opts: ResourceOptions,
    ) -> None:
        # What the provider answers with, beside the inputs: the SDK declares it so that it is known to be unknown in a preview.
        computed = dict.fromkeys(("createdOn", "modifiedOn", "commentModifiedOn", "tagsModifiedOn", "meta", "proxiable"))
        inputs = {
            "zoneId": zone_id,
            "name": name,
            "type": kind,
            "content": content,
            "data": data,
            "priority": priority,
            "ttl": ttl_s,
            "proxied": proxied,
        }
        options = ResourceOptions.merge(ResourceOptions(version=version()), opts)
        super().__init__(DNS_RECORD, resource_name, {**inputs, **computed}, options)


def zone_id(name: str) -> str:
    """
    The id of the zone with this name, asked for now: an output that failed would end the program with the SDK's traceback, and
    so would a lookup that is still on its way when the engine gives up. Call it before anything is registered.

    Raises FlotillaError with the provider's own words when there is none, or the token does not see it.
    """
    arguments = {"filter": {"match": "all", "name": name}}
    try:
        found = pulumi.runtime.invoke(GET_ZONE, arguments, InvokeOptions(version=version()))
    except Exception as error:  # the SDK has no class of its own for this
        reason = str(error).rpartition(f"{GET_ZONE} returned an error: ")[2]
        raise FlotillaError(f"zone {name}: {reason}") from error
    return str(found.value["zoneId"])
