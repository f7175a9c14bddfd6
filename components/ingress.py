"""
How requests get in: Caddy for names and certificates, HAProxy behind it for releases (DESIGN D4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Output, ResourceOptions

from components import caddyfile, haproxy, service
from components.cluster import Cluster
from components.remote import step

CONVERGE_TIMEOUT_S = 180
PORTS = (("tcp", 80), ("tcp", 443), ("udp", 443))


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
    The images are references with a digest.
    """

    cluster: Cluster
    caddy_image: str
    haproxy_image: str
    certificates: Authority | Acme


class Ingress(pulumi.ComponentResource):
    """
    The two services, with the configuration that knows no project: sites and routes come on top.
    """

    ipv4: Output[str]

    def __init__(self, name: str, args: IngressArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:ingress:Ingress", name, None, opts)
        self.cluster = args.cluster
        self.login = args.cluster.manager.login
        configuration = step(
            f"{name}-configuration",
            login=self.login,
            run="ingress.sh",
            data=_configuration(args.certificates),
            opts=ResourceOptions(parent=self, depends_on=[args.cluster]),
        )
        self._service(f"{name}-haproxy", "haproxy", _haproxy(args), (), configuration)
        self._service(f"{name}-caddy", "caddy", _caddy(args), PORTS, configuration)
        self.ipv4 = args.cluster.manager.ipv4
        self.register_outputs({"ipv4": self.ipv4})

    def _service(
        self,
        resource_name: str,
        name: str,
        container: service.Container,
        ports: Sequence[tuple[str, int]],
        configuration: pulumi.Resource,
    ) -> None:
        """
        One container, stopped before it is replaced: it owns the server's ports, or the sockets' folder.
        """
        published = [
            docker.ServiceEndpointSpecPortArgs(protocol=protocol, target_port=port, published_port=port, publish_mode="host")
            for protocol, port in ports
        ]
        options = ResourceOptions(depends_on=[configuration])
        docker.Service(
            resource_name,
            name=name,
            task_spec=service.task_spec(container),
            mode=service.replicated(1),
            endpoint_spec=docker.ServiceEndpointSpecArgs(mode="dnsrr", ports=published or None),
            update_config=docker.ServiceUpdateConfigArgs(order="stop-first", failure_action="rollback"),
            rollback_config=docker.ServiceRollbackConfigArgs(order="stop-first"),
            converge_config=service.convergence(CONVERGE_TIMEOUT_S),
            opts=ResourceOptions.merge(self.cluster.resource_options(self), options),
        )


def _configuration(certificates: Authority | Acme) -> dict[str, pulumi.Input[str | int]]:
    data: dict[str, pulumi.Input[str | int]] = {
        "HAPROXY": haproxy.BASE.rstrip(),
        "HAPROXY_USER": haproxy.UID,
        "CADDY_USER": caddyfile.UID,
    }
    if isinstance(certificates, Authority):
        certificate, key = certificates.certificate, certificates.key
        return {**data, "CERTIFICATE": certificate, "KEY": key, "CADDYFILE": caddyfile.own_authority()}
    public = caddyfile.acme(certificates.email, certificates.directory)
    return {**data, "CERTIFICATE": "", "KEY": "", "CADDYFILE": public}


def _haproxy(args: IngressArgs) -> service.Container:
    return service.Container(
        image=args.haproxy_image,
        user=haproxy.UID,
        network_id=args.cluster.network_id,
        command=["haproxy"],
        arguments=["-W", "-db", "-S", f"{haproxy.RUN}/master.sock,mode,600", "-f", haproxy.CONFIGURATION],
        folders={haproxy.CONFIGURATION: (haproxy.CONFIGURATION, True), haproxy.RUN: (haproxy.RUN, False)},
        memory_mb=256,
        cpus=1.0,
        constraints=[f"node.hostname=={args.cluster.manager.hostname}"],
    )


def _caddy(args: IngressArgs) -> service.Container:
    state = "/var/lib/flotilla/caddy"
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
            "/data": (f"{state}/data", False),
            "/config": (f"{state}/config", False),
        },
        memory_mb=256,
        cpus=1.0,
        constraints=[f"node.hostname=={args.cluster.manager.hostname}"],
    )
