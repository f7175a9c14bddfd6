"""
What the kernel refuses, and how much memory it may put aside.

Sources: Lynis 3.0.8's default profile; CIS Debian 12 benchmark 1.1, sections 1.1.1, 1.5, 3.2 and 3.3. Read 2026-11-26.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hosts.host import Host
from hosts.items import File, Item, Packages, Program, Unit

SYSCTL = "/etc/sysctl.d/90-flotilla.conf"
SWAP = "/var/swapfile"
NO_OWN_KERNEL = "a container has no kernel of its own"

KERNEL: Mapping[str, str] = {
    "dev.tty.ldisc_autoload": "0",
    "fs.protected_fifos": "2",
    "fs.protected_hardlinks": "1",
    "fs.protected_regular": "2",
    "fs.protected_symlinks": "1",
    "fs.suid_dumpable": "0",
    "kernel.core_uses_pid": "1",
    "kernel.ctrl-alt-del": "0",
    "kernel.dmesg_restrict": "1",
    "kernel.kptr_restrict": "2",
    "kernel.perf_event_paranoid": "3",
    "kernel.randomize_va_space": "2",
    "kernel.sysrq": "0",
    "kernel.unprivileged_bpf_disabled": "1",
    "kernel.yama.ptrace_scope": "1",
    # Of all networks of a kernel, whatever its name says.
    "net.core.bpf_jit_harden": "2",
    # A database or a container is worth more in memory than a file that was read once.
    "vm.swappiness": "10",
}
NETWORK: Mapping[str, str] = {
    "net.ipv4.conf.all.accept_redirects": "0",
    "net.ipv4.conf.all.accept_source_route": "0",
    "net.ipv4.conf.all.log_martians": "1",
    "net.ipv4.conf.all.rp_filter": "1",
    "net.ipv4.conf.all.secure_redirects": "0",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.conf.default.accept_redirects": "0",
    "net.ipv4.conf.default.accept_source_route": "0",
    "net.ipv4.conf.default.log_martians": "1",
    "net.ipv4.conf.default.rp_filter": "1",
    "net.ipv4.conf.default.secure_redirects": "0",
    "net.ipv4.conf.default.send_redirects": "0",
    "net.ipv4.icmp_echo_ignore_broadcasts": "1",
    "net.ipv4.icmp_ignore_bogus_error_responses": "1",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv6.conf.all.accept_redirects": "0",
    "net.ipv6.conf.all.accept_source_route": "0",
    "net.ipv6.conf.default.accept_redirects": "0",
    "net.ipv6.conf.default.accept_source_route": "0",
}
# No server of ours speaks these or has such a disk. What is not loaded has no hole.
MODULES = (
    *("dccp", "sctp", "rds", "tipc"),
    *("usb-storage", "firewire-core", "firewire-ohci", "firewire-sbp2"),
    *("cramfs", "freevxfs", "hfs", "hfsplus", "jffs2"),
)
_LIMITS = """\
# Written by Flotilla. What was in memory when a program fell over is nobody's to read.
* hard core 0
* soft core 0
root hard core 0
root soft core 0
"""
_COREDUMP = "# Written by Flotilla.\n[Coredump]\nStorage=none\nProcessSizeMax=0\n"
_SWAP_UNIT = f"""\
[Unit]
Description=Swap file

[Swap]
What={SWAP}

[Install]
WantedBy=swap.target
"""


def network(*, has_containers: bool) -> dict[str, str]:
    """
    The settings of the network, in order. Only a server with containers passes packets on. That comes first: the kernel sets
    others back when it changes. Source: Linux, Documentation/networking/ip-sysctl.rst, `ip_forward`, read 2026-11-26.
    """
    return {"net.ipv4.ip_forward": "1" if has_containers else "0", **NETWORK}


def wanted(host: Host) -> Sequence[Item]:
    """
    Settings are compared with what the kernel has, not only with the file.
    """
    own = network(has_containers="docker" in host.roles)
    text = "# Written by Flotilla (hosts/roles/common/kernel.py).\n"
    text += "".join(f"{name} = {value}\n" for name, value in {**own, **KERNEL}.items())
    modules = "".join(f"install {name} /bin/true\nblacklist {name}\n" for name in MODULES)
    return [
        Packages(names=("procps", "kmod")),
        File(path=SYSCTL, content=text),
        Program(program="sysctl", data={"values": own}, title="network settings"),
        Program(program="sysctl", data={"values": KERNEL}, title="kernel settings", not_in_container=NO_OWN_KERNEL),
        File(path="/etc/modprobe.d/flotilla.conf", content=f"# Written by Flotilla.\n{modules}"),
        File(path="/etc/security/limits.d/90-flotilla.conf", content=_LIMITS),
        File(path="/etc/systemd/coredump.conf.d/90-flotilla.conf", content=_COREDUMP),
        Program(program="swap", data={"path": SWAP}, title="swap file", not_in_container=NO_OWN_KERNEL),
        File(path="/etc/systemd/system/var-swapfile.swap", content=_SWAP_UNIT, not_in_container=NO_OWN_KERNEL),
        Unit(unit="var-swapfile.swap", not_in_container=NO_OWN_KERNEL),
    ]
