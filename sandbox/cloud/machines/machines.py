"""
The machines of an instance: everything that the emulated cloud asks of the real world goes through here.

The cloud's documents are the truth. Each method makes the world as its arguments say and may be repeated at any time, so after
a crash the cloud simply says again what it wants.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from docker.errors import APIError, NotFound

from sandbox import labelled
from sandbox.addresses import FIRST_MACHINE, LAST_MACHINE
from sandbox.cloud.machines import firewall, machine, networks, seed
from sandbox.cloud.machines.balancers import Balancers
from sandbox.cloud.machines.disks import Disks, device_name
from sandbox.cloud.machines.errors import CommandFailedError
from sandbox.cloud.machines.execute import run_in
from sandbox.cloud.machines.gateway import Gateway
from sandbox.cloud.machines.model import BalancerSpec, Guard, MachineSpec, Seed
from sandbox.instance import Instance

SHUTDOWN_S = 30
# Services that systemd isolates have copies of all mounts, and in a container those do not follow the machine's own.
UNMOUNT_EVERYWHERE = """
seen=' '
for process in /proc/[0-9]*; do
    namespace=$(readlink "$process/ns/mnt") || continue
    case "$seen" in *" $namespace "*) continue ;; esac
    seen="$seen$namespace "
    nsenter --target "${process#/proc/}" --mount umount --all-targets --lazy "$1"
