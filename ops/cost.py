"""
What a change costs: EUR per month, net, by the prices in settings/prices.py. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ops.events import Change, Step
from settings import prices

FREE: Final = 0.0


def difference(step: Step) -> float | None:
    """
    What the step adds per month, negative where it saves; None where a price is not known.
    """
    if step.change not in (Change.CREATE, Change.UPDATE, Change.REPLACE, Change.DELETE, Change.IMPORT):
        return FREE
    before = FREE if step.change in (Change.CREATE, Change.IMPORT) else price(step.type, step.before)
    after = FREE if step.change is Change.DELETE else price(step.type, step.after)
    return None if before is None or after is None else round(after - before, 2)


def price(type: str, inputs: Mapping[str, Any]) -> float | None:
    """
    What a resource costs per month; None where that is not known.
    """
    match type:
        case "hcloud:index/server:Server":
            found = prices.SERVERS.get(str(inputs.get("serverType")))
            return None if found is None else found + (prices.IPV4 if _has_ipv4(inputs) else FREE)
        case "hcloud:index/volume:Volume":
            size = inputs.get("size")
            return size * prices.VOLUME_GB if isinstance(size, int | float) else None
        case "hcloud:index/loadBalancer:LoadBalancer":
            return prices.LOAD_BALANCERS.get(str(inputs.get("loadBalancerType")))
        case "hcloud:index/floatingIp:FloatingIp":
            return prices.FLOATING_IP if inputs.get("type") == "ipv4" else FREE
    return FREE


def _has_ipv4(inputs: Mapping[str, Any]) -> bool:
    nets = inputs.get("publicNets")
    return nets is None or any(net.get("ipv4Enabled", True) for net in nets if isinstance(net, Mapping))
