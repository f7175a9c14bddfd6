"""
The two parts of Cloudflare's provider that Flotilla uses, without loading its SDK.

`import pulumi_cloudflare` runs 290,000 lines of generated types and takes 2 s of every preview; its single modules still 0.5 s.
What a program says to the engine is small: a type, properties, and the provider's version. A test holds both parts to what the
SDK itself sends.
"""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped]
import pulumi
from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi import Input, ResourceOptions
from pulumi.runtime.proto import resource_pb2

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


class ZoneLookups:
    """
    The zones' ids, asked for on the side: the plugin starts and answers while the program is still being imported.

    Not outputs: one that failed would end the program with the SDK's traceback, and so would a lookup that is still on its way
    when the engine gives up. Ask for `ids` before anything is declared: the SDK registers that also where the program fails.
    """

    def __init__(self, names: Iterable[str]) -> None:
        monitor = pulumi.runtime.settings.get_monitor()
        names = list(dict.fromkeys(names))
        self._pool = ThreadPoolExecutor(len(names) or 1)
        self._asked = {name: self._pool.submit(_invoke, monitor, name) for name in names}

    def ids(self) -> dict[str, str]:
        """
        {zone: its id}, of all that were asked for.

        Raises FlotillaError with the provider's own words when there is none, or the token does not see it.
        """
        self._pool.shutdown()
        return {name: _zone_id(name, found) for name, found in self._asked.items()}


def _invoke(monitor: Any, name: str) -> Any:
    """
    What `pulumi.runtime.invoke` sends, from any thread.
    """
    arguments = struct_pb2.Struct()
    arguments.update({"filter": {"match": "all", "name": name}})
    return monitor.Invoke(
        resource_pb2.ResourceInvokeRequest(tok=GET_ZONE, args=arguments, version=version(), acceptResources=True)
    )


def _zone_id(name: str, asked: Future[Any]) -> str:
    try:
        found = asked.result()
    except grpc.RpcError as error:
        said = str(error.details())
        raise FlotillaError(f"zone {name}: {said.rpartition(f'{GET_ZONE} returned an error: ')[2]}") from error
    if found.failures:
        raise FlotillaError(f"zone {name}: {'; '.join(failure.reason for failure in found.failures)}. Nothing was changed.")
    return str(getattr(found, "return")["zoneId"])
