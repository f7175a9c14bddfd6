"""
The data sources.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ops.errors import SettingsError
from sandbox.plugins.provider import Function, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Api, Json
    from sandbox.plugins.hcloud.provider import HcloudProvider


class _Lookup(Function):
    """
    One document of a collection, by id, name or label selector.
    """

    collection: ClassVar[str]
    document: ClassVar[str]
    title: ClassVar[str]

    @property
    def api(self) -> Api:
        """
        The client of this provider.
        """
        return cast("HcloudProvider", self.provider).api

    @abstractmethod
    def result(self, found: Json, arguments: Properties) -> Properties:
        """
        The document as the SDK's result type has it.
        """

    def query(self, arguments: Properties) -> Json:
        """
        Further conditions.
        """
        return {}

    def invoke(self, arguments: Properties) -> Properties:
        """
        Exactly one condition, and exactly one document.
        """
        keys = [key for key in ("id", "name", "selector", "withSelector") if arguments.get(key)]
        if len(keys) != 1:
            raise _error(self.title, "give exactly one of id, name or a label selector")
        key = keys[0]
        if key == "id":
            found = self.api.find(f"/{self.collection}/{arguments['id']}", self.document)
            matches = [found] if found else []
        else:
            condition = {"name": arguments[key]} if key == "name" else {"label_selector": arguments[key]}
            matches = list(self.api.pages(f"/{self.collection}", self.collection, **condition, **self.query(arguments)))
        if not matches:
            raise _error(self.title, f"there is none with {key} {arguments[key]}")
        if len(matches) > 1 and not arguments.get("mostRecent"):
            raise _error(self.title, f"there are {len(matches)} with {key} {arguments[key]}")
        return arguments | self.result(matches[0], arguments)


class GetServerType(_Lookup):
    """
    A server type.
    """

    token = "hcloud:index/getServerType:getServerType"
    collection = "server_types"
    document = "server_type"
    title = "server type"

    def result(self, found: Json, arguments: Properties) -> Properties:
        """
        All it has.
        """
        return server_type(found)


class GetServerTypes(Function):
    """
    Every server type.
    """

    token = "hcloud:index/getServerTypes:getServerTypes"

    def invoke(self, arguments: Properties) -> Properties:
        """
        In the API's order.
        """
        api = cast("HcloudProvider", self.provider).api
        types = [server_type(item) for item in api.pages("/server_types", "server_types")]
        ids = [str(item["id"]) for item in types]
        return {
            "id": hashlib.sha1("".join(ids).encode()).hexdigest(),  # noqa: S324 -- an id, as the real provider makes it
            "names": [item["name"] for item in types],
            "descriptions": [item["description"] for item in types],
            "serverTypeIds": ids,
            "serverTypes": types,
        }


class GetLocation(_Lookup):
    """
    A location.
    """

    token = "hcloud:index/getLocation:getLocation"
    collection = "locations"
    document = "location"
    title = "location"

    def result(self, found: Json, arguments: Properties) -> Properties:
        """
        All it has.
        """
        plain = {key: found[key] for key in ("id", "name", "city", "country", "description", "latitude", "longitude")}
        return {**plain, "networkZone": found["network_zone"]}


class GetImage(_Lookup):
    """
    An image; of x86 unless told otherwise.
    """

    token = "hcloud:index/getImage:getImage"
    collection = "images"
    document = "image"
    title = "image"

    def query(self, arguments: Properties) -> Json:
        """
        Architecture, status, age.
        """
        query: Json = {"architecture": arguments.get("withArchitecture") or "x86"}
        if arguments.get("withStatuses"):
            query["status"] = arguments["withStatuses"]
        if arguments.get("includeDeprecated"):
            query["include_deprecated"] = "true"
        if arguments.get("mostRecent"):
            query["sort"] = "created:desc"
        return query

    def result(self, found: Json, arguments: Properties) -> Properties:
        """
        All it has.
        """
        deprecated = found.get("deprecated")
        return {
            **{key: found.get(key) for key in ("id", "name", "type", "architecture", "created", "description", "labels")},
            "osFlavor": found.get("os_flavor"),
            "osVersion": found.get("os_version") or "",
            "rapidDeploy": bool(found.get("rapid_deploy")),
            "deprecated": deprecated or "",
            "isDeprecated": bool(deprecated),
            "deprecationAnnounced": deprecated or "",
            "unavailableAfter": deprecated or "",
        }


class GetNetwork(_Lookup):
    """
    A private network.
    """

    token = "hcloud:index/getNetwork:getNetwork"
    collection = "networks"
    document = "network"
    title = "network"

    def result(self, found: Json, arguments: Properties) -> Properties:
        """
        All it has.
        """
        return {
            "id": found["id"],
            "name": found["name"],
            "ipRange": found["ip_range"],
            "labels": found["labels"],
            "deleteProtection": found["protection"]["delete"],
            "exposeRoutesToVswitch": bool(found.get("expose_routes_to_vswitch")),
        }


def server_type(found: Json) -> Properties:
    """
    A server type as the SDK has it.
    """
    plain = ("id", "name", "description", "category", "cores", "memory", "disk", "architecture")
    return {
        **{key: found.get(key) for key in plain},
        "storageType": found.get("storage_type"),
        "cpuType": found.get("cpu_type"),
        "includedTraffic": found.get("included_traffic") or 0,
        "locations": [_type_location(item) for item in found.get("locations") or []],
        **_deprecation(found),
    }


def _type_location(found: Json) -> Properties:
    return {
        "id": found["id"],
        "name": found["name"],
        "available": bool(found.get("available", True)),
        "recommended": bool(found.get("recommended", True)),
        **_deprecation(found),
    }


def _deprecation(found: Json) -> Properties:
    deprecation: Any = found.get("deprecation") or {}
    return {
        "isDeprecated": bool(deprecation),
        "deprecationAnnounced": deprecation.get("announced") or "",
        "unavailableAfter": deprecation.get("unavailable_after") or "",
    }


def _error(title: str, fact: str) -> SettingsError:
    return SettingsError(f"hcloud {title}: {fact}. Nothing was changed. Correct the lookup in the program.")
