"""
Real servers: boot, log in, reboot, vanish.
"""

import subprocess

import pytest
from hcloud.server_types import ServerType

from sandbox.instance import Instance
from tests.integration.machines.conftest import DEBIAN, Cloud, Machine, eventually

USER_DATA = """#cloud-config
write_files:
- path: /root/written
  content: by cloud-init
runcmd:
- echo "$(hostname) $(id -un)" > /root/ran
"""


def known(instance: Instance, ip: str) -> bool:
    """
    True when known_hosts has a line for this address, hashed or not.
    """
    found = subprocess.run(["ssh-keygen", "-F", ip, "-f", str(instance.known_hosts)], capture_output=True, check=False)
    return found.returncode == 0


@pytest.fixture(scope="module")
def web(cloud: Cloud) -> Machine:
    """
    A server that has booted with its user data.
    """
    return cloud.create("web-1", user_data=USER_DATA, labels={"role": "web"}).booted()


def test_user_data_is_executed(web: Machine) -> None:
    """
    cloud-init writes the file and runs the command; the key opens root; the hostname is the server's name.
    """
    assert web.ssh("cat /root/written; cat /root/ran").stdout == "by cloud-initweb-1 root\n"
    assert web.server.status == "running"


def test_machine_has_its_type_s_memory(web: Machine) -> None:
    """
    A cx23 has 4 GB, as its container's limit.
    """
    assert web.container.attrs["HostConfig"]["Memory"] == 4 * 1024**3


def test_reboot_inside_comes_back(web: Machine) -> None:
    """
    A reboot inside ends at the same address, with cloud-init not run a second time.
    """
    before = web.container.attrs["State"]["StartedAt"]
    web.ssh("rm /root/ran; systemctl reboot", check=False)
    eventually(lambda: web.container.attrs["State"]["StartedAt"] != before and web.container.status == "running")
    web.booted()
    assert web.ssh("test -e /root/ran", check=False).returncode == 1
    assert eventually(lambda: web.server.status == "running")


def test_poweroff_inside_is_seen(web: Machine) -> None:
    """
    A machine that switches itself off is off in the API, answers nothing at its address, and can be switched on again.
    """
    web.ssh("systemctl poweroff", check=False)
    eventually(lambda: web.server.status == "off")
    assert "Connection refused" not in web.ssh("true", check=False).stderr
    web.server.power_on().wait_until_finished()
    web.booted()
    assert web.server.status == "running"


def test_rebuild_runs_new_user_data(web: Machine) -> None:
    """
    A rebuilt server has a fresh disk, new user data, other host keys, and its old address.
    """
    ip = web.ip
    web.server.rebuild(DEBIAN, user_data="#!/bin/sh\necho again > /root/ran\n").action.wait_until_finished()
    web.booted()
    assert web.ssh("cat /root/ran; test -e /root/written || echo fresh").stdout == "again\nfresh\n"
    assert web.ip == ip


def test_change_type(web: Machine) -> None:
    """
    A bigger type gives the machine more memory.
    """
    web.server.power_off().wait_until_finished()
    web.server.change_type(ServerType("cx33"), upgrade_disk=False).wait_until_finished()
    web.server.power_on().wait_until_finished()
    assert web.container.attrs["HostConfig"]["Memory"] == 8 * 1024**3


def test_root_password_where_there_is_no_key(cloud: Cloud) -> None:
    """
    Without a key the answer holds a password, and it is root's.
    """
    response = cloud.client.servers.create("no-key", cloud.client.server_types.get_by_name("cx23"), DEBIAN)
    machine = Machine(cloud, response.server.id)
    response.next_actions[0].wait_until_finished()
    check = (
        "import crypt, sys; line = next(row for row in open('/etc/shadow') if row.startswith('root:')).split(':')[1]; "
        "sys.exit(crypt.crypt(sys.argv[1], line) != line)"
    )
    eventually(lambda: machine.exec("python3", "-W", "ignore", "-c", check, response.root_password)[0] == 0, 60)
    response.server.delete().wait_until_finished()


def test_container_removed_behind_the_cloud_s_back(cloud: Cloud) -> None:
    """
    The server is off, cannot be switched on, and can be deleted and made again under its name.
    """
    machine = cloud.create("lost")
    machine.container.remove(force=True)
    eventually(lambda: machine.server.status == "off")
    with pytest.raises(Exception, match="behind the cloud's back"):
        machine.server.power_on().wait_until_finished()
    machine.server.delete().wait_until_finished()
    assert cloud.create("lost").server.status == "running"


def test_deleted_server_leaves_nothing(cloud: Cloud, web: Machine) -> None:
    """
    Container, Docker volume, seed and host keys are gone.
    """
    ip, id = web.ip, web.id
    instance = cloud.instance
    assert known(instance, ip)
    web.server.delete().wait_until_finished()
    assert cloud.client.servers.get_by_name("web-1") is None
    assert instance.name("srv", "web-1") not in str(cloud.leftovers())
    assert instance.name("docker", id) not in str(cloud.leftovers())
    assert not (instance.seeds / str(id)).exists()
    assert not known(instance, ip)
