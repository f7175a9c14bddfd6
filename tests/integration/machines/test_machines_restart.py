"""
The cloud killed, paused and removed, with real machines.
"""

import os
import signal
import time
from pathlib import Path

import pytest
from hcloud import APIException
from hcloud.locations import Location
from hcloud.networks import NetworkSubnet

from sandbox import images, supervisor
from sandbox.cloud.machines import pause, remove_everything, resume
from tests.integration.machines.conftest import BOOT_S, DEBIAN, SMALL, Cloud, Machine, eventually


def kill(cloud: Cloud) -> None:
    """
    End the daemon as a power cut would.
    """
    pid = supervisor.find(cloud.instance)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: supervisor.find(cloud.instance) is None)


@pytest.fixture(scope="module")
def kept(cloud: Cloud) -> Machine:
    """
    A booted server with a private address and a mounted volume.
    """
    subnet = NetworkSubnet("10.0.1.0/24", type="cloud", network_zone="eu-central")
    network = cloud.client.networks.create("net", "10.0.0.0/16", subnets=[subnet])
    made = cloud.client.volumes.create(10, "data", location=Location(name="fsn1"), format="ext4")
    made.action.wait_until_finished()
    machine = cloud.create("kept", networks=[network], volumes=[made.volume]).booted()
    machine.ssh(f"mkdir /mnt/data && mount {made.volume.linux_device} /mnt/data && echo kept > /mnt/data/file && sync")
    return machine


def test_restart_of_the_daemon_changes_nothing(cloud: Cloud, kept: Machine) -> None:
    """
    Machines run on while the daemon is away, and it knows them again.
    """
    started = kept.container.attrs["State"]["StartedAt"]
    cloud.stop()
    assert kept.exec("cat", "/mnt/data/file") == (0, "kept\n")
    cloud.start()
    assert kept.server.status == "running"
    assert kept.container.attrs["State"]["StartedAt"] == started
    assert kept.ssh("cat /mnt/data/file").stdout == "kept\n"


@pytest.mark.parametrize("after_s", [0.0, 0.15, 0.4, 0.8, 1.6])
def test_kill_during_creation(cloud: Cloud, kept: Machine, after_s: float) -> None:
    """
    Killed at any moment of a creation, the next start leaves either the whole server or nothing of it: a second creation
    works, or says that the name is taken, and there is never a second container.
    """
    response = cloud.client.servers.create("half", SMALL, DEBIAN)
    if after_s:
        time.sleep(after_s)
    kill(cloud)
    cloud.start()
    action = cloud.client.actions.get_by_id(response.action.id)
    survivor = cloud.client.servers.get_by_name("half")
    assert action.status == ("error" if survivor is None else "success")
    if survivor is None:
        cloud.create("half")
    else:
        with pytest.raises(APIException, match="already used"):
            cloud.client.servers.create("half", SMALL, DEBIAN)
        eventually(lambda: cloud.client.servers.get_by_name("half").status == "running", BOOT_S)
    name = f"/{cloud.instance.name('srv', 'half')}"
    assert cloud.leftovers()["containers"].count(name) == 1
    cloud.client.servers.get_by_name("half").delete().wait_until_finished()
    assert name not in cloud.leftovers()["containers"]
    assert kept.server.status == "running"


def test_what_docker_made_after_the_cloud_was_killed_is_in_nobodys_way(cloud: Cloud) -> None:
    """
    Docker goes on with a creation whose asker is gone, and may be slower than the next start's tidying.
    """
    name, labels = cloud.instance.name("srv", "late"), {**cloud.instance.labels, "flotilla.server": "2999999"}
    late = cloud.docker.containers.create(images.machine_image(), ["/sbin/init"], name=name, labels=labels)

    made = cloud.create("late")

    assert made.container.name == name
    assert late.id not in [row.id for row in cloud.docker.containers.list(all=True)]
    made.server.delete().wait_until_finished()


def test_pause_and_resume(cloud: Cloud, kept: Machine) -> None:
    """
    Paused and resumed, a machine that was on comes back with its addresses and its disk; one that was off stays off.
    """
    off = cloud.create("off")
    off.server.power_off().wait_until_finished()
    cloud.stop()
    assert pause(cloud.instance, cloud.docker) == 1
    assert resume(cloud.instance, cloud.docker) == 1
    cloud.start()
    kept.booted()
    kept.ssh(f"mount /dev/disk/by-id/scsi-0HC_Volume_{kept.server.volumes[0].id} /mnt/data")
    assert kept.ssh("cat /mnt/data/file; ip -brief address").stdout.startswith("kept\n")
    assert "10.0.1.1/16" in kept.ssh("ip -brief address").stdout
    assert off.server.status == "off"


def test_remove_everything_leaves_nothing(cloud: Cloud, kept: Machine) -> None:
    """
    With the daemon dead and the state files lost, everything is found by its label and removed; a second time is no error.
    """
    assert kept.server.status == "running"
    assert all(cloud.leftovers().values())
    disks = [path for path in Path("/sys/block").glob("loop*/loop/backing_file") if cloud.instance.id in path.read_text()]
    # Started again, the gateway has other mounts: the loop devices no longer show whose images they stand on.
    cloud.docker.containers.get(cloud.instance.gateway_name).restart(timeout=1)
    kill(cloud)
    cloud.instance.database.unlink()
    remove_everything(cloud.instance, cloud.docker)
    assert not any(cloud.leftovers().values())
    assert not any(path.exists() for path in disks)
    remove_everything(cloud.instance, cloud.docker)
    assert not any(cloud.leftovers().values())
