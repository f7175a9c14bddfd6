"""
What `common` and `docker` want of a server, and what of it is decided before any server is spoken to.
"""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest

from components.declarations import common as declared_common
from components.declarations import docker as declared_docker
from components.declarations import ports
from hosts.host import Host
from hosts.items import Absent, File, Item, Program, Unit
from hosts.roles import common, docker
from hosts.roles.common import firewall, ssh, system, updates
from hosts.roles.docker import prune
from settings import Role
from settings.care import Updates
from settings.environment import Environment
from tests.conftest import Checkout

CASES = Path(__file__).parents[1] / "cases" / "hosts"
ALICE, BOB = "ssh-ed25519 AAAAalice alice", "ssh-ed25519 AAAAbob bob"


def told(**changes: Any) -> dict[str, Any]:
    """What `common` is told of a server with everything."""
    return {
        "admins": {"alice": ALICE, "bob": BOB},
        "ssh_sources": ["203.0.113.0/28", "203.0.113.8/29", "10.8.0.0/24", "2001:db8:42::/48"],
        "private_network": "10.20.0.0/16",
        "container_networks": "172.28.0.0/14",
        "public_ports": ports.public([Role.APP, Role.INGRESS]),
        "private_ports": ports.private([Role.APP, Role.INGRESS]),
        "log_retention_days": 90,
        "updates": {"on_calendar": "*-*-* 03:30:00 UTC", "may_restart": True},
        "is_sandbox": False,
        **changes,
    }


DOCKER = {
    "address": "10.20.1.2",
    "bridge_network": "172.27.0.0/16",
    "bridge_address": "172.27.0.1",
    "has_ipv6": True,
    "open_files": 65536,
    "kept_releases": 5,
    "registry": "registry.example.com:5000",
    "registry_user": None,
    "registry_authority": None,
}


def host(*, with_docker: bool = True, others: tuple[str, ...] = ("app", "ingress"), **changes: Any) -> Host:
    """A server with these roles."""
    found: dict[str, Any] = {"common": told(**changes), **{name: {} for name in others}}
    if with_docker:
        found["docker"] = DOCKER
    return Host(declaration={"version": 1, "environment": "production", "server": "app-1", "roles": found})


def all_items(server: Host) -> list[Item]:
    return [*common.wanted(server), *(docker.wanted(server) if "docker" in server.roles else ())]


def file(server: Host, path: str) -> str:
    """The content of a file that is wanted."""
    (found,) = [item for item in all_items(server) if isinstance(item, File) and item.path == path]
    return found.content


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("app", host()),
        (
            "database",
            host(with_docker=False, others=("db",), public_ports=ports.public([]), private_ports=ports.private([Role.DB])),
        ),
        ("sandbox", host(ssh_sources=["127.0.0.0/8"], is_sandbox=True)),
    ],
)
def test_the_packet_filter_is_the_one_that_was_looked_at(name: str, server: Host) -> None:
    """The whole text, for a server with containers, one without, and one of the sandbox. Machines have nft judge it."""
    assert file(server, firewall.RULES) == (CASES / f"firewall-{name}.nft").read_text()


def test_only_what_roles_need_is_open() -> None:
    """The web where the ingress is; databases and exporters from the private network; nothing else, anywhere."""
    assert ports.public(Role) == {"tcp": [80, 443], "udp": [443]}
    assert ports.public([Role.APP, Role.DB, Role.BACKUP, Role.MONITORING]) == {"tcp": [], "udp": []}
    assert ports.private([Role.MONITORING]) == {"tcp": [22, 9100], "udp": []}
    assert 5432 in ports.private([Role.DB])["tcp"]
    assert 5432 not in ports.private([Role.APP])["tcp"]


def test_nobody_is_an_administrator_any_more_means_no_role_at_all() -> None:
    """Rather an error than a server that nobody can enter."""
    with pytest.raises(ValueError, match="Nobody could log in"):
        common.wanted(host(admins={}))


def test_each_administrator_has_an_own_key_and_the_first_account_has_all() -> None:
    """root too, which steps log in as: exactly these keys, so that one that is gone from settings is gone."""
    server = host()
    (accounts,) = [item for item in all_items(server) if isinstance(item, Program) and item.program == "accounts"]

    assert accounts.data["accounts"] == {"alice": [ALICE], "bob": [BOB], "admin": [ALICE, BOB]}
    assert file(server, "/root/.ssh/authorized_keys") == f"{ALICE}\n{BOB}\n"


def test_ports_are_forwarded_where_pages_are_and_to_administrators_only() -> None:
    """Nowhere else, except to the sandbox's stand-in for the Docker provider."""
    plain, pages = (ssh.configuration(has_pages=has_pages, has_socket=False) for has_pages in (False, True))

    assert "AllowTcpForwarding no" in plain
    assert "Match" not in plain
    assert pages.startswith(plain)
    assert pages.removeprefix(plain).split("\n")[1:4] == [
        "Match Group flotilla-admin",
        "    AllowTcpForwarding local",
        "    PermitOpen 127.0.0.1:*",
    ]
    assert "User root" in file(host(is_sandbox=True), ssh.CONFIGURATION)
    assert "User root" not in file(host(), ssh.CONFIGURATION)


