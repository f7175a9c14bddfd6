"""
What the real plugin's schema says of a service's values beyond their types. Unknown values pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from sandbox.plugins.docker.durations import to_ns
from sandbox.plugins.provider import UNKNOWN, Failure, Properties

Rule = Callable[[Any], str]


def _one_of(*allowed: str) -> Rule:
    return lambda value: "" if value in allowed else f"is {value!r}, and has to be one of {', '.join(allowed)}"


def _duration(value: Any) -> str:
    try:
        to_ns(str(value))
    except ValueError as error:
        return f"is no duration: {error}"
    return ""


def _not_negative(value: Any) -> str:
    return "" if isinstance(value, int) and value >= 0 else f"is {value!r}, and has to be a whole number of 0 or more"


def _ratio(value: Any) -> str:
    found = re.fullmatch(r"[01](\.\d+)?", str(value))
    return "" if found and 0 <= float(value) <= 1 else f"is {value!r}, and has to be a number from 0.0 to 1.0 as text"


def _pair(pattern: str, example: str) -> Rule:
    return lambda value: "" if re.fullmatch(pattern, str(value)) else f"is {value!r}, and has to be written as {example}"


_CHANGE: Final[dict[str, Rule]] = {
    "parallelism": _not_negative,
    "delay": _duration,
    "monitor": _duration,
    "maxFailureRatio": _ratio,
    "order": _one_of("stop-first", "start-first"),
}
_CONTAINER: Final = "taskSpec.containerSpec"
_GENERIC: Final = "taskSpec.resources.reservation.genericResources"
# Paths; `[]` stands for every item of a list.
RULES: Final[dict[str, Rule]] = {
    **{f"updateConfig.{key}": rule for key, rule in _CHANGE.items()},
    **{f"rollbackConfig.{key}": rule for key, rule in _CHANGE.items()},
    "updateConfig.failureAction": _one_of("pause", "continue", "rollback"),
    "rollbackConfig.failureAction": _one_of("pause", "continue"),
    "convergeConfig.delay": _duration,
    "convergeConfig.timeout": _duration,
    "mode.replicated.replicas": _not_negative,
    "endpointSpec.mode": _one_of("vip", "dnsrr"),
    "endpointSpec.ports[].protocol": _one_of("tcp", "udp", "sctp"),
    "endpointSpec.ports[].publishMode": _one_of("host", "ingress"),
    "taskSpec.forceUpdate": _not_negative,
    "taskSpec.runtime": _one_of("container"),
    "taskSpec.restartPolicy.condition": _one_of("none", "on-failure", "any"),
    "taskSpec.restartPolicy.delay": _duration,
    "taskSpec.restartPolicy.maxAttempts": _not_negative,
    "taskSpec.restartPolicy.window": _duration,
    "taskSpec.placement.maxReplicas": _not_negative,
    f"{_GENERIC}.namedResourcesSpecs[]": _pair(r"[^=]+=.+", "GPU=UUID1"),
    f"{_GENERIC}.discreteResourcesSpecs[]": _pair(r"[^=]+=\d+", "SSD=3"),
    f"{_CONTAINER}.stopGracePeriod": _duration,
    f"{_CONTAINER}.isolation": _one_of("default", "process", "hyperv"),
    f"{_CONTAINER}.healthcheck.interval": _duration,
    f"{_CONTAINER}.healthcheck.timeout": _duration,
    f"{_CONTAINER}.healthcheck.startPeriod": _duration,
    f"{_CONTAINER}.healthcheck.retries": _not_negative,
    f"{_CONTAINER}.mounts[].type": _one_of("bind", "volume", "tmpfs"),
    f"{_CONTAINER}.mounts[].bindOptions.propagation": _one_of("private", "rprivate", "shared", "rshared", "slave", "rslave"),
    f"{_CONTAINER}.secrets[].fileMode": _not_negative,
    f"{_CONTAINER}.configs[].fileMode": _not_negative,
}


def check_service(inputs: Properties) -> list[Failure]:
    """
    All that is wrong with a service's values.
    """
    failures = [
        Failure(property=path, reason=fault)
        for place, rule in RULES.items()
        for path, value in _values(inputs, place.split("."), "")
        if (fault := rule(value))
    ]
    return failures + _conflicts(inputs) + _networks(inputs)


def _conflicts(inputs: Properties) -> list[Failure]:
    mode = inputs.get("mode")
    if not isinstance(mode, dict) or mode.get("global") is not True:
        return []
    taken = {"mode.replicated": mode.get("replicated"), "convergeConfig": inputs.get("convergeConfig")}
    return [
        Failure(property=path, reason="cannot be given together with mode.global: true")
        for path, value in taken.items()
        if value is not None
    ]


def _networks(inputs: Properties) -> list[Failure]:
    return [
        Failure(property=path, reason="needs the network's id (or, deprecated, its name)")
        for path, item in _values(inputs, ["taskSpec", "networksAdvanceds[]"], "")
        if isinstance(item, dict) and not item.get("id") and not item.get("name")
    ]


def _values(value: Any, place: list[str], path: str) -> Iterator[tuple[str, Any]]:
    """
    Every known value at a place, with its path.
    """
    if value is UNKNOWN or value is None:
        return
    if not place:
        yield path, value
        return
    key, is_list = place[0].removesuffix("[]"), place[0].endswith("[]")
    inner = value.get(key) if isinstance(value, dict) else None
    here = f"{path}.{key}" if path else key
    if is_list and isinstance(inner, list):
        for index, item in enumerate(inner):
            yield from _values(item, place[1:], f"{here}[{index}]")
    elif not is_list:
        yield from _values(inner, place[1:], here)
