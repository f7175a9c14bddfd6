"""
A container that may change the network of its server.
"""

import pulumi_docker as docker

from components.service import Container, Probe, task_spec

CAUGHT_BY = {"container-added-capability": ["shop"]}

spec = task_spec(
    Container(
        image=f"registry.example.com/shop@sha256:{'0' * 64}",
        user=10001,
        network_id="overlay",
        memory_mb=64,
        cpus=0.25,
        probe=Probe(command=["/probe"]),
        capabilities=["NET_ADMIN"],
    )
)
docker.Service("shop", name="shop-web-00000000", task_spec=spec)