def test_deployments_are_never_banned() -> None:
    """The private network and private ranges are left out; a public range of administrators is not."""
    ignored = next(line for line in file(host(), "/etc/fail2ban/jail.local").splitlines() if line.startswith("ignoreip"))
    assert ignored == "ignoreip = 127.0.0.0/8 ::1 10.20.0.0/16 10.8.0.0/24"
    assert "100.64.0.0/10" in system.jail(system.private_ranges(told(is_sandbox=True)))


def test_a_server_without_containers_runs_no_docker_and_passes_nothing_on() -> None:
    """It is off, and so is forwarding."""
    server = host(with_docker=False, others=("db",))
    off = {item.unit for item in all_items(server) if isinstance(item, Unit) and item.is_running is False}

    assert {"docker.socket", "docker.service", "containerd.service"} <= off
    network = [line for line in file(server, "/etc/sysctl.d/90-flotilla.conf").splitlines() if line.startswith("net.ipv4.")]
    assert network[0] == "net.ipv4.ip_forward = 0"  # a change of it sets the others back
    assert "net.ipv4.ip_forward = 1" in file(host(), "/etc/sysctl.d/90-flotilla.conf")
    assert not [item for item in all_items(host()) if isinstance(item, Unit) and "docker" in item.unit and not item.is_running]


def test_docker_is_told_the_rules() -> None:
    """Bounded logs, no new privileges, no talk on the default bridge, measures on the private address only."""
    found = json.loads(file(host(), "/etc/docker/daemon.json"))

    assert found["no-new-privileges"] is True
    assert found["icc"] is False
    assert found["log-opts"] == {"max-size": "10m", "max-file": "3"}
    assert found["metrics-addr"] == "10.20.1.2:9323"
    assert found["live-restore"] is False  # Docker refuses it in a swarm
    assert found["userland-proxy"] is True  # visitors with IPv6 addresses come through it
    assert found["default-ulimits"]["nofile"]["Hard"] == 65536


def test_docker_trusts_a_registrys_own_authority_and_root_can_log_in_there() -> None:
    """The login is for root only and never shown; what is not declared any more is taken away."""
    plain = host()
    told = {**DOCKER, "registry_user": "robot$ci", "registry_authority": "CERTIFICATE\n"}
    declaration = {**plain.declaration, "roles": {**plain.roles, "docker": told}}
    server = Host(declaration=declaration, registry_password="pa:ss")
    trusted = "/etc/docker/certs.d/registry.example.com:5000/ca.crt"
    (login,) = [item for item in all_items(server) if isinstance(item, File) and item.path == docker.LOGIN]

    assert file(server, trusted) == "CERTIFICATE\n"
    assert json.loads(login.content) == {"auths": {"registry.example.com:5000": {"auth": "cm9ib3QkY2k6cGE6c3M="}}}
    assert (login.mode, login.owner, login.is_secret) == (0o600, "root", True)
    assert not login.notify
    assert {item.path for item in all_items(plain) if isinstance(item, Absent)} >= {trusted, docker.LOGIN}


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (["10.0.0.0/16", "172.28.0.0/14"], "172.27.0.0/16"),
        (["10.0.0.0/16", "10.100.0.0/14"], "172.31.0.0/16"),
        (["172.16.0.0/12", "192.168.0.0/16"], "10.255.0.0/16"),
        (["172.16.0.0/12", "10.252.0.0/14"], "10.251.0.0/16"),
    ],
)
def test_bridges_collide_with_no_other_network(taken: list[str], expected: str) -> None:
    """Whatever the private and the overlay networks are."""
    assert declared_docker.bridge_network(taken) == ipaddress.ip_network(expected)


def test_no_room_for_bridges_is_an_error() -> None:
    """Rather than a network that swallows another."""
    with pytest.raises(ValueError, match="leave no range"):
        declared_docker.bridge_network(["172.16.0.0/12", "10.0.0.0/8"])


@pytest.mark.parametrize(
    ("window", "minutes"), [("03:30-05:00", (210, 90)), ("23:00-01:30", (1380, 150)), ("04:00-04:00", (240, 1440))]
)
def test_a_window_may_pass_midnight(window: str, minutes: tuple[int, int]) -> None:
    """Where it begins, and how long it is."""
    assert Updates(window=window).minutes == minutes


