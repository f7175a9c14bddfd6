"""
Real disks.
"""

import pytest
from hcloud.locations import Location

from tests.integration.docker_engine import ran
from tests.integration.machines.conftest import Cloud, Machine, eventually

FALKENSTEIN = Location(name="fsn1")
MOUNT = "mkdir -p /mnt/data && mount {device} /mnt/data"


@pytest.fixture(scope="module")
def first(cloud: Cloud) -> Machine:
    """
    A booted server.
    """
    return cloud.create("first").booted()


def test_data_outlives_its_server(cloud: Cloud, first: Machine) -> None:
    """
    A formatted volume is mounted by its path below /dev/disk/by-id; what is written survives the server's deletion and is on
    the next server that gets the volume, at the first boot already.
    """
    made = cloud.client.volumes.create(10, "data", location=FALKENSTEIN, format="ext4")
    made.action.wait_until_finished()
    volume = made.volume
    volume.attach(first.server).wait_until_finished()
    mount = MOUNT.format(device=volume.linux_device)
    first.ssh(f"{mount} && echo kept > /mnt/data/file && sync")
    first.server.delete().wait_until_finished()
    assert cloud.client.volumes.get_by_name("data").server is None
    boot = f"#!/bin/sh\n{mount}\n"
    second = cloud.create("second", volumes=[cloud.client.volumes.get_by_name("data")], user_data=boot).booted()
    assert second.ssh("cat /mnt/data/file").stdout == "kept\n"


def test_resize_in_place(cloud: Cloud) -> None:
    """
    A mounted volume grows at once; the file system follows when told to, with its data (unmounted where this host does not
    let a container resize a mounted one).
    """
    machine = Machine(cloud, cloud.client.servers.get_by_name("second").id)
    volume = cloud.client.volumes.get_by_name("data")
    volume.resize(20).wait_until_finished()
    assert machine.ssh(f"blockdev --getsize64 {volume.linux_device}").stdout == f"{20 * 1024**3}\n"
    device = volume.linux_device
    offline = f"umount /mnt/data && e2fsck -fp {device} && resize2fs {device} && mount {device} /mnt/data"
    machine.ssh(f"resize2fs {device} || ({offline})")
    size = int(machine.ssh("df --output=size -B1G /mnt/data | tail -1").stdout)
    assert size >= 19
    assert machine.ssh("cat /mnt/data/file").stdout == "kept\n"


def test_detach_takes_it_away(cloud: Cloud) -> None:
    """
    A detached volume is no longer mounted and has no device; attached again it has its data.
    """
    machine = Machine(cloud, cloud.client.servers.get_by_name("second").id)
    volume = cloud.client.volumes.get_by_name("data")
    volume.detach().wait_until_finished()
    assert machine.ssh("ls /mnt/data /dev/disk/by-id").stdout.split() == ["/dev/disk/by-id:", "/mnt/data:"]
    volume.attach(machine.server).wait_until_finished()
    machine.ssh(MOUNT.format(device=volume.linux_device))
    assert machine.ssh("cat /mnt/data/file").stdout == "kept\n"


def test_automount(cloud: Cloud) -> None:
    """
    With automount the volume is at /mnt/HC_Volume_<id>, also after a reboot.
    """
    machine = Machine(cloud, cloud.client.servers.get_by_name("second").id)
    made = cloud.client.volumes.create(10, "auto", server=machine.server, format="ext4", automount=True)
    for action in (made.action, *made.next_actions):
        action.wait_until_finished()
    target = f"/mnt/HC_Volume_{made.volume.id}"
    machine.ssh(f"mountpoint {target} && touch {target}/file")
    machine.server.reboot().wait_until_finished()
    machine.booted()
    machine.ssh(f"mountpoint {target} && test -e {target}/file")


def test_deleted_volume_gives_back_its_disk(cloud: Cloud) -> None:
    """
    When volumes and server are deleted, neither a loop device nor an image is left.
    """
    for name in ("data", "auto"):
        volume = cloud.client.volumes.get_by_name(name)
        volume.detach().wait_until_finished()
        volume.delete()
    gateway = cloud.docker.containers.get(cloud.instance.gateway_name)
    assert ran(gateway, "find", "/flotilla", "-name", "*.img") == (0, "")
    cloud.client.servers.get_by_name("second").delete().wait_until_finished()
    eventually(lambda: cloud.leftovers()["loops"] == [])
