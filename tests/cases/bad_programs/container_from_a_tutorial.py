"""
A container as `docker run redis` makes it, as a service of the swarm.
"""

import pulumi_docker as docker

CAUGHT_BY = {
    "image-latest": ["cache"],
    "image-from-unknown-registry": ["cache"],
    "container-root-user": ["cache"],
    "container-keeps-capabilities": ["cache"],
    "container-writable-root": ["cache"],
    "container-without-memory-limit": ["cache"],
    "container-without-cpu-limit": ["cache"],
    "container-unbounded-logs": ["cache"],
}

docker.Service(
    "cache",
    name="cache",
    task_spec=docker.ServiceTaskSpecArgs(container_spec=docker.ServiceTaskSpecContainerSpecArgs(image="redis:latest")),
)
