"""
Load balancers: one container with HAProxy each, on the uplink and on the bridge of its private network.
"""

from __future__ import annotations

import io
import tarfile
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from docker.errors import APIError, NotFound

from sandbox import labelled
from sandbox.cloud.machines import haproxy, networks
from sandbox.cloud.machines.errors import BalancerError, CommandFailedError
from sandbox.cloud.machines.execute import run_in
from sandbox.cloud.machines.gateway import Gateway
from sandbox.cloud.machines.model import BalancerSpec, Health
from sandbox.instance import Instance

BALANCER_LABEL = "flotilla.load-balancer"
FOLDER, CONFIGURATION, DRAFT = "/usr/local/etc/haproxy", "haproxy.cfg", "draft.cfg"
MEMORY = 256 * 1024**2
RELOAD_S = 15.0
POLL_S = 0.05
KEEP_STATE = f"echo 'show servers state' | socat -t 5 - UNIX-CONNECT:{haproxy.SOCKET} > {haproxy.STATE_FILE}"


class Balancers:
    """
    The load balancers of an instance. `converge` makes one as it should be, and may be repeated at any time.
    """

    def __init__(self, instance: Instance, client: Any, gateway: Gateway, image: str) -> None:
        self._instance = instance
        self._client = client
        self._gateway = gateway
        self._image = image
        self._lock = threading.Lock()
        self._seen: dict[int, tuple[Any, ...]] = {}
        self._deleted: set[int] = set()

    def converge(self, spec: BalancerSpec, uplinks: Mapping[int, str]) -> None:
        """
        Have the load balancer run as its spec says, without dropping a connection; `uplinks` are the servers' addresses.

        Raises: BalancerError where HAProxy refuses its configuration or does not come up.
        """
        configuration = haproxy.render(spec, uplinks)
        with self._lock:
            if spec.balancer_id in self._deleted:
                return  # by another thread, since the spec was made
            container = self._find(spec.balancer_id) or self._create(spec)
            self._rename(container, spec)
            self._connect(container, spec)
            if container.status != "running":
                self._put(container, CONFIGURATION, configuration)
                container.start()
            container.reload()
            seen = (container.id, container.attrs["State"]["StartedAt"], configuration, spec.private)
            if self._seen.get(spec.balancer_id) == seen:
                return
            self._put_addresses(container, spec)
            self._load(container, configuration)
            self._seen[spec.balancer_id] = seen

    def delete(self, balancer_id: int) -> None:
        """
        Remove a load balancer; no error when it is gone already.
        """
        with self._lock:
            self._deleted.add(balancer_id)
            container = self._find(balancer_id)
            if container is not None:
                container.remove(force=True, v=True)

    def existing(self) -> set[int]:
        """
        Ids of the load balancers that have a container.
        """
        return {int(row["Labels"][BALANCER_LABEL]) for row in self._rows()}

    def uplinks(self) -> dict[int, str]:
        """
        The running load balancers' addresses on the uplink.
        """
        found = {}
        for row in self._rows():
            network = row["NetworkSettings"]["Networks"].get(self._instance.network_name)
            if network and row["State"] == "running":
                found[int(row["Labels"][BALANCER_LABEL])] = network["IPAddress"]
        return found

    def health(self, balancer_id: int) -> dict[tuple[int, int], Health]:
        """
        What a load balancer thinks of its targets, by listen port and server id; nothing where it does not run.
        """
        container = self._find(balancer_id)
        if container is None or container.status != "running":
            return {}
        try:
            return haproxy.health(self._ask(container, "show stat"))
        except (CommandFailedError, APIError):
            return {}

    def tidy(self, wanted: Collection[int]) -> None:
        """
        Remove load balancers that no document knows.
        """
        for balancer_id in self.existing() - set(wanted):
            self.delete(balancer_id)

    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._client.api.containers(all=True, filters=labelled.of(self._instance, BALANCER_LABEL))
        return rows

    def _find(self, balancer_id: int) -> Any | None:
        found = self._client.containers.list(
            all=True, filters=labelled.of(self._instance, f"{BALANCER_LABEL}={balancer_id}"), ignore_removed=True
        )
        return found[0] if found else None

    def _create(self, spec: BalancerSpec) -> Any:
        return self._client.containers.create(
            self._image,
            ["haproxy", "-W", "-db", "-f", f"{FOLDER}/{CONFIGURATION}"],
            name=self._name(spec),
            labels={**self._instance.labels, BALANCER_LABEL: str(spec.balancer_id)},
            network=self._instance.network_name,
            user="root",  # for ports below 1024; the process that serves drops to the user haproxy
            stop_signal="SIGTERM",
            mem_limit=MEMORY,
        )

    def _name(self, spec: BalancerSpec) -> str:
        return self._instance.name("lb", spec.name)

    def _rename(self, container: Any, spec: BalancerSpec) -> None:
        if container.name != self._name(spec):
            container.rename(self._name(spec))

    def _connect(self, container: Any, spec: BalancerSpec) -> None:
        uplink = self._instance.network_name
        wanted = {networks.network_name(self._instance, spec.private.network_id)} if spec.private else set()
        present = set(container.attrs["NetworkSettings"]["Networks"]) - {uplink}
        for name in present - wanted:
            self._client.networks.get(name).disconnect(container, force=True)
        for name in wanted - present:
            networks.ensure(self._client, name, self._instance.labels).connect(container)

    def _put_addresses(self, container: Any, spec: BalancerSpec) -> None:
        """
        From the gateway, which has the tools and the right to do it: the load balancer has neither.
        """
        enter = ["nsenter", "--net", "--target", str(container.attrs["State"]["Pid"])]
        links = networks.links(container)

        def run(argv: Sequence[str], stdin: str) -> str:
            return self._gateway.run([*enter, *argv], stdin)

        private = {}
        if spec.private is not None:
            private[spec.private] = links[networks.network_name(self._instance, spec.private.network_id)]
        networks.put_addresses(run, links[self._instance.network_name], private)

    def _load(self, container: Any, configuration: str) -> None:
        """
        Have HAProxy take a configuration up; it keeps what it knows of its targets' health.
        """
        if self._node(container) == haproxy.node_of(configuration):
            return
        self._put(container, DRAFT, configuration)
        try:
            run_in(self._client, container.id, ["haproxy", "-c", "-q", "-f", f"{FOLDER}/{DRAFT}"])
            run_in(self._client, container.id, ["sh", "-c", KEEP_STATE])
        except CommandFailedError as error:
            raise BalancerError(container.name, error.output) from error
        self._put(container, CONFIGURATION, configuration)
        container.kill(signal="SIGUSR2")
        deadline = time.monotonic() + RELOAD_S
        while self._node(container) != haproxy.node_of(configuration):
            if time.monotonic() > deadline:
                raise BalancerError(container.name, f"the new configuration was not in force after {RELOAD_S:.0f} s")
            time.sleep(POLL_S)

    def _node(self, container: Any) -> str:
        """
        Which configuration is in force; nothing while HAProxy does not answer yet.
        """
        deadline = time.monotonic() + RELOAD_S
        while True:
            try:
                lines = self._ask(container, "show info").splitlines()
                return next((line.removeprefix("node: ") for line in lines if line.startswith("node: ")), "")
            except CommandFailedError as error:
                if time.monotonic() > deadline:
                    raise BalancerError(container.name, error.output) from error
            except APIError as error:
                raise BalancerError(container.name, str(error.explanation)) from error
            time.sleep(POLL_S)

    def _ask(self, container: Any, question: str) -> str:
        connect = ["socat", "-t", "5", "-", f"UNIX-CONNECT:{haproxy.SOCKET}"]
        return run_in(self._client, container.id, connect, f"{question}\n")

    def _put(self, container: Any, name: str, content: str) -> None:
        """
        Write a file into the container, running or not.
        """
        data = content.encode()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        if not container.put_archive(FOLDER, archive.getvalue()):
            raise NotFound(f"{container.name}: {FOLDER} is not there")
