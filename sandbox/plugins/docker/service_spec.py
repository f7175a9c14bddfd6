"""
A service's properties and Docker's service spec. Defaults are the plugin's own (terraform-provider-docker 4, read 2026-11-20).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from sandbox.plugins.docker.fields import (
    CAPABILITIES,
    DURATION,
    ENV,
    LABELS,
    MAP,
    PAIRS,
    PLAIN,
    RATIO,
    STRING_SET,
    STRINGS,
    Field,
    Kind,
    flatten,
    listed,
    nested,
    render,
)
from sandbox.plugins.provider import Properties

_HOSTS: Final = Kind(
    lambda hosts: [f"{item['ip']} {item['host']}" for item in hosts],
    lambda hosts: [dict(zip(("ip", "host"), item.split(" ", 1), strict=True)) for item in sorted(hosts)],
)
_PREFERENCES: Final = Kind(
    lambda prefs: [{"Spread": {"SpreadDescriptor": item}} for item in prefs],
    lambda prefs: [item["Spread"]["SpreadDescriptor"] for item in prefs],
)


def _generic_to_api(given: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    named = [item.partition("=")[::2] for item in given.get("namedResourcesSpecs", [])]
    counted = [item.partition("=")[::2] for item in given.get("discreteResourcesSpecs", [])]
    return [{"NamedResourceSpec": {"Kind": kind, "Value": value}} for kind, value in named] + [
        {"DiscreteResourceSpec": {"Kind": kind, "Value": int(value)}} for kind, value in counted
    ]


def _generic_to_property(found: list[dict[str, Any]]) -> Properties:
    def written(key: str) -> list[str]:
        return sorted(f"{item[key]['Kind']}={item[key]['Value']}" for item in found if item.get(key))

    specs = {
        "namedResourcesSpecs": written("NamedResourceSpec"),
        "discreteResourcesSpecs": written("DiscreteResourceSpec"),
    }
    return {key: value for key, value in specs.items() if value}


def _mode_to_api(mode: Mapping[str, Any]) -> dict[str, Any]:
    if mode.get("global"):
        return {"Global": {}}
    return {"Replicated": {"Replicas": mode.get("replicated", {}).get("replicas", 1)}}


def _mode_to_property(mode: Mapping[str, Any]) -> Properties:
    if mode.get("Global") is not None:
        return {"global": True}
    replicas = (mode.get("Replicated") or {}).get("Replicas", 1)
    return {} if replicas == 1 else {"replicated": {"replicas": replicas}}


def _network_to_api(item: Mapping[str, Any]) -> dict[str, Any]:
    api = {"Target": item.get("id") or item.get("name"), "Aliases": list(item.get("aliases", []))}
    if item.get("driverOpts"):
        api["DriverOpts"] = PAIRS.to_api(item["driverOpts"])
    return api


def _network_to_property(item: Mapping[str, Any]) -> Properties:
    found = {
        "id": item["Target"],
        "aliases": sorted(item.get("Aliases") or []),
        "driverOpts": PAIRS.to_property(item.get("DriverOpts") or {}),
    }
    return {key: value for key, value in found.items() if value}


_NETWORKS: Final = Kind(
    lambda items: [_network_to_api(item) for item in items],
    lambda items: sorted((_network_to_property(item) for item in items), key=repr),
)
_MOUNT: Final = (
    Field("target", "Target", PLAIN),
    Field("source", "Source", PLAIN),
    Field("type", "Type", PLAIN),
    Field("readOnly", "ReadOnly", PLAIN),
    Field("bindOptions", "BindOptions", nested([Field("propagation", "Propagation", PLAIN, "rprivate")])),
    Field(
        "volumeOptions",
        "VolumeOptions",
        nested(
            [
                Field("noCopy", "NoCopy", PLAIN),
                Field("labels", "Labels", LABELS),
                Field("driverName", "DriverConfig.Name", PLAIN),
                Field("driverOptions", "DriverConfig.Options", MAP),
            ]
        ),
    ),
    Field("tmpfsOptions", "TmpfsOptions", nested([Field("sizeBytes", "SizeBytes", PLAIN), Field("mode", "Mode", PLAIN)])),
)
_PRIVILEGES: Final = (
    Field("credentialSpec", "CredentialSpec", nested([Field("file", "File", PLAIN), Field("registry", "Registry", PLAIN)])),
    Field(
        "seLinuxContext",
        "SELinuxContext",
        nested([Field(name, name.capitalize(), PLAIN) for name in ("disable", "user", "role", "type", "level")]),
    ),
)
_HEALTHCHECK: Final = (
    Field("tests", "Test", STRINGS),
    Field("interval", "Interval", DURATION, "0s"),
    Field("timeout", "Timeout", DURATION, "0s"),
    Field("startPeriod", "StartPeriod", DURATION, "0s"),
    Field("retries", "Retries", PLAIN, 0),
)


def _reference(kind: str) -> tuple[Field, ...]:
    """
    A secret or config in a container, as a file.
    """
    return (
        Field(f"{kind}Id", f"{kind.capitalize()}ID", PLAIN),
        Field(f"{kind}Name", f"{kind.capitalize()}Name", PLAIN),
        Field("fileName", "File.Name", PLAIN),
        Field("fileUid", "File.UID", PLAIN, "0"),
        Field("fileGid", "File.GID", PLAIN, "0"),
        Field("fileMode", "File.Mode", PLAIN, 0o444),
    )


_CONTAINER: Final = (
    Field("image", "Image", PLAIN),
    Field("labels", "Labels", LABELS),
    Field("commands", "Command", STRINGS),
    Field("args", "Args", STRINGS),
    Field("hostname", "Hostname", PLAIN),
    Field("env", "Env", ENV),
    Field("dir", "Dir", PLAIN),
    Field("user", "User", PLAIN),
    Field("groups", "Groups", STRINGS),
    Field("privileges", "Privileges", nested(_PRIVILEGES)),
    Field("readOnly", "ReadOnly", PLAIN),
    Field("mounts", "Mounts", listed(_MOUNT, is_set=True)),
    Field("stopSignal", "StopSignal", PLAIN),
    Field("stopGracePeriod", "StopGracePeriod", DURATION),
    Field("healthcheck", "Healthcheck", nested(_HEALTHCHECK)),
    Field("hosts", "Hosts", _HOSTS),
    Field(
        "dnsConfig",
        "DNSConfig",
        nested(
            [
                Field("nameservers", "Nameservers", STRINGS),
                Field("searches", "Search", STRINGS),
                Field("options", "Options", STRINGS),
            ]
        ),
    ),
    Field("secrets", "Secrets", listed(_reference("secret"), is_set=True)),
    Field("configs", "Configs", listed(_reference("config"), is_set=True)),
    Field("isolation", "Isolation", PLAIN, "default"),
    Field("sysctl", "Sysctls", MAP),
    Field("capAdds", "CapabilityAdd", CAPABILITIES),
    Field("capDrops", "CapabilityDrop", CAPABILITIES),
    Field("init", "Init", PLAIN),
)
_AMOUNTS: Final = (Field("nanoCpus", "NanoCPUs", PLAIN), Field("memoryBytes", "MemoryBytes", PLAIN))
_GENERIC: Final = Field("genericResources", "GenericResources", Kind(_generic_to_api, _generic_to_property))
_PLATFORM: Final = (Field("architecture", "Architecture", PLAIN), Field("os", "OS", PLAIN))
_TASK: Final = (
    Field("containerSpec", "ContainerSpec", nested(_CONTAINER)),
    Field(
        "resources",
        "Resources",
        nested(
            [Field("limits", "Limits", nested(_AMOUNTS)), Field("reservation", "Reservations", nested([*_AMOUNTS, _GENERIC]))]
        ),
    ),
    Field(
        "restartPolicy",
        "RestartPolicy",
        nested(
            [
                Field("condition", "Condition", PLAIN, "any"),
                Field("delay", "Delay", DURATION),
                Field("maxAttempts", "MaxAttempts", PLAIN),
                Field("window", "Window", DURATION),
            ]
        ),
    ),
    Field(
        "placement",
        "Placement",
        nested(
            [
                Field("constraints", "Constraints", STRING_SET),
                Field("prefs", "Preferences", _PREFERENCES),
                Field("maxReplicas", "MaxReplicas", PLAIN),
                Field("platforms", "Platforms", listed(_PLATFORM, is_set=True)),
            ]
        ),
    ),
    Field("forceUpdate", "ForceUpdate", PLAIN),
    Field("runtime", "Runtime", PLAIN, "container"),
    Field("networksAdvanceds", "Networks", _NETWORKS),
    Field("logDriver", "LogDriver", nested([Field("name", "Name", PLAIN), Field("options", "Options", MAP)])),
)
_CHANGE: Final = (
    Field("parallelism", "Parallelism", PLAIN, 1),
    Field("delay", "Delay", DURATION, "0s"),
    Field("failureAction", "FailureAction", PLAIN, "pause"),
    Field("monitor", "Monitor", DURATION, "5s"),
    Field("maxFailureRatio", "MaxFailureRatio", RATIO, "0.0"),
    Field("order", "Order", PLAIN, "stop-first"),
)
_PORT: Final = (
    Field("name", "Name", PLAIN),
    Field("protocol", "Protocol", PLAIN, "tcp"),
    Field("targetPort", "TargetPort", PLAIN),
    Field("publishedPort", "PublishedPort", PLAIN),
    Field("publishMode", "PublishMode", PLAIN, "ingress"),
)
SERVICE: Final = (
    Field("name", "Name", PLAIN),
    Field("labels", "Labels", LABELS),
    Field("taskSpec", "TaskTemplate", nested(_TASK)),
    Field("mode", "Mode", Kind(_mode_to_api, _mode_to_property), {}),
    Field("updateConfig", "UpdateConfig", nested(_CHANGE)),
    Field("rollbackConfig", "RollbackConfig", nested(_CHANGE)),
    Field(
        "endpointSpec", "EndpointSpec", nested([Field("mode", "Mode", PLAIN, "vip"), Field("ports", "Ports", listed(_PORT))])
    ),
)


def service_spec(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """
    Docker's spec for a service's inputs.
    """
    return render(SERVICE, inputs)


def service_properties(spec: Mapping[str, Any], network_ids: Mapping[str, str] | None = None) -> Properties:
    """
    The properties that a spec shows, in normal form. `network_ids` is {name: id}: Docker turns names into ids.
    """
    known = network_ids or {}
    spec = copy.deepcopy(dict(spec))
    for network in (spec.get("TaskTemplate") or {}).get("Networks") or []:
        network["Target"] = known.get(network["Target"], network["Target"])
    return flatten(SERVICE, spec)


def normal_form(inputs: Mapping[str, Any]) -> Properties:
    """
    Inputs reduced to what they mean: equal for inputs that ask for the same service.
    """
    return service_properties(service_spec(inputs))


def drifted(inputs: Properties, wanted: Properties, found: Properties) -> Properties:
    """
    The inputs, changed only where the world (`found`) is not what they asked for (`wanted`); both in normal form.
    """
    result = dict(inputs)
    for key in sorted(wanted.keys() | found.keys()):
        before, now = wanted.get(key), found.get(key)
        if before == now:
            continue
        if now is None:
            result.pop(key, None)
        elif isinstance(now, dict) and isinstance(result.get(key), dict):
            result[key] = drifted(result[key], before or {}, now)
        else:
            result[key] = now
    return result
