"""
A hardened server is measured from inside and outside, still does its work, and comes back from whatever is done to it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from hosts.request import Outcome, Request
from tests.integration.hardening_stand import Stand, eventually, lynis, notes, ssh_audit, upgrade

pytest_plugins = ["tests.integration.hardening_stand"]

ROOT = Path(__file__).parents[3]
RULES = ("nft", "--stateless", "list", "table", "inet", "flotilla")
BOB = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID2yuOuBiZDw2qd3CU2+Wcb+D11DpX5a2q7T1D4iZzc2 bob"
# Wanted after sshd's configuration and before sshd is told of it.
LATER = (
    *("/etc/sysctl.d/90-flotilla.conf", "/etc/modprobe.d/flotilla.conf", "/etc/security/limits.d/90-flotilla.conf"),
    *("/etc/logrotate.d/flotilla", "/etc/issue", "/etc/issue.net", "/etc/motd", "/etc/profile.d/90-flotilla.sh"),
    *("/etc/apt/apt.conf.d/20auto-upgrades", "/etc/apt/apt.conf.d/60-flotilla-upgrades", "/usr/local/sbin/flotilla-updates"),
)
INDEX_MINIMUM = 80
# Docker gives a container one name server, its own; Hetzner's servers have two.
OF_THE_SANDBOX = {"NETW-2705"}
ANSWER = (
    "$s=IO::Socket::INET->new(LocalPort=>8080,Listen=>9,ReuseAddr=>1);"
    'while($c=$s->accept){sysread($c,$b,999);print $c "HTTP/1.0 200 OK\\r\\n\\r\\nhello\\n";close $c}'
)
"""One-line web server in Perl, which every Debian has."""


def names(outcome: Outcome) -> set[str]:
    return {change.name for change in outcome.changes}


def test_a_bare_server_becomes_what_it_is_to_be_and_is_then_left_alone(stand: Stand, first: Outcome) -> None:
    """The second time nothing is changed; what a container cannot have is said, with why."""
    again = stand.converge()

    assert len(first.changes) > 50
    assert (again.error, again.changes, again.unknown) == ("", (), ())
    assert {item for _, item, _ in again.skipped} >= {"kernel settings", "swap file", "auditd.service", "chrony.service"}
    assert all("container" in reason for _, _, reason in again.skipped)
    assert stand.run("systemctl", "--failed", "--no-legend") == ""


def test_lynis_has_no_warning(stand: Stand) -> None:
    """At least 80, after the updates that the server makes by itself; the sandbox's one name server is not its doing."""
    upgrade(stand)
    found = lynis(stand)
    stand.run("systemctl", "start", "flotilla-updates.service")

    assert {id_: text for id_, text in found.warnings.items() if id_ not in OF_THE_SANDBOX} == {}
    assert found.index >= INDEX_MINIMUM
    measures = stand.run("cat", "/var/lib/prometheus/node-exporter/flotilla_updates.prom").splitlines()
    assert {"flotilla_updates_pending 0", "flotilla_reboot_required 0"} <= set(measures)


def test_ssh_audit_finds_nothing_weak(stand: Stand) -> None:
    """From outside: no failure, only two kinds of host key, and the RSA one is long."""
    found = ssh_audit(stand)

    assert notes(found, "fail") == []
    assert {row["algorithm"] for row in found["key"]} == {"ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"}
    assert {row["keysize"] for row in found["key"] if row["algorithm"].startswith("rsa")} == {4096}
    assert found["cves"] == []


def test_docker_works_and_only_the_ingress_is_reached(stand: Stand, with_image: None) -> None:
    """A port that somebody publishes by accident is reached from nowhere, also after Docker was started anew."""
    address = stand.address(stand.server, stand.private)
    stand.run(
        "docker", "swarm", "init", "--advertise-addr", address, "--data-path-addr", address, "--listen-addr", f"{address}:2377"
    )
    _publish(stand, "web", 80)
    _publish(stand, "accident", 9999)
    try:
        for _ in ("at first", "after a restart"):
            eventually(lambda: stand.reaches(80, stand.uplink, "hello"))
            assert stand.reaches(80, stand.private, "hello")
            assert "9999" in stand.run("docker", "ps", "--format", "{{.Ports}}")
            assert not stand.reaches(9999, stand.uplink)
            assert not stand.reaches(9999, stand.private)
            assert stand.converge(is_dry=True).changes == ()
            stand.run("systemctl", "restart", "docker.service")
            eventually(lambda: _running(stand) == 2)
    finally:
        stand.run("docker", "service", "rm", "web", "accident")
        stand.run("docker", "swarm", "leave", "--force")


