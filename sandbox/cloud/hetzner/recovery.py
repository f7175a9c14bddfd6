"""
After a start: put right what a killed cloud left half done, and follow what happens to the machines from now on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import requests
from docker.errors import DockerException

from ops.errors import FlotillaError
from sandbox.cloud.hetzner import servers, volumes
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.machines.watcher import Watcher
from sandbox.cloud.store import Document

log = logging.getLogger(__name__)


class Recovery:
    """
    Keeps documents and machines in step: once at the start, and whenever Docker tells of a change.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._watcher = Watcher(cloud.machines.instance, cloud.machines.client, self)

    def start(self) -> None:
        """
        Put the documents right at once, the machines in the background, before any other work.
        """
        with self._cloud.store.transaction():
            for action in self._cloud.actions.interrupt_unfinished():
                self._forget_half_made(action)
        self._cloud.jobs.first(self._put_right)

    def stop(self) -> None:
        """
        Look away.
        """
        self._watcher.stop()

    def resync(self) -> None:
        """
        Compare every server's status with its machine's.
        """
        running = self._cloud.machines.running()
        for server in self._cloud.store.list("server"):
            if server["status"] in ("running", "off") and (server["status"] == "running") != (server["id"] in running):
                if server["id"] in running:
                    self.started(server["id"])
                else:
                    self.stopped(server["id"], reboot=False, by_itself=False)
        self.balancer_changed()

    def balancer_changed(self) -> None:
        """
        A load balancer has begun to run or has ended: it is to run, with its addresses.
        """
        self._cloud.jobs.submit([("rules", 0)], self._cloud.guard)

    def started(self, server_id: int) -> None:
        """
        A machine has begun to run: it has new interfaces and an address of its own.
        """
        self._later(server_id, self._connect)

    def stopped(self, server_id: int, reboot: bool, by_itself: bool) -> None:
        """
        A machine has ended. A reboot inside starts it again; a poweroff inside leaves it off for good.
        """

        def note(server: Document) -> None:
            if self._cloud.machines.is_running(server["id"]):
                return
            if reboot:
                self._start(server)
                return
            power_on = server["power_on"] and not by_itself
            self._cloud.change("server", server["id"], status="off", power_on=power_on)
            self._cloud.guard()

        self._later(server_id, note)

    def _later(self, server_id: int, work: Callable[[Document], None]) -> None:
        """
        After the actions that are under way on this server, if it still exists then.
        """

        def run() -> None:
            server = self._cloud.store.get("server", server_id)
            if server is not None and server["status"] in ("running", "off"):
                work(server)

        self._cloud.jobs.submit([("server", server_id)], run)

    def _connect(self, server: Document) -> None:
        if not self._cloud.machines.is_running(server["id"]):
            return
        self._cloud.converge(server)
        self._cloud.change("server", server["id"], status="running", power_on=True)
        self._cloud.guard()

    def _forget_half_made(self, action: Document) -> None:
        """
        What was cut short while it was created is as if it had never been asked for.
        """
        for resource in action["resources"]:
            document = self._cloud.store.get(resource["type"], resource["id"])
            if document is None:
                continue
            if action["command"] == "create_server" and resource["type"] == "server":
                servers.forget(self._cloud, document)
            elif action["command"] == "create_volume" and resource["type"] == "volume":
                volumes.forget(self._cloud, document)
            elif action["command"] in ("create_load_balancer", "delete_load_balancer"):
                self._cloud.store.delete("load_balancer", document["id"])

    def _put_right(self) -> None:
        """
        Remove what no document knows, finish deletions, start what should run, connect everything.
        """
        cloud = self._cloud
        cloud.machines.prepare()
        for server in cloud.store.list("server"):
            if server["status"] == "deleting":
                servers.forget(cloud, server)
        kinds = ("server", "network", "volume", "load_balancer")
        known = {kind: {row["id"] for row in cloud.store.list(kind)} for kind in kinds}
        cloud.machines.tidy(known["server"], known["network"], known["volume"], known["load_balancer"])
        for network_id in known["network"]:
            cloud.machines.ensure_network(network_id)
        for server in cloud.store.list("server"):
            self._attempt(server)
        cloud.guard()
        self._watcher.start()

    def _attempt(self, server: Document) -> None:
        """
        One server that cannot be brought back must not keep the others from it.
        """
        try:
            if server["power_on"] and server["id"] not in self._cloud.machines.running():
                self._start(server)
            else:
                self._cloud.converge(server)
                status = "running" if server["id"] in self._cloud.machines.running() else "off"
                self._cloud.change("server", server["id"], status=status)
        except (DockerException, FlotillaError, requests.RequestException) as error:
            log.error("server %s (%s) could not be brought back: %s", server["id"], server["name"], error)
            self._cloud.change("server", server["id"], status="off")

    def _start(self, server: Document) -> None:
        macs = self._cloud.machines.start(self._cloud.spec(server))
        self._cloud.note_interfaces(server["id"], macs)
        self._cloud.change("server", server["id"], status="running", power_on=True)
        self._cloud.guard()
