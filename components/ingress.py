"""
How requests get in: Caddy for names and certificates, HAProxy behind it for releases (DESIGN D4), both on every ingress server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions

from components import caddyfile, haproxy, service
from components.caddyfile import Front
from components.cluster import Cluster
from components.remote import step
from components.server import Server

CONVERGE_TIMEOUT_S = 180
PORTS = (("tcp", 80), ("tcp", 443), ("udp", 443))
CONSTRAINT = "node.labels.flotilla.ingress==true"


@dataclass(frozen=True, kw_only=True)
class Authority:
    """
    A certificate authority of one's own, PEM.
    """

    certificate: str
    key: Output[str]


@dataclass(frozen=True, kw_only=True)
class Acme:
    """
    A public authority: whom it writes to, and its directory's address.
    """

    email: str
    directory: str


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """
    The images are references with a digest. `balancer` is the network that a load balancer's connections come from, if one
    stands in front; `is_proxied`: Cloudflare answers visitors.
    """

    cluster: Cluster
    servers: Sequence[Server]
    caddy_image: str
    haproxy_image: str
    certificates: Authority | Acme
    balancer: str | None = None
    is_proxied: bool = False


class Ingress(pulumi.ComponentResource):
    """
    The two services, with the configuration that knows no project: sites and routes come on top, on each server.

    A server more gets its configuration and its containers; nothing of the others is replaced.
    """

    def __init__(self, name: str, args: IngressArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:ingress:Ingress", name, None, opts)
        self.name, self.servers, self.cluster = name, args.servers, args.cluster
        self.authority = "acme" if isinstance(args.certificates, Acme) else "authority"
        configurations = [self._configuration(server, args) for server in args.servers]
        services = [
            self._service("haproxy", _haproxy(args), (), configurations),
            self._service("caddy", _caddy(args), PORTS, configurations),
        ]
        for server in args.servers:
            self._running(server, args, services)
        self.register_outputs({})

    def _configuration(self, server: Server, args: IngressArgs) -> pulumi.Resource:
        return step(
            f"{self.name}-{server.hostname}-configuration",
            login=server.login,
            prepare="caddy.sh",
            run="ingress.sh",
            data=_files(args, [peer.private_ip for peer in args.servers if peer is not server]),
            opts=ResourceOptions(parent=self, depends_on=[self.cluster]),
        )

    def _running(self, server: Server, args: IngressArgs, services: Sequence[pulumi.Resource]) -> None:
        step(
            f"{self.name}-{server.hostname}-running",
            login=server.login,
            run="running.sh",
            data={"CADDY": args.caddy_image, "HAPROXY": args.haproxy_image, "TIMEOUT_S": CONVERGE_TIMEOUT_S},
            opts=ResourceOptions(parent=self, depends_on=list(services)),
        )

    def _service(
        self,
        name: str,
        container: service.Container,
        ports: Sequence[tuple[str, int]],
        configurations: Sequence[pulumi.Resource],
    ) -> docker.Service:
        """
        One container per server, stopped before it is replaced: it owns the server's ports, or the sockets' folder. One server
        after the other. The official provider does not wait for such a service.
        """
        published = [
            docker.ServiceEndpointSpecPortArgs(protocol=protocol, target_port=port, published_port=port, publish_mode="host")
            for protocol, port in ports
        ]
        options = ResourceOptions(depends_on=list(configurations))
        return docker.Service(
            f"{self.name}-{name}",
            name=name,
            labels=self.cluster.service_labels(container.image),
            task_spec=service.task_spec(container),
            mode=service.on_every_node(),
            endpoint_spec=docker.ServiceEndpointSpecArgs(mode="dnsrr", ports=published or None),
            update_config=docker.ServiceUpdateConfigArgs(order="stop-first", failure_action="rollback", parallelism=1),
            rollback_config=docker.ServiceRollbackConfigArgs(order="stop-first"),
            opts=ResourceOptions.merge(self.cluster.service_options(self), options),
        )


@dataclass(frozen=True, kw_only=True)
class ReadinessArgs:
    """
    `after` are the sites and routes that have to be there first.
    """

    ingress: Ingress
    after: Sequence[pulumi.Resource]


class Readiness(pulumi.ComponentResource):
    """
    Has each ingress server say that it is ready, once it has every site and route. Until then, a load balancer that asks sends
    it nobody.
    """

    def __init__(self, name: str, args: ReadinessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:ingress:Readiness", name, None, opts)
        for server in args.ingress.servers:
            step(
                f"{name}-{server.hostname}-open",
                login=server.login,
                run="open.sh",
                undo="close.sh",
                data={},
                opts=ResourceOptions(parent=self, depends_on=[args.ingress, *args.after]),
            )
        self.register_outputs({})


def _files(args: IngressArgs, peers: Sequence[Output[str]]) -> dict[str, Input[str | int]]:
    """
    What a server's files say. They differ in the other servers' addresses only.
    """
    certificates = args.certificates

    def written(addresses: Sequence[str]) -> str:
        front = Front(peers=addresses, balancer=args.balancer, is_proxied=args.is_proxied)
        if isinstance(certificates, Acme):
            return caddyfile.acme(certificates.email, certificates.directory, front)
        return caddyfile.own_authority(front)

    own = certificates if isinstance(certificates, Authority) else None
    return {
        "HAPROXY": haproxy.base().rstrip(),
        "PAGE": haproxy.page().rstrip(),
        "HAPROXY_USER": haproxy.UID,
        "CADDY_USER": caddyfile.UID,
        "CADDYFILE": Output.all(*peers).apply(written),
        "CERTIFICATE": own.certificate if own else "",
        "KEY": own.key if own else "",
    }


def _haproxy(args: IngressArgs) -> service.Container:
    return service.Container(
        image=args.haproxy_image,
        user=haproxy.UID,
        network_id=args.cluster.network_id,
        command=["haproxy"],
        arguments=["-W", "-db", "-S", f"{haproxy.RUN}/master.sock,mode,600", "-f", haproxy.CONFIGURATION],
        folders={
            haproxy.CONFIGURATION: (haproxy.CONFIGURATION, True),
            haproxy.RUN: (haproxy.RUN, False),
            haproxy.ENTRANCE: (haproxy.ENTRANCE, False),
        },
        memory_mb=256,
        cpus=1.0,
        constraints=[CONSTRAINT],
    )


def _caddy(args: IngressArgs) -> service.Container:
    return service.Container(
        image=args.caddy_image,
        user=caddyfile.UID,
        network_id=args.cluster.network_id,
        command=["caddy"],
        arguments=["run", "--config", f"{caddyfile.CONFIGURATION}/Caddyfile", "--adapter", "caddyfile"],
        # The upstream binary carries this capability and does not start without it.
        capabilities=["NET_BIND_SERVICE"],
        env={"XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/config", "HOME": "/data"},
        folders={
            caddyfile.CONFIGURATION: ("/etc/flotilla/caddy", True),
            haproxy.ENTRANCE: (haproxy.ENTRANCE, True),
            "/data": (caddyfile.DATA, False),
            "/config": (f"{caddyfile.STATE}/config", False),
        },
        probe=service.Probe(command=["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:2019/reverse_proxy/upstreams"]),
        memory_mb=256,
        cpus=1.0,
        constraints=[CONSTRAINT],
    )
