"""
A container that runs as root: whoever breaks out of it is root on the server.
"""

import pulumi_docker as docker

from components.service import Container, Probe, task_spec

CAUGHT_BY = {"container-root-user": ["shop"]}

spec = task_spec(
    Container(
        image=f"registry.example.com/shop@sha256:{'0' * 64}",
        user=0,
        network_id="overlay",
        memory_mb=64,
        cpus=0.25,
        probe=Probe(command=["/probe"]),
    )
)
docker.Service("shop", name="shop-web-00000000", task_spec=spec)
