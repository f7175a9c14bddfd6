"""
Check `security`: what can be reached, and what would help somebody who is in already.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from ops.audit.rule import Fault, critical, warning
from ops.audit.scene import Host, Scene
from ops.audit.security import CHECK
from ops.report import Status

SSH_PORT = 22
WEB_PORTS = frozenset({80, 443})
# What Debian 12's packages bring, as far as servers may have them.
SUID = frozenset(
    f"/usr/{path}"
    for path in [
        "bin/chage",
        "bin/chfn",
        "bin/chsh",
        "bin/crontab",
        "bin/dotlockfile",
        "bin/expiry",
        "bin/fusermount3",
        "bin/gpasswd",
        "bin/mount",
        "bin/newgrp",
        "bin/passwd",
        "bin/ssh-agent",
        "bin/su",
        "bin/sudo",
        "bin/umount",
        "bin/wall",
        "bin/write",
        "bin/pkexec",
        "bin/at",
        "sbin/unix_chkpwd",
        "sbin/exim4",
        "sbin/postdrop",
        "sbin/postqueue",
        "lib/dbus-1.0/dbus-daemon-launch-helper",
        "lib/openssh/ssh-keysign",
        "lib/polkit-1/polkit-agent-helper-1",
        "libexec/polkit-agent-helper-1",
    ]
)
# Accepted values, the first is the one to set. Forwarding is left out: Docker needs it.
SYSCTL = {
    "fs.protected_fifos": ("1", "2"),
    "fs.protected_hardlinks": ("1",),
    "fs.protected_regular": ("2", "1"),
    "fs.protected_symlinks": ("1",),
    "fs.suid_dumpable": ("0",),
    "kernel.dmesg_restrict": ("1",),
    "kernel.kptr_restrict": ("2", "1"),
    "kernel.randomize_va_space": ("2",),
    "kernel.unprivileged_bpf_disabled": ("1", "2"),
    "kernel.yama.ptrace_scope": ("1", "2", "3"),
    "net.ipv4.conf.all.accept_redirects": ("0",),
    "net.ipv4.conf.all.accept_source_route": ("0",),
    "net.ipv4.conf.all.send_redirects": ("0",),
    "net.ipv4.conf.default.accept_redirects": ("0",),
    "net.ipv4.conf.default.accept_source_route": ("0",),
    "net.ipv4.icmp_echo_ignore_broadcasts": ("1",),
    "net.ipv4.tcp_syncookies": ("1",),
    "net.ipv6.conf.all.accept_redirects": ("0",),
    "net.ipv6.conf.all.accept_source_route": ("0",),
}


def declared_ports(host: Host) -> frozenset[int]:
    """
    The TCP ports that the cloud's firewall lets in: see components/firewall.py.
    """
    return frozenset({SSH_PORT}) | (WEB_PORTS if "ingress" in host.roles else frozenset())


def is_public(row: dict[str, Any]) -> bool:
    """
    Whether something listens where others than this server and its private network could reach it.
    """
    if row["address"] == "*":
        return True
    address = ipaddress.ip_address(row["address"])
    return address.is_unspecified or not (address.is_loopback or address.is_private or address.is_link_local)


def _programs(host: Host, port: int) -> str:
    rows = [row for row in host.see("listening") if row["port"] == port and row["protocol"] == "tcp"]
    return ", ".join(sorted({f"{row['program'] or 'a container'} on {row['address']}" for row in rows})) or "nothing there"


@CHECK.rule("port-open", Host, worst=Status.CRITICAL, holds="no port is open from outside but those that the firewall declares")
def port_open(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Tried for real, from here: every TCP port that something listens on, and some well-known ones.
    """
    for port, is_open in sorted(host.see("ports").items(), key=lambda row: int(row[0])):
        if is_open and int(port) not in declared_ports(host):
            yield critical(
                at=f"tcp/{port}",
                message=f"port {port} is open from outside, and no rule of the firewall asks for it",
                evidence=_programs(host, int(port)),
                fix=f"pulumi refresh -s {scene.stack} --preview-only",
            )


@CHECK.rule(
    "port-exposed",
    Host,
    worst=Status.WARNING,
    holds="what listens on public addresses has a firewall of the server's own before it",
)
def port_exposed(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    The cloud's firewall alone stands before it. Not asked where the server's own drops what no rule speaks of.
    """
    if any(chain["policy"] == "drop" for chain in host.see("firewall")["input"]):
        return
    for row in host.see("listening"):
        if row["protocol"] == "tcp" and is_public(row) and row["port"] not in declared_ports(host):
            yield warning(
                at=f"tcp/{row['port']}",
                message=f"port {row['port']} listens on every address, and only the cloud's firewall keeps it closed",
                evidence=f"{row['program'] or 'a container'} on {row['address']}",
                fix=host.command("ss", "-lntp", f"sport = :{row['port']}"),
            )


@CHECK.rule("host-firewall-open", Host, worst=Status.WARNING, holds="the server's own firewall drops what no rule speaks of")
def host_firewall_open(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Hetzner's firewall does not see the private network.
    """
    chains = host.see("firewall")["input"]
    if not any(chain["policy"] == "drop" for chain in chains):
        shown = ", ".join(f"{chain['family']} {chain['table']} {chain['name']}: {chain['policy']}" for chain in chains)
        yield warning(
            message="the server has no firewall of its own that drops what no rule speaks of",
            evidence=shown or "no chain for what comes in",
            fix=host.command("nft", "list", "ruleset"),
        )


@CHECK.rule("fail2ban-off", Host, worst=Status.WARNING, holds="fail2ban watches sshd")
def fail2ban_off(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    It runs, and its jail for sshd is there.
    """
    found = host.see("fail2ban")
    if not found["is_active"] or not any("ssh" in jail for jail in found["jails"]):
        yield warning(
            message="fail2ban does not run" if not found["is_active"] else "fail2ban does not watch sshd",
            evidence="jails: " + (", ".join(found["jails"]) or "none"),
            fix=host.command("systemctl", "enable", "--now", "fail2ban"),
        )


@CHECK.rule("sysctl-weak", Host, worst=Status.WARNING, holds="the kernel is set as the benchmark asks")
def sysctl_weak(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    What this kernel does not have is left out.
    """
    found = host.see("sysctl")
    weak = {name: values for name, values in SYSCTL.items() if found.get(name) is not None and found[name] not in values}
    if weak:
        yield warning(
            message=f"{len(weak)} kernel settings are weaker than they have to be",
            evidence=", ".join(f"{name}={found[name]}" for name in weak),
            fix=host.command("sysctl", "-w", *(f"{name}={values[0]}" for name, values in weak.items())),
        )


@CHECK.rule("suid-unknown", Host, worst=Status.CRITICAL, holds="no program runs as root for anybody but Debian's own")
def suid_unknown(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    A way back in that somebody left, or a package that nobody declared. Of a group's it is a warning.
    """
    for row in host.see("suid"):
        path = row["path"].replace("/bin/", "/usr/bin/", 1) if row["path"].startswith("/bin/") else row["path"]
        if path not in SUID:
            is_user = int(row["mode"], 8) & 0o4000
            make = critical if is_user else warning
            yield make(
                at=row["path"],
                message=f"it runs as {row['owner'] if is_user else 'group ' + row['group']} whoever starts it",
                evidence=f"mode {row['mode']}, {row['owner']}:{row['group']}",
                fix=host.command("chmod", "ug-s", row["path"]),
            )
