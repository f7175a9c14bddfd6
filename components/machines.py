"""
The servers of an environment with what is around them: network, keys, firewalls, disks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output

from components import access
from components.firewall import Firewall, FirewallArgs
from components.naming import DATA, labels, server_names, volume_home
from components.network import Network, NetworkArgs
from components.placement_group import SERVERS_PER_GROUP, PlacementGroup, PlacementGroupArgs
from components.server import Server, ServerArgs
from components.ssh_keys import SshKeys, SshKeysArgs
from components.volume import Volume, VolumeArgs
from settings import Role, Settings
from settings.catalog import LOCATIONS
from settings.environment import ServerPool
from settings.stacks import is_sandbox


@dataclass(frozen=True, kw_only=True)
class Machines:
    """
    The servers with their pools, by name, and the disks of those that have one, by the server's name. `home_name` names the
    server that projects keep their volumes on.
    """

    servers: Mapping[str, tuple[Server, ServerPool]]
    disks: Mapping[str, Volume]
    network: Network
    home_name: str | None

    def with_role(self, role: Role) -> list[Server]:
        """
        The servers with this role, by name.
        """
        return [server for server, pool in self.servers.values() if role in pool.roles]

    def first(self, role: Role) -> Server:
        """
        The first server with this role; settings see to it that there is one.
        """
        return self.with_role(role)[0]

    def home(self) -> Server:
        """
        The server that projects keep their volumes on; settings see to it that there is one.
        """
        return self.servers[self.home_name or ""][0]

    def subnet_id(self, location: str) -> Output[str]:
        """
        The subnet that serves a location.
        """
        return self.network.subnet_id(LOCATIONS[location])


def build_machines(settings: Settings) -> Machines:
    """
    Network, keys, and every pool's firewall, placement groups, servers and disks.
    """
    environment, protect = settings.environment, not is_sandbox(settings.stack)
    network = Network(
        environment.name,
        NetworkArgs(
            cidr=environment.network.cidr,
            subnets=environment.network.subnets,
            routes=[(route.destination, route.gateway) for route in environment.network.routes],
            labels=labels(settings),
            protect=protect,
        ),
    )
    public_keys = access.public_keys(environment.access, settings.root)
    ssh_keys = SshKeys(environment.name, SshKeysArgs(public_keys=public_keys, labels=labels(settings)))
    login = _FirstLogin(ssh_keys=ssh_keys, public_keys=public_keys, key=access.private_key(environment.access, settings.root))
    servers: dict[str, tuple[Server, ServerPool]] = {}
    for pool_name, pool in sorted(environment.servers.items()):
        servers |= _pool(settings, pool_name, pool, network, login)
    return Machines(servers=servers, disks=_disks(servers, protect), network=network, home_name=volume_home(settings))


@dataclass(frozen=True, kw_only=True)
class _FirstLogin:
    ssh_keys: SshKeys
    public_keys: Mapping[str, str]
    key: Output[str] | None


def _pool(
    settings: Settings, pool_name: str, pool: ServerPool, network: Network, login: _FirstLogin
) -> dict[str, tuple[Server, ServerPool]]:
    environment = settings.environment
    name, location = f"{environment.name}-{pool_name}", pool.location or environment.location
    pool_labels = {**labels(settings), "pool": pool_name, "roles": ".".join(pool.roles)}
    firewall_args = FirewallArgs(roles=pool.roles, ssh_sources=environment.access.sources, labels=pool_labels)
    firewall = Firewall(name, firewall_args)
    names = server_names(pool_name, pool)
    groups = [
        PlacementGroup(f"{name}-{number}", PlacementGroupArgs(labels=pool_labels))
        for number in range(1, 1 + -(-len(names) // SERVERS_PER_GROUP))
    ]
    servers: dict[str, tuple[Server, ServerPool]] = {}
    for index, server_name in enumerate(names):
        args = ServerArgs(
            type=pool.type,
            image=pool.image,
            location=location,
            subnet_id=network.subnet_id(LOCATIONS[location]),
            firewall_id=firewall.firewall_id,
            placement_group_id=groups[index // SERVERS_PER_GROUP].group_id,
            key_ids=login.ssh_keys.key_ids,
            public_keys=list(login.public_keys.values()),
            private_key=login.key,
            ipv6=environment.network.ipv6,
            labels=pool_labels,
            protect=not is_sandbox(settings.stack),
        )
        servers[server_name] = (Server(server_name, args), pool)
    return servers


def _disks(servers: Mapping[str, tuple[Server, ServerPool]], protect: bool) -> dict[str, Volume]:
    disks = {}
    for name, (server, pool) in servers.items():
        if pool.volume_gb:
            args = VolumeArgs(server=server, size_gb=pool.volume_gb, mount_point=DATA, protect=protect)
            disks[name] = Volume(f"{name}-data", args)
    return disks
