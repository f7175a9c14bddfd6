"""
The targets of load balancers.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from sandbox.plugins.hcloud.resource import HcloudResource, gone, one_of, without_none
from sandbox.plugins.provider import UNKNOWN, Context, Failure, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json

KEYS: Final = {"server": "serverId", "label_selector": "labelSelector", "ip": "ip"}
BUSY: Final = ("conflict", "load_balancer_not_attached_to_network", "server_not_attached_to_network")


class LoadBalancerTarget(HcloudResource):
    """
    A server, or all with certain labels, behind a load balancer. Ids are the real provider's: `lb-srv-tgt-<server>-<balancer>`
    or `lb-label-selector-tgt-<sha256 of the selector>-<balancer>`; an import names `<balancer>__<type>__<server or selector>`.
    """

    token = "hcloud:index/loadBalancerTarget:LoadBalancerTarget"
    replaces = frozenset({"loadBalancerId", "serverId", "labelSelector", "ip"})
    computed = frozenset({"usePrivateIp"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        One target, of the type that is said.
        """
        failures = one_of(inputs, KEYS.values())
        kind = inputs["type"]
        if kind is UNKNOWN or failures:
            return failures
        if kind not in KEYS:
            return [_failure("type", f"{kind} is not one of {', '.join(KEYS)}")]
        if inputs.get(KEYS[kind]) is None:
            failures.append(_failure(KEYS[kind], f"is required for type {kind}"))
        if kind == "ip" and inputs.get("usePrivateIp") is not None:
            failures.append(_failure("usePrivateIp", "conflicts with ip"))
        return failures

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Add it; defined already is fine.
        """
        from sandbox.plugins.hcloud.api import ApiError

        path = f"/load_balancers/{inputs['loadBalancerId']}/actions/add_target"
        body = {**_reference(inputs), "use_private_ip": inputs.get("usePrivateIp")}
        try:
            self.api.settle(context, self.api.patiently(context, lambda: self.api.request("POST", path, **body), *BUSY))
        except ApiError as error:
            if error.code != "target_already_defined":
                raise
        id = _id(inputs["loadBalancerId"], inputs)
        state = self._state(id)
        if state is None:
            raise gone(f"/load_balancers/{inputs['loadBalancerId']} target {id}")
        return id, state

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now.
        """
        state = self._state(self.resource_id(id))
        return None if state is None else (self.inputs_of(state, inputs), state)

    def resource_id(self, import_id: str) -> str:
        """
        From what an import names.
        """
        balancer, _, target = import_id.partition("__")
        kind, _, value = target.partition("__")
        return _id(balancer, {KEYS[kind]: value}) if kind in KEYS else import_id

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Whether the private address is used changes by taking the target out and adding it again, as with the real provider.
        """
        self.delete(context, id, old_state)
        return self.create(context, new_inputs)[1]

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Take it out; out already is fine.
        """
        from sandbox.plugins.hcloud.api import ApiError

        found = self._state(id)
        if found is None:
            return
        path = f"/load_balancers/{found['loadBalancerId']}/actions/remove_target"
        try:
            self.api.settle(
                context, self.api.patiently(context, lambda: self.api.request("POST", path, **_reference(found)), "conflict")
            )
        except ApiError as error:
            if error.code != "load_balancer_target_not_found":
                raise

    def _state(self, id: str) -> Properties | None:
        balancer = id.rpartition("-")[2]
        found = self.api.find(f"/load_balancers/{balancer}", "load_balancer") if balancer.isdecimal() else None
        for target in (found or {}).get("targets") or []:
            state = _target_state(int(balancer), target)
            if _id(balancer, state) == id:
                return state
        return None


def _reference(inputs: Properties) -> Json:
    """
    A target as the API names it.
    """
    kind = inputs["type"]
    values: Json = {
        "server": {"id": inputs.get("serverId")},
        "label_selector": {"selector": inputs.get("labelSelector")},
        "ip": {"ip": inputs.get("ip")},
    }
    return {"type": kind, kind: values[kind]}


def _target_state(balancer: int, target: Json) -> Properties:
    return without_none(
        {
            "loadBalancerId": balancer,
            "type": target["type"],
            "serverId": target["server"]["id"] if target["type"] == "server" else None,
            "labelSelector": target["label_selector"]["selector"] if target["type"] == "label_selector" else None,
            "ip": target["ip"]["ip"] if target["type"] == "ip" else None,
            "usePrivateIp": target.get("use_private_ip") if target["type"] != "ip" else None,
        }
    )


def _id(balancer: int | str, target: Properties) -> str:
    if target.get("serverId") is not None:
        return f"lb-srv-tgt-{target['serverId']}-{balancer}"
    if target.get("labelSelector") is not None:
        return f"lb-label-selector-tgt-{_digest(target['labelSelector'])}-{balancer}"
    return f"lb-ip-tgt-{_digest(target['ip'])}-{balancer}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _failure(path: str, fact: str) -> Failure:
    return Failure(property=path, reason=f"{path}: {fact}. Nothing was changed. Correct it.")
