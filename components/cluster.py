"""
Docker Swarm on the servers, from the first one on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Output, ResourceOptions
from pulumi_command import remote

from components.remote import step
from components.server import Server

NETWORK = "flotilla"
# Hetzner's private networks carry 1450 bytes and VXLAN takes 50. Source: docs.hetzner.com, "Cloud Networks".
OVERLAY_MTU = "1400"


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """
    `overlay_pool` is where containers' networks get their addresses from; `ssh_options` are arguments for the system's ssh.
    """

    manager: Server
    workers: Sequence[Server]
    overlay_pool: str
    ssh_options: Sequence[str]


class Cluster(pulumi.ComponentResource):
    """
    A swarm, the provider that deploys to it, and the network that the ingress and all projects' containers share.
    """

    network_id: Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:compute:Cluster", name, None, opts)
        self.manager = args.manager
        swarm = step(
            f"{name}-swarm",
            login=args.manager.login,
            prepare="docker.sh",
            run="swarm.sh",
            data={"PRIVATE_IP": args.manager.private_ip, "OVERLAY_POOL": args.overlay_pool},
            # Its output is the token that others join with.
            logging=remote.Logging.STDERR,
            opts=ResourceOptions(parent=self, depends_on=[args.manager.ready], additional_secret_outputs=["stdout"]),
        )
        for worker in args.workers:
            step(
                f"{name}-{worker.hostname}-join",
                login=worker.login,
                prepare="docker.sh",
                run="join.sh",
                undo="leave.sh",
                data={
                    "PRIVATE_IP": worker.private_ip,
                    "MANAGER_IP": args.manager.private_ip,
                    "TOKEN": Output.secret(swarm.stdout),
                },
                opts=ResourceOptions(parent=self, depends_on=[worker.ready]),
            )
        self.provider = docker.Provider(
            f"{name}-docker",
            host=Output.concat("ssh://root@", args.manager.ipv4),
            ssh_opts=args.ssh_options,
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
        The options of everything that lives in the swarm: it went when the server went, and is made again on another server.
        """
        server = self.manager.login.server
        return ResourceOptions(
            parent=parent, provider=self.provider, deleted_with=server, replacement_trigger=self.manager.server_id
        )
