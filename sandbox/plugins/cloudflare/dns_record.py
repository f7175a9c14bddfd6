"""
DNS records.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from sandbox.plugins import schema as schemas
from sandbox.plugins.cloudflare.wording import to_camel, to_snake
from sandbox.plugins.provider import Context, Failure, Properties, Resource

if TYPE_CHECKING:
    from sandbox.plugins.cloudflare.api import Api, Json
    from sandbox.plugins.cloudflare.provider import CloudflareProvider

ADDRESSING: Final = ("A", "AAAA", "CNAME", "HTTPS", "LOC", "MX", "NAPTR", "NS", "PTR", "SRV", "SVCB", "TXT", "URI")
KEYS: Final = ("CAA", "CERT", "DNSKEY", "DS", "OPENPGPKEY", "SMIMEA", "SSHFP", "TLSA")
TYPES: Final = sorted(ADDRESSING + KEYS)
AUTOMATIC_TTL: Final = 1
TTLS_S: Final = (30, 86400)
SENT: Final = ("name", "type", "content", "ttl", "proxied", "priority", "comment", "tags", "data", "settings")


class DnsRecord(Resource):
    """
    One record of a zone. Its zone and its type are for ever.
    """

    token = "cloudflare:index/dnsRecord:DnsRecord"
    replaces = frozenset({"zoneId", "type"})
    computed = frozenset({"content", "proxied", "settings", "tags"})
    unstable_outputs = frozenset({"modifiedOn", "commentModifiedOn", "tagsModifiedOn", "meta"})
    unsupported = frozenset({"includeShadowMetadata", "privateRouting"})

    @property
    def api(self) -> Api:
        """
        The client of this provider.
        """
        return cast("CloudflareProvider", self.provider).api

    def check(self, inputs: Properties) -> list[Failure]:
        """
        What the real provider refuses before it asks the API.
        """
        failures = []
        kind, ttl, priority = inputs["type"], inputs["ttl"], inputs.get("priority")
        if isinstance(kind, str) and kind.upper() not in TYPES:
            failures.append(_failure("type", f"{kind} is not one of {', '.join(TYPES)}"))
        if isinstance(ttl, int | float) and ttl != AUTOMATIC_TTL and not TTLS_S[0] <= ttl <= TTLS_S[1]:
            failures.append(_failure("ttl", f"{ttl} is neither 1 (automatic) nor between {TTLS_S[0]} and {TTLS_S[1]} seconds"))
        if isinstance(priority, int | float) and not 0 <= priority <= 65535:
            failures.append(_failure("priority", f"{priority} is not between 0 and 65535"))
        if inputs.get("content") is not None and inputs.get("data") is not None:
            failures.append(_failure("data", "conflicts with content"))
        return failures

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        Tags are a set; names, and what a CNAME points at, know no case and no final dot.
        """
        if key == "tags":
            return sorted(old or []) == sorted(new or [])
        if key == "name" and isinstance(old, str) and isinstance(new, str):
            return old.rstrip(".").lower() == new.rstrip(".").lower()
        return super().is_same(key, old, new)

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Create it, or take up one whose creation was cut short.
        """
        from sandbox.plugins.cloudflare.api import ApiError

        label = f"{inputs['type']} {inputs['name']}"
        left = self._left_over(context, label, inputs)
        if left is not None:
            return left["id"], self.update(context, left["id"], {}, inputs)
        context.intent.record(label)
        try:
            found: Json = self.api.request("post", _path(inputs["zoneId"]), _body(inputs))["result"]
        except ApiError as error:
            if error.status:
                context.intent.forget()
            raise
        context.intent.record(label, found["id"])
        return found["id"], _state(found, inputs)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now; an import names `<zone id>/<record id>`.
        """
        zone, _, record = id.rpartition("/")
        zone = zone or context.state.get("zoneId") or inputs.get("zoneId") or ""
        if not zone:
            raise _no_zone(id)
        found = self.api.find(f"{_path(zone)}/{record}")
        if found is None:
            return None
        state = _state(found, {"zoneId": zone, "name": inputs.get("name")})
        if inputs:
            seen = {key: state.get(key, value) for key, value in inputs.items()}
            return {key: inputs[key] if self.is_same(key, inputs[key], value) else value for key, value in seen.items()}, state
        known = schemas.load(self.provider.name).inputs(self.token)
        return {key: state[key] for key in known if state.get(key) not in (None, "", [], {})}, state

    def resource_id(self, import_id: str) -> str:
        """
        The record's id alone.
        """
        return import_id.rpartition("/")[2]

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Write the whole record anew.
        """
        found: Json = self.api.request("put", f"{_path(new_inputs['zoneId'])}/{id}", _body(new_inputs))["result"]
        return _state(found, new_inputs)

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Delete it.
        """
        from sandbox.plugins.cloudflare.api import ApiError

        try:
            self.api.request("delete", f"{_path(state['zoneId'])}/{id}")
        except ApiError as error:
            if error.status != 404:
                raise
        context.intent.forget()

    def _left_over(self, context: Context, label: str, inputs: Properties) -> Json | None:
        left = context.intent.unfinished(label)
        if left is None:
            return None
        if left:
            return self.api.find(f"{_path(inputs['zoneId'])}/{left}")
        records = self.api.pages(_path(inputs["zoneId"]), type=inputs["type"])
        same = (
            item for item in records if _is_named(inputs["name"], item["name"]) and item["content"] == inputs.get("content")
        )
        return next(same, None)


def _path(zone: str) -> str:
    return f"/zones/{zone}/dns_records"


def _body(inputs: Properties) -> Json:
    body: Json = to_snake({key: inputs[key] for key in SENT if inputs.get(key) is not None})
    return body


def _state(found: Json, inputs: Properties) -> Properties:
    """
    The record as the engine keeps it; the name stays as it was written while it means the same.
    """
    state: Properties = to_camel({key: value for key, value in found.items() if key not in ("id", "meta", "zone_name")})
    name = inputs.get("name")
    written = {"name": name} if isinstance(name, str) and _is_named(name, found["name"]) else {}
    return {**state, **written, "zoneId": inputs["zoneId"], "meta": json.dumps(found.get("meta") or {}, sort_keys=True)}


def _is_named(written: str, full: str) -> bool:
    """
    Whether a name as people write it (`www`, `@`) can be this full name.
    """
    short, long = written.rstrip(".").lower(), full.rstrip(".").lower()
    return short in (long, "@") or long.startswith(f"{short}.")


def _failure(key: str, fact: str) -> Failure:
    return Failure(property=key, reason=f"{key}: {fact}. Nothing was changed. Correct it.")


def _no_zone(id: str) -> Exception:
    from ops.errors import SettingsError

    return SettingsError(
        f"{id}: names no zone, and a record is only found in its zone. Nothing was changed. Import it as"
        " <zone id>/<record id>: pulumi import cloudflare:index/dnsRecord:DnsRecord <name> <zone id>/<record id>."
    )
