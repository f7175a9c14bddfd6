"""
From settings to components: what `__main__.py` puts together, one function per layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components import access
from components.app import DATA, App, AppArgs
from components.cluster import Cluster, ClusterArgs
from components.dns import Dns, DnsArgs
from components.firewall import Firewall, FirewallArgs
from components.ingress import Ingress, IngressArgs
from components.network import Network, NetworkArgs
from components.route import Route, RouteArgs, Site, SiteArgs
from components.server import Server, ServerArgs
from components.ssh_keys import SshKeys, SshKeysArgs
from components.volume import Volume, VolumeArgs
from settings import Role, Settings
from settings.environment import ServerPool


@dataclass(frozen=True, kw_only=True)
class Machines:
    """
    The servers with their pools, by name, and the disks of those that have one, by the server's name.
    """

    servers: Mapping[str, tuple[Server, ServerPool]]
    disks: Mapping[str, Volume]

    def first(self, role: Role) -> Server:
        """
        The first server with this role; settings see to it that there is one.
        """
        return next(server for server, pool in self.servers.values() if role in pool.roles)

    def home(self) -> Server:
        """
        The server that projects keep their volumes on: the first for apps, if possible one with a disk.
        """
        apps = [server for server, pool in self.servers.values() if Role.APP in pool.roles]
        return next((server for server in apps if server.hostname in self.disks), apps[0])


def is_sandbox(stack: str) -> bool:
    """
    Whether the stack is a rehearsal on this machine, which may be thrown away: nothing in it is protected.
    """
    return stack == "local" or stack.startswith("local-")


def labels(settings: Settings) -> dict[str, str]:
    """
    What every cloud resource of the environment carries.
    """
    return {"managed-by": "flotilla", "environment": settings.environment.name}


def build_machines(settings: Settings) -> Machines:
    """
    Network, keys, and every pool's firewall, servers and disks.
    """
    environment, protect = settings.environment, not is_sandbox(settings.stack)
    public_keys = access.public_keys(environment.access, settings.root)
    [(zone, subnet), *_] = environment.network.subnets.items()
    network = Network(
        environment.name,
        NetworkArgs(
            cidr=environment.network.cidr,
            subnet=subnet,
            zone=zone,
            labels=labels(settings),
            protect=protect,
        ),
    )
    ssh_keys = SshKeys(environment.name, SshKeysArgs(public_keys=public_keys, labels=labels(settings)))
    private_key = access.private_key(environment.access, settings.root)
    servers: dict[str, tuple[Server, ServerPool]] = {}
    for pool_name, pool in sorted(environment.servers.items()):
        pool_labels = {**labels(settings), "pool": pool_name, "roles": ".".join(pool.roles)}
        firewall = Firewall(
            f"{environment.name}-{pool_name}",
            FirewallArgs(roles=pool.roles, ssh_sources=environment.access.sources, labels=pool_labels),
        )
        args = ServerArgs(
            type=pool.type,
            image=pool.image,
            location=pool.location or environment.location,
            subnet_id=network.subnet_id,
            firewall_id=firewall.firewall_id,
            key_ids=ssh_keys.key_ids,
            public_keys=list(public_keys.values()),
            private_key=private_key,
            labels=pool_labels,
            protect=protect,
        )
        names = (f"{pool_name}-{number}" for number in range(1, pool.count + 1))
        servers |= {name: (Server(name, args), pool) for name in names}
    return Machines(servers=servers, disks=_disks(servers, protect))


def _disks(servers: Mapping[str, tuple[Server, ServerPool]], protect: bool) -> dict[str, Volume]:
    disks = {}
    for name, (server, pool) in servers.items():
        if pool.volume_gb:
            args = VolumeArgs(server=server, size_gb=pool.volume_gb, mount_point=DATA, protect=protect)
            disks[name] = Volume(f"{name}-data", args)
    return disks


def build_platform(settings: Settings, machines: Machines) -> Ingress | None:
    """
    The swarm, and the ingress in it once its images were published. The server with the ingress is the swarm's manager.
    """
    environment, platform = settings.environment, settings.releases.platform
    if not environment.pools(Role.INGRESS):
        return None
    manager = machines.first(Role.INGRESS)
    cluster_args = ClusterArgs(
        manager=manager,
        workers=[server for server, _ in machines.servers.values() if server is not manager],
        overlay_pool=environment.network.overlay,
        ssh_options=access.ssh_options(environment.access),
    )
    cluster = Cluster(environment.name, cluster_args)
    if platform is None:
        return None
    ingress_args = IngressArgs(
        cluster=cluster,
        caddy_image=platform.caddy,
        haproxy_image=platform.haproxy,
        certificates=access.certificates(environment.ingress.tls, settings.root),
    )
    return Ingress(environment.name, ingress_args)


def build_projects(settings: Settings, machines: Machines, ingress: Ingress, zone_id: str) -> dict[str, Site]:
    """
    Every served project: its containers, its route, its names in the zone. Returns the sites, by project.
    """
    sites = {}
    for project, releases in settings.served:
        hostnames = settings.hostnames(project)
        home = machines.home()
        app_args = AppArgs(
            project=project,
            releases=releases.serving,
            cluster=ingress.cluster,
            home=home,
            disk=machines.disks.get(home.hostname),
        )
        app = App(project.name, app_args)
        Route(project.name, RouteArgs(app=app, releases=releases.serving, hostname=hostnames[0], ingress=ingress))
        sites[project.name] = Site(project.name, SiteArgs(project=project.name, hostnames=hostnames, ingress=ingress))
        Dns(project.name, DnsArgs(zone_id=zone_id, hostnames=hostnames, ipv4=ingress.ipv4))
    return sites
