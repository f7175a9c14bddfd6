"""
One VPS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Input, Output, ResourceOptions

from components.cloud_init import user_data
from components.remote import Login, step


@dataclass(frozen=True, kw_only=True)
class ServerArgs:
    """
    `type`, `image` and `location` are Hetzner's names. Without a private key, steps log in with the SSH agent's keys.
    `ipv6`: whether it has a public IPv6 address too.
    """

    type: str
    image: str
    location: str
    subnet_id: Input[str]
    firewall_id: Input[str]
    placement_group_id: Input[str]
    key_ids: Input[Sequence[str]]
    public_keys: Sequence[str]
    private_key: Output[str] | None
    ipv6: bool
    labels: Mapping[str, str]
    protect: bool


class Server(pulumi.ComponentResource):
    """
    A server with its private address, ready for steps: its first boot has finished, or the update fails with what it said.

    An edit never replaces it: user data, keys and image count when it is made and are ignored after. Another type changes it in
    place, with a restart; its disk keeps its size, so that the way back stays open.

    `host_key` is its public SSH key (`ssh-ed25519 AAAA...`) as it was when the server was first reached, and is kept in the
    state: whoever shows another one later is not this server.
    """

    server_id: Output[str]
    ipv4: Output[str]
    ipv6: Output[str | None]
    private_ip: Output[str]
    host_key: Output[str]

    def __init__(self, name: str, args: ServerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:compute:Server", name, None, opts)
        self.hostname, self.location, self.labels = name, args.location, args.labels
        server = self._server(name, args)
        attachment = hcloud.ServerNetwork(
            f"{name}-address",
            server_id=server.id.apply(int),
            subnet_id=args.subnet_id,
            opts=ResourceOptions(parent=self),
        )
        self.login = Login(server=server, server_id=server.id, address=server.ipv4_address, private_key=args.private_key)
        self.ready = step(f"{name}-ready", login=self.login, run="ready.sh", data={}, opts=ResourceOptions(parent=self))
        self.server_id = server.id
        self.ipv4 = server.ipv4_address
        self.ipv6 = server.ipv6_address if args.ipv6 else Output.from_input(None)
        self.private_ip = attachment.ip
        self.host_key = self.ready.stdout.apply(str.strip)
        self.register_outputs(
            {
                "server_id": self.server_id,
                "ipv4": self.ipv4,
                "ipv6": self.ipv6,
                "private_ip": self.private_ip,
                "host_key": self.host_key,
            }
        )

    def _server(self, name: str, args: ServerArgs) -> hcloud.Server:
        return hcloud.Server(
            f"{name}-server",
            name=name,
            server_type=args.type,
            keep_disk=True,
            image=args.image,
            location=args.location,
            ssh_keys=args.key_ids,
            user_data=user_data(args.public_keys),
            firewall_ids=[Output.from_input(args.firewall_id).apply(int)],
            placement_group_id=Output.from_input(args.placement_group_id).apply(int),
            public_nets=None if args.ipv6 else [hcloud.ServerPublicNetArgs(ipv4_enabled=True, ipv6_enabled=False)],
            labels=args.labels,
            # Hetzner wants both or none.
            delete_protection=args.protect,
            rebuild_protection=args.protect,
            opts=ResourceOptions(
                parent=self,
                protect=args.protect,
                ignore_changes=["userData", "sshKeys", "image"],
                delete_before_replace=True,  # its name exists once; replaced only on purpose (`pulumi up --replace`)
            ),
        )
