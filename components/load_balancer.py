"""
One address for several servers with an ingress.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Input, Output, ResourceOptions

from components import readiness
from components.remote import step
from components.server import Server
from settings.catalog import LOAD_BALANCER_TYPE

PORTS = (80, 443)
# Until the first checks have found the servers healthy, with some room.
SETTLE_S = 15


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    A server that requests are sent to. It is taken in after `ready`, and out before that is undone.
    """

    server: Server
    ready: pulumi.Resource


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """
    It reaches its targets through the private network's subnet. `ttl_s` is how long others remember its address.
    """

    targets: Sequence[Target]
    subnet_id: Input[str]
    location: str
    ttl_s: int
    labels: Mapping[str, str]


class LoadBalancer(pulumi.ComponentResource):
    """
    Passes TCP connections on and knows nothing of TLS or names: these are Caddy's. It tells Caddy who the client is by the
    proxy protocol. A server that does not answer gets no more connections. Taken out, it goes on until nobody remembers its
    address.

    UDP, and with it HTTP/3, is not passed on: Hetzner's load balancers cannot.
    """

    ipv4: Output[str]
    ipv6: Output[str]
    assigned_ipv4: Output[str]
    assigned_ipv6: Output[str]

    def __init__(self, name: str, args: LoadBalancerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:network:LoadBalancer", name, None, opts)
        balancer = hcloud.LoadBalancer(
            f"{name}-balancer",
            name=name,
            load_balancer_type=LOAD_BALANCER_TYPE,
            algorithm=hcloud.LoadBalancerAlgorithmArgs(type="least_connections"),
            location=args.location,
            labels=args.labels,
            opts=ResourceOptions(parent=self),
        )
        attachment = hcloud.LoadBalancerNetwork(
            f"{name}-network",
            load_balancer_id=balancer.id.apply(int),
            subnet_id=args.subnet_id,
            opts=ResourceOptions(parent=self),
        )
        services = [self._service(name, balancer, port) for port in PORTS]
        targets = [self._target(name, balancer, target, attachment) for target in args.targets]
        first = args.targets[0].server
        settled = step(
            f"{name}-settled",
            login=first.login,
            run="settle.sh",
            undo="farewell.sh",
            data={"ADDRESS": first.private_ip, "CHECK_PATH": readiness.PATH, "SETTLE_S": SETTLE_S, "TTL_S": args.ttl_s},
            opts=ResourceOptions(parent=self, depends_on=[*services, *targets]),
        )
        # Names lead here after that; not through the targets' ids, which another target would make unknown in a preview.
        self.ipv4 = Output.all(balancer.ipv4, settled.id).apply(lambda parts: str(parts[0]))
        self.ipv6 = Output.all(balancer.ipv6, settled.id).apply(lambda parts: str(parts[0]))
        # The same, for those who do not send anybody there: these are known before any server is.
        self.assigned_ipv4, self.assigned_ipv6 = balancer.ipv4, balancer.ipv6
        self.register_outputs(
            {
                "ipv4": self.ipv4,
                "ipv6": self.ipv6,
                "assigned_ipv4": self.assigned_ipv4,
                "assigned_ipv6": self.assigned_ipv6,
            }
        )

    def _service(self, name: str, balancer: hcloud.LoadBalancer, port: int) -> hcloud.LoadBalancerService:
        return hcloud.LoadBalancerService(
            f"{name}-service-{port}",
            load_balancer_id=balancer.id,
            protocol="tcp",
            listen_port=port,
            destination_port=port,
            proxyprotocol=True,
            health_check=hcloud.LoadBalancerServiceHealthCheckArgs(
                protocol="http",
                port=readiness.PORT,
                interval=readiness.INTERVAL_S,
                timeout=readiness.TIMEOUT_S,
                retries=readiness.RETRIES,
                http=hcloud.LoadBalancerServiceHealthCheckHttpArgs(
                    domain=readiness.NAME, path=readiness.PATH, status_codes=["200"]
                ),
            ),
            opts=ResourceOptions(parent=self),
        )

    def _target(
        self, name: str, balancer: hcloud.LoadBalancer, target: Target, attachment: pulumi.Resource
    ) -> hcloud.LoadBalancerTarget:
        return hcloud.LoadBalancerTarget(
            f"{name}-target-{target.server.hostname}",
            load_balancer_id=balancer.id.apply(int),
            type="server",
            server_id=target.server.server_id.apply(int),
            use_private_ip=True,
            opts=ResourceOptions(parent=self, depends_on=[attachment, target.ready]),
        )
