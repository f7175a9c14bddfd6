"""
Firewalls and what they are applied to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.plugins.hcloud.firewall_rules import as_set, check_rule, identity, known_list, rule_body, rule_state
from sandbox.plugins.hcloud.resource import HcloudResource, NamedResource, gone, without_none
from sandbox.plugins.provider import Context, Failure, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json


class Firewall(NamedResource):
    """
    A set of rules; order says nothing.
    """

    token = "hcloud:index/firewall:Firewall"
    collection = "firewalls"
    document = "firewall"
    computed = frozenset({"applyTos", "labels"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        Rules that Hetzner would take.
        """
        failures = super().check(inputs)
        for index, rule in enumerate(known_list(inputs.get("rules"))):
            failures += check_rule(f"rules[{index}]", rule)
        return failures

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        Rules and what they apply to are sets, and an address is a range of one.
        """
        if key in ("rules", "applyTos"):
            return as_set(old) == as_set(new)
        return super().is_same(key, old, new)

    def body(self, inputs: Properties) -> Json:
        """
        Rules, and what it applies to from the start.
        """
        return {
            "name": inputs["name"],
            "labels": inputs.get("labels"),
            "rules": [rule_body(rule) for rule in inputs.get("rules") or []],
            "apply_to": [_target_body(target) for target in inputs.get("applyTos") or []],
        }

    def state(self, found: Json, inputs: Properties) -> Properties:
        """
        Rules in the API's order.
        """
        return {
            "name": found["name"],
            "labels": found["labels"],
            "rules": [rule_state(rule) for rule in found["rules"]],
            "applyTos": [_target_state(target) for target in found["applied_to"]],
        }

    def change(self, context: Context, found: Json, old: Properties, inputs: Properties) -> None:
        """
        In place, all of it.
        """
        id, now = found["id"], self.state(found, inputs)
        self.put(id, now, inputs, "name", "labels")
        if not self.is_same("rules", now["rules"], inputs.get("rules")):
            rules = [rule_body(rule) for rule in inputs.get("rules") or []]
            self.api.act(context, f"/firewalls/{id}/actions/set_rules", rules=rules)
        if inputs.get("applyTos") is not None:
            wanted = [_target_body(target) for target in inputs["applyTos"]]
            apply_exactly(self, context, found, wanted)

    def remove(self, context: Context, id: str, state: Properties) -> None:
        """
        Take it off everything first.
        """
        found = self.find(id)
        targets = [_target_body(_target_state(target)) for target in (found or {}).get("applied_to") or []]
        if targets:
            change_targets(self, context, id, "remove_from_resources", "remove_from", targets)
        super().remove(context, id, state)


class FirewallAttachment(HcloudResource):
    """
    Everything a firewall is applied to, as one resource; its id is the firewall's.
    """

    token = "hcloud:index/firewallAttachment:FirewallAttachment"
    replaces = frozenset({"firewallId"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        Something to apply it to.
        """
        if inputs.get("serverIds") or inputs.get("labelSelectors"):
            return []
        fact = "serverIds: neither serverIds nor labelSelectors names anything"
        return [Failure(property="serverIds", reason=f"{fact}. Nothing was changed. Name at least one.")]

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        Both lists are sets.
        """
        return as_set(old) == as_set(new) if key != "firewallId" else old == new

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Apply it; what it is applied to already stays.
        """
        id = str(inputs["firewallId"])
        state = self.update(context, id, {}, inputs)
        return id, state

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now.
        """
        found = self.api.find(f"/firewalls/{id}", "firewall") if id.isdecimal() else None
        if found is None or not found["applied_to"]:
            return None
        state = self._state(found)
        return self.inputs_of(state, inputs), state

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Apply it to exactly these.
        """
        found = self.api.find(f"/firewalls/{id}", "firewall")
        if found is None:
            raise gone(f"/firewalls/{id}")
        apply_exactly(self, context, found, _attachment_targets(new_inputs))
        return self._state(self.api.find(f"/firewalls/{id}", "firewall") or found)

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Take it off what this resource named.
        """
        found = self.api.find(f"/firewalls/{id}", "firewall")
        there = {identity(_target_body(_target_state(target))) for target in (found or {}).get("applied_to") or []}
        targets = [target for target in _attachment_targets(state) if identity(target) in there]
        if targets:
            change_targets(self, context, id, "remove_from_resources", "remove_from", targets)

    def _state(self, found: Json) -> Properties:
        targets = [_target_state(target) for target in found["applied_to"]]
        servers = sorted(target["server"] for target in targets if "server" in target)
        selectors = sorted(target["labelSelector"] for target in targets if "labelSelector" in target)
        return without_none({"firewallId": found["id"], "serverIds": servers or None, "labelSelectors": selectors or None})


def apply_exactly(resource: HcloudResource, context: Context, firewall: Json, wanted: list[Json]) -> None:
    """
    Take a firewall off what is not wanted, then apply it to what is missing.
    """
    now = [_target_body(_target_state(target)) for target in firewall["applied_to"]]
    less = [target for target in now if identity(target) not in {identity(item) for item in wanted}]
    more = [target for target in wanted if identity(target) not in {identity(item) for item in now}]
    if less:
        change_targets(resource, context, firewall["id"], "remove_from_resources", "remove_from", less)
    if more:
        change_targets(resource, context, firewall["id"], "apply_to_resources", "apply_to", more)


def change_targets(
    resource: HcloudResource, context: Context, firewall: str | int, action: str, key: str, targets: list[Json]
) -> None:
    """
    Apply a firewall to resources or take it off them. One that is so already is fine.
    """
    from sandbox.plugins.hcloud.api import ApiError

    try:
        resource.api.act(context, f"/firewalls/{firewall}/actions/{action}", **{key: targets})
    except ApiError as error:
        if error.code not in ("firewall_already_applied", "firewall_already_removed", "firewall_resource_not_found"):
            raise


def server_target(server: int) -> Json:
    """
    A server as what a firewall applies to.
    """
    return {"type": "server", "server": {"id": server}}


def _attachment_targets(inputs: Properties) -> list[Json]:
    servers = [server_target(server) for server in inputs.get("serverIds") or []]
    selectors = inputs.get("labelSelectors") or []
    return servers + [{"type": "label_selector", "label_selector": {"selector": text}} for text in selectors]


def _target_body(target: Properties) -> Json:
    if target.get("labelSelector"):
        return {"type": "label_selector", "label_selector": {"selector": target["labelSelector"]}}
    return server_target(target["server"])


def _target_state(target: Json) -> Properties:
    if target["type"] == "label_selector":
        return {"labelSelector": target["label_selector"]["selector"]}
    return {"server": target["server"]["id"]}
