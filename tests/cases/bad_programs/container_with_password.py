"""
A password in an environment variable: in the state, in the service, and in every error report.
"""

import pulumi_docker as docker

from components.service import Container, Probe, task_spec

CAUGHT_BY = {"container-secret-in-environment": ["shop"]}

spec = task_spec(
    Container(
        image=f"registry.example.com/shop@sha256:{'0' * 64}",
        user=10001,
        network_id="overlay",
        memory_mb=64,
        cpus=0.25,
        probe=Probe(command=["/probe"]),
        env={"DATABASE_PASSWORD": "correct horse battery staple"},
    )
)
docker.Service("shop", name="shop-web-00000000", task_spec=spec)