def test_servers_of_a_pool_are_not_updated_together(checkout: Checkout) -> None:
    """Each at its own time, in the window, whoever else there is."""
    checkout.change_environment("local", lambda found: found["servers"]["app"].update(count=4))
    checkout.change_environment("local", lambda found: found.update(updates={"window": "23:30-01:00"}))
    several = checkout.settings()
    checkout.change_environment("local", lambda found: found["servers"]["app"].update(count=1))
    times = [declared_common.upgrade_time(several, f"app-{number}") for number in (1, 2, 3, 4)]

    assert len(set(times)) == 4
    assert declared_common.upgrade_time(checkout.settings(), "app-1") == times[0]
    assert all(time[6:11] >= "23:30" or time[6:11] < "01:00" for time in times)


def test_a_missed_upgrade_waits_for_the_next_window() -> None:
    """A server that comes back does not go away again at once; without leave it never restarts by itself."""
    assert "Persistent=false" in updates.timer("*-*-* 03:30:00 UTC")
    assert 'Automatic-Reboot "false"' in updates.upgrades(may_restart=False)
    assert 'Automatic-Reboot "true"' in updates.upgrades(may_restart=True)


def test_old_ways_in_are_taken_away() -> None:
    """Host keys of weak kinds, and the sudo of the first boot once the group has it."""
    gone = {item.path for item in all_items(host()) if isinstance(item, Absent)}
    assert {"/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_dsa_key", "/etc/sudoers.d/90-cloud-init-users"} <= gone


def test_a_declaration_that_says_nothing_changes_nothing_of_access() -> None:
    """Only the declaration itself is written."""
    server = Host(declaration={"version": 1, "environment": "local", "server": "x", "roles": {"common": {}}})
    assert [item.name for item in all_items(server)] == ["/etc/flotilla", "/etc/flotilla/host.json"]


NOW = 1_800_000_000.0
DAY = 86_400.0


def image(number: int, repository: str = "registry/shop", *, age_days: float, has_tag: bool = False) -> prune.Image:
    names = (f"{repository}@sha256:{number:064x}",) if repository else ()
    return prune.Image(id=f"sha256:{number}", names=names, has_tag=has_tag, came=NOW - age_days * DAY)


def removed(images: list[prune.Image], used: set[str], *, seen: dict[str, float] | None = None, keep: int = 2) -> set[str]:
    return {found.id.removeprefix("sha256:") for found in prune.superfluous(images, used, seen or {}, keep, NOW)}


def test_the_last_releases_of_each_repository_stay() -> None:
    """Beside those that run; repositories do not count for one another."""
    shop = [image(number, age_days=10 - number) for number in range(6)]
    blog = [image(number, "registry/blog", age_days=20 - number) for number in (11, 12)]

    assert removed([*shop, *blog], {"sha256:5"}) == {"0", "1", "2"}
    assert removed(blog, set()) == set()


def test_what_runs_or_is_asked_for_stays_however_old() -> None:
    """By what containers have, and by what services name."""
    old = [image(number, age_days=100) for number in range(5)]
    assert removed(old, {"sha256:0", old[1].names[0]}, keep=1) == {"2", "3"}
    assert removed(old, {found.id for found in old}, keep=1) == set()


def test_a_release_that_served_until_yesterday_counts_as_younger_than_one_that_was_pulled_later() -> None:
    """The way back leads to what served last."""
    images = [image(1, age_days=300), image(2, age_days=20), image(3, age_days=10)]
    assert removed(images, set(), seen={"sha256:1": NOW - DAY}, keep=1) == {"2", "3"}


def test_what_came_today_or_was_put_there_by_hand_stays() -> None:
    """A release may be on its way; a tag is somebody's. What has no name at all goes after a day."""
    images = [
        image(1, age_days=0.5),
        image(2, age_days=300, has_tag=True),
        image(3, "", age_days=2),
        image(4, "", age_days=0.1),
    ]
    assert removed(images, set(), keep=1) == {"3"}


def test_what_projects_keep_stays(tmp_path: Path) -> None:
    """The release that one can go back to, although five broken ones came after it and were seen later."""
    images = [image(number, age_days=100 - number) for number in range(6)]
    (tmp_path / "shop.json").write_text(json.dumps([images[0].names[0]]))
    (tmp_path / "blog.json").write_text("[]")

    assert removed(images, prune.kept(tmp_path), keep=2) == {"1", "2", "3"}
    assert removed(images, prune.kept(tmp_path / "none"), keep=2) == {"0", "1", "2", "3"}


def test_a_list_that_cannot_be_read_stops_the_removal(tmp_path: Path) -> None:
    """Nothing is removed on a guess."""
    (tmp_path / "shop.json").write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        prune.kept(tmp_path)


def test_use_is_remembered_of_images_that_are_there() -> None:
    """What is gone is forgotten; what is seen for the first time counts from when it came."""
    images = [image(1, age_days=3), image(2, age_days=2)]
    assert prune.remember({"sha256:1": 5.0, "sha256:9": 7.0}, images, {"sha256:2"}, NOW) == {"sha256:1": 5.0, "sha256:2": NOW}


def test_environments_have_a_window_without_being_asked() -> None:
    """Updates are on by default."""
    assert Environment.model_fields["updates"].default == Updates()
