"""
Docker Swarm on the servers that run containers, from the first one on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Output, ResourceOptions
from pulumi_command import remote

from components.host import Host
from components.registry import RegistryLogin
from components.remote import step
from components.server import Server

NETWORK = "flotilla"
# Hetzner's private networks carry 1450 bytes and VXLAN takes 50. Source: docs.hetzner.com, "Cloud Networks".
OVERLAY_MTU = "1400"
# How long a server that leaves may take to hand its containers over.
DRAIN_TIMEOUT_S = 180


@dataclass(frozen=True, kw_only=True)
class Node:
    """
    A server in the swarm, once it is what its roles say. Containers are placed by `labels`: {name: value}.
    """

    server: Server
    host: Host
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """
    `overlay_pool` is where containers' networks get their addresses from; `ssh_options` are arguments for the system's ssh;
    `registry` is who images are pulled as, if somebody has to log in.
    """

    manager: Node
    workers: Sequence[Node]
    overlay_pool: str
    ssh_options: Sequence[str]
    registry: RegistryLogin | None = None


class Cluster(pulumi.ComponentResource):
    """
    A swarm, the provider that deploys to it, and the network that the ingress and all projects' containers share.

    A server that is taken out hands its containers over first, and is then forgotten: no node stays behind that is down.
    """

    network_id: Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:compute:Cluster", name, None, opts)
        self.name = name
        self.manager = args.manager.server
        self.registry = args.registry
        swarm = self._swarm(args.manager.host, args.overlay_pool)
        # {host name: the step after which the server is in the swarm with its labels}
        self.nodes = {self.manager.hostname: self._node(args.manager, swarm, undo=None)}
        for worker in args.workers:
            joined = self._join(worker, swarm)
            self.nodes[worker.server.hostname] = self._node(worker, joined, undo="node-remove.sh")
        self.provider = docker.Provider(
            f"{name}-docker",
            host=Output.concat("ssh://root@", self.manager.ipv4),
            ssh_opts=args.ssh_options,
            registry_auth=[args.registry.for_provider()] if args.registry else None,
            opts=ResourceOptions(parent=self, depends_on=[swarm]),
        )
        network = docker.Network(
            f"{name}-network",
            name=NETWORK,
            driver="overlay",
            attachable=False,
            options={"com.docker.network.driver.mtu": OVERLAY_MTU},
            # Docker adds the network's VXLAN number to the options, which would be a difference for ever.
            opts=ResourceOptions.merge(self.resource_options(self), ResourceOptions(ignore_changes=["options"])),
        )
        self.network_id = network.id
        self.register_outputs({"network_id": self.network_id})

    def resource_options(self, parent: pulumi.Resource) -> ResourceOptions:
        """
        The options of everything that lives in the swarm: it went when the manager's server went, and is made again on another.
        """
        server = self.manager.login.server
        return ResourceOptions(
            parent=parent, provider=self.provider, deleted_with=server, replacement_trigger=self.manager.server_id
        )

    def service_options(self, parent: pulumi.Resource) -> ResourceOptions:
        """
        Those of a service. It comes after all servers are in the swarm, so that it spreads over them; how often its containers
        were moved away from servers that left is no difference.
        """
        own = ResourceOptions(depends_on=list(self.nodes.values()), ignore_changes=["taskSpec.forceUpdate"])
        return ResourceOptions.merge(self.resource_options(parent), own)

    def service_labels(self, image: str) -> list[docker.ServiceLabelArgs] | None:
        """
        The labels of a service that runs this image.
        """
        return self.registry.labels(image) if self.registry else None

    def _swarm(self, host: Host, overlay_pool: str) -> remote.Command:
        return step(
            f"{self.name}-swarm",
            login=self.manager.login,
            prepare="docker.sh",
            run="swarm.sh",
            data={"PRIVATE_IP": self.manager.private_ip, "OVERLAY_POOL": overlay_pool},
            # Its output is the token that others join with.
            logging=remote.Logging.STDERR,
            opts=ResourceOptions(parent=self, depends_on=[host], additional_secret_outputs=["stdout"]),
        )

    def _join(self, node: Node, swarm: remote.Command) -> remote.Command:
        worker = node.server
        return step(
            f"{self.name}-{worker.hostname}-join",
            login=worker.login,
            prepare="docker.sh",
            run="join.sh",
            undo="leave.sh",
            data={
                "PRIVATE_IP": worker.private_ip,
                "MANAGER_IP": self.manager.private_ip,
                "TOKEN": Output.secret(swarm.stdout),
            },
            opts=ResourceOptions(parent=self, depends_on=[node.host]),
        )

    def _node(self, node: Node, joined: remote.Command, *, undo: str | None) -> remote.Command:
        """
        The manager's part: runs there, and is undone there, before the server itself goes.
        """
        server = node.server
        return step(
            f"{self.name}-{server.hostname}-node",
            login=self.manager.login,
            run="node.sh",
            undo=undo,
            data={
                "NODE": server.hostname,
                "LABELS": " ".join(f"{label}={value}" for label, value in sorted(node.labels.items())),
                "DRAIN_TIMEOUT_S": DRAIN_TIMEOUT_S,
                "node_server_id": server.server_id,
            },
            opts=ResourceOptions(parent=self, depends_on=[joined]),
        )
