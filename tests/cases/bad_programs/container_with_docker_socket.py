"""
A container that may tell Docker what to do, and so owns the server.
"""

import pulumi_docker as docker

from components.service import Container, Probe, task_spec

CAUGHT_BY = {"docker-socket-mounted": ["shop"]}

spec = task_spec(
    Container(
        image=f"registry.example.com/shop@sha256:{'0' * 64}",
        user=10001,
        network_id="overlay",
        memory_mb=64,
        cpus=0.25,
        probe=Probe(command=["/probe"]),
        folders={"/var/run/docker.sock": ("/var/run/docker.sock", True)},
    )
)
docker.Service("shop", name="shop-web-00000000", task_spec=spec)
