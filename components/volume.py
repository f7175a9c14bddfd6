"""
A disk that outlives the server it is attached to.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Output, ResourceOptions

from components.remote import step
from components.server import Server


@dataclass(frozen=True, kw_only=True)
class VolumeArgs:
    """
    `size_gb` grows in place, file system included; Hetzner cannot make a volume smaller.
    """

    server: Server
    size_gb: int
    mount_point: str
    protect: bool


class Volume(pulumi.ComponentResource):
    """
    An ext4 volume, mounted on its server at every boot, before Docker starts.
    """

    volume_id: Output[str]

    def __init__(self, name: str, args: VolumeArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:storage:Volume", name, None, opts)
        login = args.server.login
        disk = hcloud.Volume(
            f"{name}-disk",
            name=name,
            size=args.size_gb,
            location=args.server.location,
            format="ext4",
            labels=args.server.labels,
            delete_protection=args.protect,
            opts=ResourceOptions(parent=self, protect=args.protect),
        )
        attachment = hcloud.VolumeAttachment(
            f"{name}-attachment",
            volume_id=disk.id.apply(int),
            server_id=args.server.server_id.apply(int),
            automount=False,
            opts=ResourceOptions(parent=self),
        )
        step(
            f"{name}-mount",
            login=login,
            run="mount.sh",
            undo="unmount.sh",
            data={
                "DEVICE": Output.concat("/dev/disk/by-id/scsi-0HC_Volume_", disk.id),
                "MOUNT_POINT": args.mount_point,
                "SIZE_GB": args.size_gb,
            },
            opts=ResourceOptions(parent=self, depends_on=[attachment, args.server.ready]),
        )
        self.volume_id = disk.id
        self.register_outputs({"volume_id": self.volume_id})
