"""
A port that is published past the ingress: no TLS, no firewall (Docker opens its own way), no log.
"""

import pulumi_docker as docker

from components.service import Container, Probe, task_spec

CAUGHT_BY = {"port-published-past-ingress": ["shop"]}

spec = task_spec(
    Container(
        image=f"registry.example.com/shop@sha256:{'0' * 64}",
        user=10001,
        network_id="overlay",
        memory_mb=64,
        cpus=0.25,
        probe=Probe(command=["/probe"]),
    )
)
docker.Service(
    "shop",
    name="shop-web-00000000",
    task_spec=spec,
    endpoint_spec=docker.ServiceEndpointSpecArgs(
        ports=[docker.ServiceEndpointSpecPortArgs(target_port=8080, published_port=8080, publish_mode="ingress")]
    ),
)
