"""
How documents are shown: what is kept as an id is filled in.
"""

from __future__ import annotations

from sandbox.cloud.hetzner import balancer_types, balancing, catalog, wanted
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.machines.disks import device_name
from sandbox.cloud.store import Document

SERVER_TYPES = {entry["id"]: entry for entry in catalog.SERVER_TYPES}
IMAGES = {entry["id"]: entry for entry in catalog.IMAGES}


class Views:
    """
    One method per kind of resource.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def plain(self, document: Document) -> Document:
        """
        For what is kept as it is shown.
        """
        return document

    def server(self, document: Document) -> Document:
        """
        A server with its type, image, addresses and firewalls.
        """
        store, offer = self._cloud.store, SERVER_TYPES[document["server_type"]]
        group = document["placement_group"] and store.get("placement_group", document["placement_group"])
        prices = {entry["location"]: entry for entry in offer["prices"]}
        return {
            "id": document["id"],
            "name": document["name"],
            "status": document["status"],
            "created": document["created"],
            "public_net": self._public_net(document),
            "private_net": document["private_net"],
            "server_type": offer,
            "location": catalog.location(document["location"]),
            "datacenter": catalog.datacenter(document["location"]),
            "image": IMAGES[document["image"]],
            "iso": None,
            "rescue_enabled": False,
            "locked": self._cloud.actions.is_busy(("server", document["id"])),
            "backup_window": document["backup_window"],
            "outgoing_traffic": 0,
            "ingoing_traffic": 0,
            "included_traffic": prices[document["location"]]["included_traffic"],
            "protection": document["protection"],
            "labels": document["labels"],
            "volumes": document["volumes"],
            "load_balancers": self._cloud.balancers_of(document),
            "primary_disk_size": document["primary_disk_size"],
            "placement_group": self.placement_group(group) if group else None,
        }

    def network(self, document: Document) -> Document:
        """
        A network with its servers.
        """
        servers = [row["id"] for row in self._cloud.servers_of("network", document["id"])]
        balancers = [row["id"] for row in self._cloud.balancers_in(document["id"])]
        return {**document, "servers": servers, "load_balancers": balancers}

    def firewall(self, document: Document) -> Document:
        """
        A firewall; a label selector tells which servers it reaches now.
        """
        return {**document, "applied_to": [self._applied_to(resource) for resource in document["applied_to"]]}

    def volume(self, document: Document) -> Document:
        """
        A volume with its location and device.
        """
        return {
            **document,
            "location": catalog.location(document["location"]),
            "linux_device": f"/dev/disk/by-id/{device_name(document['id'])}",
        }

    def placement_group(self, document: Document) -> Document:
        """
        A placement group with its servers.
        """
        return {**document, "servers": [row["id"] for row in self._cloud.servers_of("placement_group", document["id"])]}

    def primary_ip(self, document: Document) -> Document:
        """
        A public address with its location.
        """
        return {
            **document,
            "location": catalog.location(document["location"]),
            "datacenter": catalog.datacenter(document["location"]),
        }

    def floating_ip(self, document: Document) -> Document:
        """
        A floating address with its location.
        """
        return {**document, "home_location": catalog.location(document["home_location"])}

    def load_balancer(self, document: Document) -> Document:
        """
        A load balancer with its type, addresses, and the health of its targets as it sees them now.
        """
        kind = balancer_types.by_id(document["load_balancer_type"])
        servers = self._cloud.store.list("server")
        is_busy = bool(document["services"] and document["targets"])
        health = self._cloud.machines.balancers.health(document["id"]) if is_busy else {}
        kept = ("id", "name", "created", "private_net", "algorithm", "services", "labels", "protection")
        return {
            **{key: document[key] for key in kept},
            "public_net": self._balancer_net(document),
            "location": catalog.location(document["location"]),
            "load_balancer_type": kind,
            "targets": [balancing.shown_target(target, document, servers, health) for target in document["targets"]],
            "included_traffic": kind["prices"][0]["included_traffic"],
            "ingoing_traffic": None,
            "outgoing_traffic": None,
        }

    def _balancer_net(self, balancer: Document) -> Document:
        ipv4, ipv6 = balancer["ipv4"], self._cloud.balancer_ipv6(balancer)
        names = {ipv4: self._cloud.default_dns_ptr(ipv4), ipv6: None, **balancer["dns_ptr"]}
        return {
            "enabled": balancer["public_interface"],
            "ipv4": {"ip": ipv4, "dns_ptr": names[ipv4]},
            "ipv6": {"ip": ipv6, "dns_ptr": names[ipv6]},
        }

    def _public_net(self, server: Document) -> Document:
        store = self._cloud.store
        ips = {row["type"]: row for row in store.list("primary_ip") if row["assignee_id"] == server["id"]}
        ipv4, ipv6 = ips.get("ipv4"), ips.get("ipv6")
        firewalls = [row["id"] for row in store.list("firewall") if wanted.applied(row, server)]
        return {
            "ipv4": ipv4
            and {"id": ipv4["id"], "ip": ipv4["ip"], "blocked": ipv4["blocked"], "dns_ptr": ipv4["dns_ptr"][0]["dns_ptr"]},
            "ipv6": ipv6 and {key: ipv6[key] for key in ("id", "ip", "blocked", "dns_ptr")},
            "floating_ips": [row["id"] for row in store.list("floating_ip") if row["server"] == server["id"]],
            "firewalls": [{"id": id, "status": "applied"} for id in firewalls],
        }

    def _applied_to(self, resource: Document) -> Document:
        if resource["type"] != "label_selector":
            return resource
        alone = {"applied_to": [resource]}
        reached = [row["id"] for row in self._cloud.store.list("server") if wanted.applied(alone, row)]
        return {**resource, "applied_to_resources": [{"type": "server", "server": {"id": id}} for id in reached]}