done
true
"""


class Machines:
    """
    The real side of an instance's servers, networks, firewalls and volumes. `image` is the machine image's tag.
    """

    def __init__(self, instance: Instance, docker_client: Any, image: str | None = None) -> None:
        from sandbox.images import balancer_image, machine_image

        image = image or machine_image()
        self.instance = instance
        self.client = docker_client
        self._image = image
        self._gateway = Gateway(instance, docker_client, image)
        self._guarding = threading.Lock()
        self.disks = Disks(instance, docker_client, self._gateway)
        self.balancers = Balancers(instance, docker_client, self._gateway, balancer_image())

    def prepare(self) -> None:
        """
        Make what all machines share: the uplink, the disks' volume and the gateway.
        """
        networks.ensure(self.client, self.instance.network_name, self.instance.labels)
        self.disks.prepare()
        self._gateway.ensure()
        leftovers = firewall.removal_of_leftovers(
            self._gateway.run(["nft", "list", "ruleset"]), self.instance.id, self._machine_range
        )
        if leftovers:
            self._gateway.run(["nft", "-f", "-"], leftovers)

    def running(self) -> set[int]:
        """
        Ids of the servers whose machine runs.
        """
        rows = machine.all_machines(self.client, self.instance)
        return {server_id for server_id, row in rows.items() if row["State"] == "running"}

    def is_running(self, server_id: int) -> bool:
        """
        Whether a machine runs. Docker tells that one has ended before its list of containers says so; this is never ahead.
        """
        container = machine.find(self.client, self.instance, server_id)
        return container is not None and container.status == "running"

    def create(self, spec: MachineSpec, first_boot: Seed, generation: int = 1) -> None:
        """
        Make a server's machine without starting it; one that was left from an earlier attempt is replaced.
        """
        machine.remove(self.client, self.instance, spec.server_id)
        seed_folder = seed.write(self.instance, first_boot, spec.server_id, spec.name, generation)
        devices = self.disks.machine_folder(spec.server_id)
        machine.create(self.client, self.instance, self._image, spec, seed_folder, devices, self._gateway.may_resize())
        self.converge(spec)

    def start(self, spec: MachineSpec) -> dict[int, str]:
        """
        Switch a machine on and connect it; no error when it runs already. Returns what `converge` returns.

        Raises: docker.errors.NotFound where its container is gone.
        """
        self.disks.show(spec.server_id, spec.volumes)
        self._existing(spec.server_id).start()
        if spec.volumes:
            self._try_in(spec.server_id, ["mount", "-a"])  # systemd leaves devices in /etc/fstab alone in a container
        return self.converge(spec)

    def stop(self, server_id: int, graceful: bool) -> None:
        """
        Switch a machine off: let its init end everything (at most 30 s), or pull the plug. No error when it is off.
        """
        container = machine.find(self.client, self.instance, server_id)
        if container is not None:
            container.stop(timeout=SHUTDOWN_S if graceful else 0)

    def delete(self, server_id: int, volumes: Collection[int] = ()) -> None:
        """
        Remove a machine and what only it used; its volumes stay, and give back their devices.
        """
        machine.remove(self.client, self.instance, server_id)
        for volume_id in volumes:
            self.disks.release(volume_id)
        self.disks.forget_machine(server_id)
        seed.remove(self.instance, server_id)

    def rename(self, server_id: int, name: str) -> None:
        """
        Call a machine's container after the server's new name. Its hostname stays, as with Hetzner.
        """
        container = machine.find(self.client, self.instance, server_id)
        if container is not None:
            container.rename(machine.container_name(self.instance, name))

    def resize(self, spec: MachineSpec) -> None:
        """
        Give a machine the processor and memory of another server type.
        """
        machine.resize(self.client, self._existing(spec.server_id), spec)

    def converge(self, spec: MachineSpec) -> dict[int, str]:
        """
        Connect a machine to exactly its networks and volumes; returns its hardware address by network id. A machine that is
        off gets its addresses when it starts; one whose container is gone is left alone.
        """
        container = machine.find(self.client, self.instance, spec.server_id)
        if container is None:
            return {}
        self._connect(container, spec)
        self.disks.show(spec.server_id, spec.volumes)
        container.reload()
        return self._put_addresses(container, spec) if container.status == "running" else {}

    def guard(self, guards: Sequence[Guard], fronts: Mapping[str, int]) -> None:
        """
        Load the packet rules: public addresses and firewalls of all servers; `fronts` are the load balancers' public addresses.
        """
        with self._guarding:
            uplink = networks.ensure(self.client, self.instance.network_name, self.instance.labels)
            bridge = networks.bridge_name(uplink)
            uplinks = self.balancers.uplinks() if fronts else {}
            balancers = {ip: uplinks[balancer_id] for ip, balancer_id in fronts.items() if balancer_id in uplinks}
            rules = firewall.render(self.instance.id, bridge, self._machine_range, guards, self._uplinks(), balancers)
            self._gateway.run(["tee", f"/host-sysctl/ipv4/conf/{bridge}/route_localnet"], "1\n")
            self._gateway.run(["nft", "-f", "-"], rules)

    @property
    def _machine_range(self) -> str:
        return f"{self.instance.machine_ip(FIRST_MACHINE)}-{self.instance.machine_ip(LAST_MACHINE)}"

    def balance(self, spec: BalancerSpec) -> None:
        """
        Make a load balancer as it should be.

        Raises: BalancerError.
        """
        self.balancers.converge(spec, self._uplinks())

    def ensure_network(self, network_id: int) -> None:
        """
        Make the bridge of a private network.
        """
        networks.ensure(self.client, networks.network_name(self.instance, network_id), self.instance.labels)

    def delete_network(self, network_id: int) -> None:
        """
        Remove the bridge of a private network.
        """
        networks.delete(self.client, networks.network_name(self.instance, network_id))

    def unmount(self, server_id: int, volume_id: int) -> None:
        """
        Write back and let go of a volume inside a machine, before the device goes away.
        """
        self._try_in(server_id, ["sync"])
        self._try_in(server_id, ["sh", "-c", UNMOUNT_EVERYWHERE, "sh", f"/dev/disk/by-id/{device_name(volume_id)}"])

    def automount(self, server_id: int, volume_id: int, format: str) -> None:
        """
        Mount a volume at /mnt/HC_Volume_<id>, now and at every boot, as Hetzner's images do.
        """
        device, target = f"/dev/disk/by-id/{device_name(volume_id)}", f"/mnt/HC_Volume_{volume_id}"
        name = self._existing(server_id).id
        run_in(self.client, name, ["mkdir", "-p", target])
        if device not in run_in(self.client, name, ["cat", "/etc/fstab"]):
            run_in(self.client, name, ["tee", "-a", "/etc/fstab"], f"{device} {target} {format} discard,nofail,defaults 0 0\n")
        run_in(self.client, name, ["mount", "-o", "discard", device, target])

    def tidy(
        self,
        servers: Collection[int],
        networks_wanted: Collection[int],
        volumes: Collection[int],
        balancers: Collection[int],
    ) -> None:
        """
        Remove machines, load balancers, private networks and disks that no document knows: what a killed cloud left half made.
        """
        self.balancers.tidy(balancers)
        for server_id in machine.all_machines(self.client, self.instance).keys() - set(servers):
            self.delete(server_id)
        prefix = networks.network_name(self.instance, "")
        for row in self.client.api.networks(filters=labelled.of(self.instance)):
            number = row["Name"].removeprefix(prefix)
            if number.isdigit() and int(number) not in networks_wanted:
                self.delete_network(int(number))
        for volume_id in self.disks.existing() - set(volumes):
            self.disks.delete(volume_id)

    def _existing(self, server_id: int) -> Any:
        container = machine.find(self.client, self.instance, server_id)
        if container is None:
            raise NotFound(f"the machine of server {server_id} was removed behind the cloud's back")
        return container

    def _connect(self, container: Any, spec: MachineSpec) -> None:
        wanted = {networks.network_name(self.instance, address.network_id): address for address in spec.private}
        present = set(container.attrs["NetworkSettings"]["Networks"]) - {self.instance.network_name}
        for name in present - wanted.keys():
            self.client.networks.get(name).disconnect(container, force=True)
        for name in sorted(wanted.keys() - present):
            self.ensure_network(wanted[name].network_id)
            self.client.networks.get(name).connect(container)

    def _put_addresses(self, container: Any, spec: MachineSpec) -> dict[int, str]:
        links = networks.links(container)
        private = {
            address: links[name]
            for address in spec.private
            if (name := networks.network_name(self.instance, address.network_id)) in links
        }

        def run(argv: Sequence[str], stdin: str) -> str:
            return run_in(self.client, container.id, argv, stdin)

        networks.put_addresses(run, links[self.instance.network_name], private)
        return {address.network_id: link.mac for address, link in private.items()}

    def _uplinks(self) -> dict[int, str]:
        """
        The running machines' addresses on the uplink, by server id.
        """
        rows = machine.all_machines(self.client, self.instance)
        return {server_id: address for server_id, row in rows.items() if (address := self._uplink_address(row))}

    def _uplink_address(self, row: dict[str, Any]) -> str | None:
        network = row["NetworkSettings"]["Networks"].get(self.instance.network_name)
        return network["IPAddress"] if network and row["State"] == "running" else None

    def _try_in(self, server_id: int, argv: Sequence[str]) -> None:
        """
        What helps when it works and does no harm when it does not: the machine may be off, or the volume not mounted.
        """
        container = machine.find(self.client, self.instance, server_id)
        if container is None or container.status != "running":
            return
        try:
            run_in(self.client, container.id, argv)
        except (CommandFailedError, APIError):
            return