def _publish(stand: Stand, name: str, port: int) -> None:
    published = f"published={port},target=8080,mode=host"
    stand.run(
        *(
            "docker",
            "service",
            "create",
            "--detach",
            "--quiet",
            "--name",
            name,
            "--publish",
            published,
            "--endpoint-mode",
            "dnsrr",
        ),
        *("--init", "debian:bookworm", "perl", "-MIO::Socket::INET", "-e", ANSWER),
    )
    eventually(lambda: name in stand.run("docker", "ps", "--format", "{{.Names}}"))


def _running(stand: Stand) -> int:
    return len(stand.run("docker", "ps", "--quiet", check=False).split())


def test_only_images_that_nobody_needs_are_removed(stand: Stand, with_image: None) -> None:
    """By the timer's own service: what nothing names goes after a day; what a stopped container has stays, and so do tags."""
    made = "cd /etc && tar c hostname | docker import - && tar c hosts | docker import - && tar c issue | docker import -"
    unused, used, new = stand.run("sh", "-c", made).split()
    stand.run("docker", "create", "--name", "stopped", used, "/nothing")
    folder = "/var/lib/docker/image/overlay2/imagedb/content/sha256"
    stand.run("touch", "-d", "2 days ago", *(f"{folder}/{id_.removeprefix('sha256:')}" for id_ in (unused, used)))
    stand.run("systemctl", "start", "flotilla-prune.service")
    left = stand.run("docker", "image", "ls", "--quiet", "--no-trunc").split()
    stand.run("docker", "rm", "stopped")

    assert unused not in left
    assert {used, new} <= set(left)
    assert "bookworm" in stand.run("docker", "image", "ls", "--format", "{{.Tag}}")
    assert unused in stand.run("journalctl", "-u", "flotilla-prune.service", "-o", "cat", "--no-pager")


def test_ssh_is_open_to_sources_and_the_private_network_only(stand: Stand) -> None:
    """A neighbour on the public side is not answered; the same one on the private side is."""
    assert not stand.reaches(22, stand.uplink)
    assert stand.reaches(22, stand.private, "SSH-2.0")
    assert stand.reaches(9323, stand.private, "404 page not found")
    assert not stand.reaches(9323, stand.uplink)


def test_nobody_locks_himself_out(stand: Stand) -> None:
    """Sources without the address that this connection comes from are refused, and the old rules stay."""
    before = stand.run(*RULES)
    seen = stand.converge(is_dry=True, ssh_sources=["198.51.100.0/24"])
    refused = stand.converge(ssh_sources=["198.51.100.0/24"])

    assert [item for _, item, _ in seen.unknown] == ["packet filter"]
    assert "would be locked out" in refused.error
    assert stand.run(*RULES) == before
    assert stand.run("nft", "-c", "-f", "/etc/flotilla/firewall.nft") == ""
    assert "198.51.100" not in stand.run("cat", "/etc/flotilla/firewall.nft")


def test_an_administrator_who_leaves_settings_leaves_the_server(stand: Stand) -> None:
    """Account, key, sessions; what was theirs is put away for root."""
    both = {"alice": stand.public_key(), "bob": BOB}
    assert stand.converge(admins=both).error == ""
    assert BOB in stand.run("cat", "/root/.ssh/authorized_keys")
    assert stand.run("cat", "/home/bob/.ssh/authorized_keys") == BOB
    assert "NOPASSWD" in stand.run("sudo", "-l", "-U", "bob")
    stand.run("runuser", "-u", "bob", "--", "sh", "-c", "echo his > /home/bob/notes; setsid sleep 1000 > /dev/null 2>&1 &")
    eventually(lambda: stand.run("pgrep", "-u", "bob", check=False))

    assert stand.converge().error == ""
    assert stand.run("getent", "passwd", "bob", check=False) == ""
    for path in ("/root/.ssh/authorized_keys", "/home/admin/.ssh/authorized_keys"):
        assert BOB not in stand.run("cat", path)
    assert stand.run("sh", "-c", "ls /home") == "admin\nalice"
    assert stand.run("sh", "-c", "cat /var/lib/flotilla/former-administrators/bob-*/home/notes") == "his"
    assert stand.run("stat", "-c", "%a %U", "/var/lib/flotilla/former-administrators") == "700 root"
    assert stand.converge().changes == ()


