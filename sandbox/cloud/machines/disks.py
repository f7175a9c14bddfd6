"""
Volumes: sparse disk images on a Docker volume of the instance, attached to a machine as block devices.

Layout of that Docker volume: `images/<volume id>.img`, and `dev/<server id>/by-id/...`, which is the machine's /dev/disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.cloud.machines.gateway import Gateway, disks_folder
from sandbox.instance import Instance

FORMATS = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1"],
    "xfs": ["mkfs.xfs", "-q", "-f"],
}


def device_name(volume_id: int) -> str:
    """
    The name of a volume below /dev/disk/by-id, as Hetzner has it.
    """
    return f"scsi-0HC_Volume_{volume_id}"


class Disks:
    """
    The disk images of an instance and which machine sees which of them.
    """

    def __init__(self, instance: Instance, client: Any, gateway: Gateway) -> None:
        self._instance = instance
        self._client = client
        self._gateway = gateway
        self._root = disks_folder(instance)

    def prepare(self) -> None:
        """
        Make the Docker volume that holds the images; must exist before the gateway does.
        """
        self._client.volumes.create(self._instance.name("disks"), labels=self._instance.labels)

    def create(self, volume_id: int, size_gb: int, format: str | None) -> None:
        """
        Make a disk, with an empty file system if a format is given.
        """
        image = self._image(volume_id)
        self._gateway.run(["mkdir", "-p", f"{self._root}/images"])
        self._gateway.run(["truncate", "-s", f"{size_gb}G", image])
        if format is not None:
            self._gateway.run([*FORMATS[format], image])

    def resize(self, volume_id: int, size_gb: int) -> None:
        """
        Make a disk larger; a machine that has it attached sees the new size at once. The file system is left as it is.
        """
        self._gateway.run(["truncate", "-s", f"{size_gb}G", self._image(volume_id)])
        for device in self._devices(volume_id):
            self._gateway.run(["losetup", "-c", device])

    def delete(self, volume_id: int) -> None:
        """
        Destroy a disk and what is on it; no error when it is gone already.
        """
        self._release(volume_id)
        self._gateway.run(["rm", "-f", self._image(volume_id)])

    def existing(self) -> set[int]:
        """
        Ids of the volumes that have a disk.
        """
        names = self._gateway.run(["find", self._root, "-path", "*/images/*.img", "-printf", "%f\\n"]).split()
        return {int(name.removesuffix(".img")) for name in names}

    def machine_folder(self, server_id: int) -> str:
        """
        What a machine gets mounted as /dev/disk, as the Docker daemon's host names it; made if it is missing.
        """
        self._gateway.run(["mkdir", "-p", self._nodes(server_id)])
        mountpoint: str = self._client.volumes.get(self._instance.name("disks")).attrs["Mountpoint"]
        return f"{mountpoint}/dev/{server_id}"

    def show(self, server_id: int, volumes: Iterable[int]) -> None:
        """
        Let a machine see exactly these volumes.
        """
        wanted = {device_name(volume): volume for volume in volumes}
        nodes = self._nodes(server_id)
        self._gateway.run(["mkdir", "-p", nodes])
        for name in set(self._gateway.run(["ls", nodes]).split()) - wanted.keys():
            self._gateway.run(["rm", "-f", f"{nodes}/{name}"])
        for name, volume in wanted.items():
            self._gateway.run(["cp", "-a", "--remove-destination", self._attached(volume), f"{nodes}/{name}"])

    def forget_machine(self, server_id: int) -> None:
        """
        Remove a machine's /dev/disk.
        """
        self._gateway.run(["rm", "-rf", f"{self._root}/dev/{server_id}"])

    def release(self, volume_id: int) -> None:
        """
        Give back the loop device of a volume that no machine sees any more.
        """
        self._release(volume_id)

    def release_all(self) -> None:
        """
        Give back every loop device of the instance, also those whose images are gone. By image first: a device that was made
        before the gateway was started again no longer shows its image's path.
        """
        for volume_id in self.existing():
            self._release(volume_id)
        listed = self._gateway.run(["losetup", "--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE"])
        for line in listed.splitlines():
            device, _, backing = line.partition(" ")
            if backing.startswith(f"{self._root}/"):
                self._gateway.run(["losetup", "-d", device], check=False)

    def _attached(self, volume_id: int) -> str:
        """
        The loop device of a volume: the one that it has, else a new one. Never a second one: two would corrupt it.
        """
        devices = self._devices(volume_id)
        if devices:
            return devices[0]
        return self._gateway.run(["losetup", "--find", "--show", self._image(volume_id)]).strip()

    def _devices(self, volume_id: int) -> list[str]:
        listed = self._gateway.run(["losetup", "-j", self._image(volume_id), "--noheadings", "--output", "NAME"], check=False)
        return listed.split()

    def _release(self, volume_id: int) -> None:
        for device in self._devices(volume_id):
            self._gateway.run(["losetup", "-d", device], check=False)

    def _image(self, volume_id: int) -> str:
        return f"{self._root}/images/{volume_id}.img"

    def _nodes(self, server_id: int) -> str:
        return f"{self._root}/dev/{server_id}/by-id"
