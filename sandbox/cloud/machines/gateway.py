"""
The helper container that does for the machines what needs the host: packet rules and loop devices.

It works for a user who may use Docker but is not root.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docker.errors import APIError, NotFound

from sandbox.cloud.machines.execute import run_in
from sandbox.instance import Instance

CAPABILITIES = ["NET_ADMIN", "SYS_ADMIN", "MKNOD"]
SYS_RESOURCE = 24  # the capability's number in <linux/capability.h>
LOOP_DEVICES = ["b 7:* rwm", "c 10:237 rwm"]


def disks_folder(instance: Instance) -> str:
    """
    Where the gateway sees the instance's disks. It holds the id because the kernel tells a loop device's file by this path.
    """
    return f"/flotilla/{instance.id}"


class Gateway:
    """
    The instance's gateway container; made when it is first needed.
    """

    def __init__(self, instance: Instance, client: Any, image: str) -> None:
        self._instance = instance
        self._client = client
        self._image = image
        self._may_resize: bool | None = None

    def ensure(self) -> None:
        """
        Make sure that the gateway runs.
        """
        name = self._instance.gateway_name
        try:
            container = self._client.containers.get(name)
        except NotFound:
            container = self._create()
        if container.status != "running":
            container.start()

    def run(self, argv: Sequence[str], stdin: str = "", check: bool = True) -> str:
        """
        Run a command there and return what it printed; the gateway is brought back when somebody stopped or removed it.
        """
        try:
            return run_in(self._client, self._instance.gateway_name, argv, stdin, check)
        except APIError as error:
            if error.status_code not in (404, 409):
                raise
        self.ensure()
        return run_in(self._client, self._instance.gateway_name, argv, stdin, check)

    def may_resize(self) -> bool:
        """
        Whether containers on this host can have CAP_SYS_RESOURCE, without which no mounted file system can be resized.
        """
        if self._may_resize is None:
            status = self.run(["cat", "/proc/1/status"])
            bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
            self._may_resize = bool(int(bounding, 16) >> SYS_RESOURCE & 1)
        return self._may_resize

    def _create(self) -> Any:
        instance = self._instance
        # Made first, or Docker would make it without the labels by which a reset finds it.
        self._client.volumes.create(instance.name("disks"), labels=instance.labels)
        return self._client.containers.create(
            self._image,
            ["sleep", "infinity"],
            name=instance.gateway_name,
            labels=instance.labels,
            network_mode="host",
            pid_mode="host",
            init=True,
            stop_signal="SIGKILL",
            cap_add=CAPABILITIES,
            device_cgroup_rules=LOOP_DEVICES,
            security_opt=["apparmor=unconfined", "label=disable"],
            volumes=[
                "/dev:/dev",
                "/proc/sys/net:/host-sysctl",
                f"{instance.name('disks')}:{disks_folder(instance)}",
            ],
        )
