"""
The cloud behind the API: its documents, its actions, and the machines that make them real.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from docker.errors import DockerException

from ops.errors import FlotillaError
from sandbox.addresses import FIRST_MACHINE, LAST_MACHINE, ZONE
from sandbox.cloud.hetzner import balancing, wanted
from sandbox.cloud.hetzner.actions import Actions, now
from sandbox.cloud.hetzner.errors import limit_exceeded, not_found, not_unique
from sandbox.cloud.hetzner.jobs import Jobs
from sandbox.cloud.machines.machines import Machines
from sandbox.cloud.machines.model import MachineSpec
from sandbox.cloud.store import Document, Store

FIRST_IDS = {
    "server": 2_000_001,
    "volume": 3_000_001,
    "network": 4_000_001,
    "firewall": 5_000_001,
    "ssh_key": 6_000_001,
    "primary_ip": 7_000_001,
    "placement_group": 8_000_001,
    "load_balancer": 9_000_001,
    "floating_ip": 10_000_001,
}

IPV6_NETWORKS = {"primary_ip": 0, "load_balancer": 0x4000, "floating_ip": 0x8000}  # where each kind's begin in the block

log = logging.getLogger(__name__)


class Cloud:
    """
    What every route works with.
    """

    def __init__(self, store: Store, machines: Machines) -> None:
        self.store = store
        self.machines = machines
        self.jobs = Jobs()
        self.actions = Actions(store, self.jobs)

    def require(self, kind: str, id: int) -> Document:
        """
        Raises: HetznerError (not_found).
        """
        document = self.store.get(kind, id)
        if document is None:
            raise not_found(kind, id)
        return document

    def require_named(self, kind: str, id_or_name: int | str) -> Document:
        """
        The document with this id, or else with this name.

        Raises: HetznerError (not_found).
        """
        for document in self.store.list(kind):
            if str(document["id"]) == str(id_or_name) or document["name"] == id_or_name:
                return document
        raise not_found(kind, id_or_name)

    def check_unique(self, kind: str, field: str, value: Any, except_id: int | None = None) -> None:
        """
        Raises: HetznerError (uniqueness_error) when another document of the kind has this value.
        """
        if any(document[field] == value and document["id"] != except_id for document in self.store.list(kind)):
            raise not_unique(field, kind)

    def add(self, kind: str, **fields: Any) -> Document:
        """
        A new document with an id of its own and the time of its creation.
        """
        id = self.store.next_id(kind, FIRST_IDS[kind])
        return self.store.put(kind, id, {"id": id, "created": now(), **fields})

    def change(self, kind: str, id: int, **fields: Any) -> Document:
        """
        Change some fields of a document; nothing happens to one that is gone.
        """
        with self.store.transaction():
            document = self.store.get(kind, id)
            return {} if document is None else self.store.put(kind, id, {**document, **fields})

    def free_public_ip(self) -> str:
        """
        The lowest public address that nobody has.

        Raises: HetznerError (resource_limit_exceeded).
        """
        taken = {row["ip"] for kind in ("primary_ip", "floating_ip") for row in self.store.list(kind)}
        taken |= {row["ipv4"] for row in self.store.list("load_balancer")}
        instance = self.machines.instance
        for number in range(FIRST_MACHINE, LAST_MACHINE + 1):
            if instance.machine_ip(number) not in taken:
                return instance.machine_ip(number)
        raise limit_exceeded(f"the sandbox has no more than {LAST_MACHINE - FIRST_MACHINE + 1} public addresses")

    def add_primary_ip(self, type: str, name: str, location: str, **fields: Any) -> Document:
        """
        A new public address. IPv6 networks are from the documentation range: they lead nowhere.
        """
        id = self.store.next_id("primary_ip", FIRST_IDS["primary_ip"])
        ip = self.free_public_ip() if type == "ipv4" else f"{self.documentation_ipv6('primary_ip', id)}/64"
        dns_ptr = [{"ip": ip, "dns_ptr": self.default_dns_ptr(ip)}]
        document = {
            "id": id,
            "created": now(),
            "type": type,
            "name": name,
            "ip": ip,
            "location": location,
            "dns_ptr": dns_ptr if type == "ipv4" else [],
            "blocked": False,
            "protection": {"delete": False},
            "labels": {},
            "assignee_id": None,
            "assignee_type": "server",
            "auto_delete": False,
            **fields,
        }
        return self.store.put("primary_ip", id, document)

    def documentation_ipv6(self, kind: str, id: int) -> str:
        """
        An IPv6 network of the documentation range for something of this kind; it leads nowhere.
        """
        number = IPV6_NETWORKS[kind] + id - FIRST_IDS[kind] + 1
        return f"2001:db8:{self.machines.instance.block:x}:{number:x}::"

    def balancer_ipv6(self, balancer: Document) -> str:
        """
        A load balancer's public IPv6 address.
        """
        return f"{self.documentation_ipv6('load_balancer', balancer['id'])}1"

    def default_dns_ptr(self, ip: str) -> str:
        """
        The reverse name that an IPv4 address has until somebody gives it another.
        """
        return f"static.{'.'.join(reversed(ip.split('.')))}.clients.{ZONE}"

    def spec(self, server: Document) -> MachineSpec:
        """
        What the machines are told about a server.
        """
        return wanted.machine(server, {network["id"]: network for network in self.store.list("network")})

    def converge(self, server: Document) -> None:
        """
        Make a server's machine as its document says, and note the hardware addresses that it got.
        """
        self.note_interfaces(server["id"], self.machines.converge(self.spec(server)))

    def note_interfaces(self, server_id: int, macs: dict[int, str]) -> None:
        """
        Write down the hardware address of a server in each network, where it has changed.
        """
        with self.store.transaction():
            server = self.store.get("server", server_id)
            if server is None:
                return
            entries = [
                {**entry, "mac_address": macs.get(entry["network"], entry["mac_address"])} for entry in server["private_net"]
            ]
            if entries != server["private_net"]:
                self.change("server", server_id, private_net=entries)

    def guard(self) -> None:
        """
        Bring the packet rules and the load balancers up to date with the documents.
        """
        self.balance()
        kinds = ("server", "firewall", "primary_ip", "floating_ip", "load_balancer")
        servers, firewalls, primary, floating, balancers = map(self.store.list, kinds)
        fronts = {row["ipv4"]: row["id"] for row in balancers if row["public_interface"]}
        self.machines.guard(wanted.guards(servers, firewalls, primary, floating), fronts)

    def balance(self) -> None:
        """
        Bring every load balancer up to date with the documents. One that cannot be must not keep the others from it.
        """
        for balancer in self.store.list("load_balancer"):
            try:
                self.converge_balancer(balancer)
            except (DockerException, FlotillaError) as error:
                log.error("load balancer %s (%s): %s", balancer["id"], balancer["name"], error)

    def converge_balancer(self, balancer: Document) -> None:
        """
        Make a load balancer as its document says.

        Raises: BalancerError.
        """
        public = {row["assignee_id"] for row in self.store.list("primary_ip") if row["type"] == "ipv4"}
        networks = {network["id"]: network for network in self.store.list("network")}
        self.machines.balance(balancing.spec(balancer, self.store.list("server"), networks, public))

    def balancers_in(self, network_id: int) -> Sequence[Document]:
        """
        Load balancers that are attached to a network.
        """
        rows = self.store.list("load_balancer")
        return [row for row in rows if network_id in {entry["network"] for entry in row["private_net"]}]

    def balancers_of(self, server: Document) -> list[int]:
        """
        Ids of the load balancers that have this server as a target.
        """
        rows = self.store.list("load_balancer")
        return [row["id"] for row in rows if any(balancing.servers_of(target, [server]) for target in row["targets"])]

    def servers_of(self, field: str, id: int) -> Sequence[Document]:
        """
        Servers whose field holds this id; `network` looks through their private addresses.
        """
        if field == "network":
            return [row for row in self.store.list("server") if id in {entry["network"] for entry in row["private_net"]}]
        return [row for row in self.store.list("server") if row[field] == id]
