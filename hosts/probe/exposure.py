"""
What could be attacked: listening ports, firewall, kernel settings, programs that run as root for anybody.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hosts.probe.reading import is_active, is_container, lines_of, run

FIND_TIMEOUT_S = 8.0
# Containers' files: what runs as root there is the container's business, and is looked at as such.
PRUNED = ("/var/lib/docker", "/var/lib/containerd")
DISKS = frozenset(("ext2", "ext3", "ext4", "xfs", "btrfs", "overlay"))
SYSCTL = (
    "fs.protected_fifos",
    "fs.protected_hardlinks",
    "fs.protected_regular",
    "fs.protected_symlinks",
    "fs.suid_dumpable",
    "kernel.dmesg_restrict",
    "kernel.kptr_restrict",
    "kernel.randomize_va_space",
    "kernel.unprivileged_bpf_disabled",
    "kernel.yama.ptrace_scope",
    "net.ipv4.conf.all.accept_redirects",
    "net.ipv4.conf.all.accept_source_route",
    "net.ipv4.conf.all.send_redirects",
    "net.ipv4.conf.default.accept_redirects",
    "net.ipv4.conf.default.accept_source_route",
    "net.ipv4.icmp_echo_ignore_broadcasts",
    "net.ipv4.tcp_syncookies",
    "net.ipv6.conf.all.accept_redirects",
    "net.ipv6.conf.all.accept_source_route",
)


def listening() -> list[dict[str, Any]]:
    """
    What waits for connections or packets: protocol, address, port, program.
    """
    found = []
    for line in run("ss", "-H", "-l", "-n", "-t", "-u", "-p").splitlines():
        words = line.split()
        address, _, port = words[4].rpartition(":")
        program = re.search(r'"([^"]+)"', line)
        found.append(
            {
                "protocol": words[0],
                "address": address.strip("[]").partition("%")[0],
                "port": int(port),
                "program": program.group(1) if program else "",
            }
        )
    return sorted(found, key=lambda row: (row["protocol"], row["port"], row["address"]))


def firewall() -> dict[str, Any]:
    """
    The packet filter's chains for what comes in, with what happens to what no rule speaks of.
    """
    listed = json.loads(run("nft", "--json", "list", "chains"))["nftables"]
    chains = [row["chain"] for row in listed if "chain" in row]
    return {
        "input": [
            {"family": chain["family"], "table": chain["table"], "name": chain["name"], "policy": chain.get("policy", "accept")}
            for chain in chains
            if chain.get("hook") == "input"
        ]
    }


def fail2ban() -> dict[str, Any]:
    """
    Whether it runs, and what it watches.
    """
    if not is_active("fail2ban.service"):
        return {"is_active": False, "jails": []}
    listed = re.search(r"Jail list:\s*(.*)", run("fail2ban-client", "status"))
    names = listed.group(1).split(",") if listed else []
    return {"is_active": True, "jails": sorted(name.strip() for name in names if name.strip())}


def sysctl() -> dict[str, str | None]:
    """
    Kernel settings; None where this kernel has no such one. Those of a container are left out, but for its network's: the
    kernel is not its own.
    """
    found: dict[str, str | None] = {}
    own = [name for name in SYSCTL if name.startswith("net.") or not is_container()]
    for name in own:
        lines = lines_of(Path("/proc/sys", *name.split(".")))
        found[name] = " ".join(lines[0].split()) if lines else None
    return found


def suid() -> list[dict[str, Any]]:
    """
    The programs that run as their owner or group whoever starts them, wherever such programs may be started.
    """
    points = sorted(
        {point for _, point, kind, options, *_ in map(str.split, lines_of("/proc/mounts")) if _may_hold(kind, options)}
    )
    roots = [point for point in points if not f"{point}/".startswith(tuple(f"{path}/" for path in PRUNED))]
    pruned = [word for path in PRUNED for word in ("-path", path, "-prune", "-o")]
    command = ["find", *roots, "-xdev", *pruned, "-type", "f", "-perm", "/6000", "-printf", r"%m %u %g %p\0"]
    rows = (row.split(" ", 3) for row in run(*command, timeout_s=FIND_TIMEOUT_S, accepted=(0, 1)).split("\0") if row)
    found = {path: {"path": path, "mode": mode, "owner": owner, "group": group} for mode, owner, group, path in rows}
    return [found[path] for path in sorted(found)]


def _may_hold(kind: str, options: str) -> bool:
    return kind in DISKS and "nosuid" not in options.split(",")
