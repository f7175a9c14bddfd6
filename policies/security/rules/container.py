"""
A container as rules see it, whether it is a swarm service's or one by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.framework import Resource, Secret, each, get, text
from policies.framework.kinds import CONTAINER, SERVICE

BOTH = (SERVICE, CONTAINER)
DIGEST = "sha256:" + "5f" * 32
IMAGE = f"registry.example.com/shop@{DIGEST}"
# Where each thing is written: {what: (in a service, in a container)}.
PATHS: Mapping[str, tuple[str, str]] = {
    "image": ("taskSpec.containerSpec.image", "image"),
    "user": ("taskSpec.containerSpec.user", "user"),
    "command": ("taskSpec.containerSpec.commands", "entrypoints"),
    "arguments": ("taskSpec.containerSpec.args", "command"),
    "read_only": ("taskSpec.containerSpec.readOnly", "readOnly"),
    "added": ("taskSpec.containerSpec.capAdds", "capabilities.adds"),
    "dropped": ("taskSpec.containerSpec.capDrops", "capabilities.drops"),
    "mounts": ("taskSpec.containerSpec.mounts", "mounts"),
    "health": ("taskSpec.containerSpec.healthcheck", "healthcheck"),
    "labels": ("taskSpec.containerSpec.labels", "labels"),
    "memory": ("taskSpec.resources.limits.memoryBytes", "memory"),
    "cpus": ("taskSpec.resources.limits.nanoCpus", "cpus"),
    "log_driver": ("taskSpec.logDriver.name", "logDriver"),
    "log_options": ("taskSpec.logDriver.options", "logOpts"),
    "restart": ("taskSpec.restartPolicy.condition", "restart"),
    "networks": ("taskSpec.networksAdvanceds", "networksAdvanced"),
    "ports": ("endpointSpec.ports", "ports"),
}


def path(resource: Resource, what: str) -> str:
    """
    Where it is written for this kind of resource.
    """
    return PATHS[what][0 if resource.type == SERVICE else 1]


def of(resource: Resource, what: str) -> Any:
    """
    What is written there: None for nothing, UNKNOWN for not known yet.
    """
    return get(resource.props, path(resource, what))


def host_paths(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """
    The folders of the host that the container sees, each with its mount.
    """
    for mount in each(resource.props, path(resource, "mounts")):
        if text(mount, "type") == "bind" and text(mount, "source"):
            yield text(mount, "source"), mount
    for volume in each(resource.props, "volumes"):
        if text(volume, "hostPath"):
            yield text(volume, "hostPath"), volume


def environment(resource: Resource) -> Iterator[tuple[str, str]]:
    """
    The environment variables that are known, each with its value.
    """
    mapping = get(resource.props, "taskSpec.containerSpec.env")
    if isinstance(mapping, Mapping):
        yield from ((name, value) for name, value in mapping.items() if isinstance(value, str))
    for assignment in each(resource.props, "envs"):
        if isinstance(assignment, str):
            name, _, value = assignment.partition("=")
            yield name, Secret(value) if isinstance(assignment, Secret) else value


def service(name: str = "shop-web", **spec: Any) -> Resource:
    """
    An example of a service; each argument is a property of its container.
    """
    return Resource(type=SERVICE, name=name, props={"name": name, "taskSpec": {"containerSpec": {"image": IMAGE, **spec}}})


def task(**task_spec: Any) -> Resource:
    """
    An example of a service; each argument is a property of its task.
    """
    spec = {"containerSpec": {"image": IMAGE}, **task_spec}
    return Resource(type=SERVICE, name="shop-web", props={"name": "shop-web", "taskSpec": spec})


def container(**props: Any) -> Resource:
    """
    An example of a container by itself.
    """
    return Resource(type=CONTAINER, name="tool", props={"name": "tool", "image": IMAGE, **props})