def test_drift_is_shown_and_mended(stand: Stand) -> None:
    """A file with its difference, a user, a service, a rule of the packet filter, a kernel setting: seen, and put right."""
    rules = stand.run(*RULES)
    stand.run("sh", "-c", "echo 'PermitRootLogin yes' >> /etc/ssh/sshd_config.d/10-flotilla.conf")
    stand.run("sh", "-c", f"echo '{BOB}' >> /home/alice/.ssh/authorized_keys; usermod --expiredate 1 alice")
    stand.run("useradd", "--groups", "flotilla-admin", "mallory")
    stand.run("systemctl", "disable", "--now", "fail2ban.service")
    stand.run("nft", "insert", "rule", "inet", "flotilla", "input", "tcp", "dport", "9999", "accept")
    stand.run("sysctl", "-w", "net.ipv4.conf.all.rp_filter=0")
    stand.run("chmod", "0644", "/etc/crontab")
    seen = stand.converge(is_dry=True)
    facts = {fact for change in seen.changes for fact in change.facts}

    assert {
        "keys of alice",
        "let alice in again: the account had expired",
        "lock and remove mallory",
        "start fail2ban.service",
        "load the packet filter's rules",
        "net.ipv4.conf.all.rp_filter: 0 -> 1",
        "mode of /etc/crontab: 0644 -> 0600",
    } <= facts
    assert any("-PermitRootLogin yes" in change.diff for change in seen.changes)
    assert stand.run("sysctl", "-n", "net.ipv4.conf.all.rp_filter") == "0"
    assert stand.converge().error == ""
    assert stand.converge(is_dry=True).changes == ()
    assert stand.run(*RULES) == rules
    assert stand.run("systemctl", "is-active", "fail2ban.service") == "active"


def test_what_an_interrupted_converge_owed_is_made_up_for(stand: Stand) -> None:
    """It fails between a change and what the change calls for: here, telling sshd of its configuration."""
    obstacle = LATER[-1]
    stand.run("sh", "-c", "echo '# drift' >> /etc/ssh/sshd_config.d/10-flotilla.conf")
    stand.run("rm", obstacle)
    stand.run("mkdir", "-p", f"{obstacle}/in-the-way")
    failed = stand.converge()
    owed = stand.run("sh", "-c", "cat /var/lib/flotilla/pending/*.json").splitlines()
    stand.run("rm", "-r", obstacle)
    made_up_for = stand.converge()

    assert f"{obstacle} is a directory" in failed.error
    assert "/etc/ssh/sshd_config.d/10-flotilla.conf" in names(failed)
    assert any("ssh.service" in line for line in owed)
    assert made_up_for.error == ""
    assert "systemctl reload-or-restart ssh.service" in names(made_up_for)
    assert stand.run("sh", "-c", "ls /var/lib/flotilla/pending") == ""


def test_a_converge_that_is_killed_is_made_up_for(stand: Stand) -> None:
    """Whatever it had done by then, the next one does the rest; nothing is owed in the end, and Docker was started anew."""
    stand.run("sh", "-c", "echo '# drift' >> /etc/ssh/sshd_config.d/10-flotilla.conf")
    stand.run("rm", "/etc/docker/daemon.json", *LATER)
    started = stand.run("systemctl", "show", "--value", "--property", "ActiveEnterTimestampMonotonic", "docker.service")
    request = Request(targets=(stand.target(),)).text()
    process = subprocess.Popen(
        [sys.executable, "-m", "hosts.converge"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert process.stdin
    process.stdin.write(request)
    process.stdin.close()
    deadline = time.monotonic() + 60
    while "drift" in stand.run("cat", "/etc/ssh/sshd_config.d/10-flotilla.conf"):
        assert time.monotonic() < deadline
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL

    assert stand.converge().error == ""
    assert stand.converge(is_dry=True).changes == ()
    assert stand.run("sh", "-c", "ls /var/lib/flotilla/pending") == ""
    assert started != stand.run("systemctl", "show", "--value", "--property", "ActiveEnterTimestampMonotonic", "docker.service")


def test_a_restart_comes_back_as_it_was(stand: Stand) -> None:
    """The packet filter is there, and nothing is left to do."""
    stand.server.restart(timeout=30)
    eventually(lambda: stand.run("systemctl", "is-active", "docker.service", check=False) == "active", 180)
    eventually(lambda: stand.reaches(22, stand.private, "SSH-2.0"))

    assert not stand.reaches(22, stand.uplink)
    assert stand.converge(is_dry=True).changes == ()
