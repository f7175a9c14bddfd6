"""
The rest of a hardened Debian: who is kept out how, what nobody but root has to read, and what is not to be there at all.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from hosts.host import Host
from hosts.items import Command, Directory, File, Item, NoPackages, Packages, Program, Unit

RESTART_FAIL2BAN: tuple[Command, ...] = (("systemctl", "restart", "fail2ban.service"),)
BANNER = """\
This system is for authorised users only. What is done on it is recorded. By going on you agree to that;
if you are not authorised, disconnect now. Unauthorised access is prosecuted.
"""
MOTD = "kept by Flotilla. What is changed here by hand is undone.\n"
# RFC 1918, and RFC 4193 for IPv6: nobody in the Internet has one of these.
PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7")))
# {path: mode}: of packages, which bring them looser. Only where they are.
MODES: Mapping[str, str] = {
    "/boot/grub/grub.cfg": "0600",
    "/etc/crontab": "0600",
    "/etc/ssh/sshd_config": "0600",
    "/usr/bin/as": "0750",
    "/usr/bin/x86_64-linux-gnu-as": "0750",
    "/usr/bin/gcc": "0750",
    "/usr/bin/cc": "0750",
}
CRON = ("cron.d", "cron.daily", "cron.hourly", "cron.weekly", "cron.monthly", "cron.yearly")
# {name: value} of /etc/login.defs. No maximum age of passwords: there are none, and one would shut accounts after that time.
LOGIN: Mapping[str, str] = {
    "UMASK": "027",
    "HOME_MODE": "0700",
    "SHA_CRYPT_MIN_ROUNDS": "65536",
    "SHA_CRYPT_MAX_ROUNDS": "65536",
}
# Old ways in, and servers that a Debian image may bring.
UNNEEDED_PACKAGES = (
    *("telnet", "inetutils-telnet", "telnetd", "rsh-client", "rsh-server", "talk", "talkd", "tftp", "tftpd", "tftpd-hpa"),
    *("nis", "ypbind-mt", "xinetd", "openbsd-inetd", "ufw"),
)
UNNEEDED_UNITS = (
    *("rpcbind.service", "rpcbind.socket", "avahi-daemon.service", "avahi-daemon.socket", "cups.service", "cups.socket"),
    *("exim4.service", "postfix.service", "nfs-server.service", "smbd.service", "snmpd.service", "apache2.service"),
    *("nginx.service", "bluetooth.service", "ModemManager.service"),
)
CONTAINERS = ("docker.socket", "docker.service", "containerd.service")
_SHELL = """\
# Written by Flotilla. A session that nobody uses ends; what is made in one is not for everybody.
[ -n "${TMOUT:-}" ] || readonly TMOUT=1800
export TMOUT
umask 027
ulimit -c 0
"""


def jail(private_ranges: Sequence[str]) -> str:
    """
    fail2ban's own settings. `private_ranges` are never banned: deployments come from there.
    """
    return (
        "# Written by Flotilla (hosts/roles/common/system.py).\n"
        "[DEFAULT]\n"
        "backend = systemd\n"
        "banaction = nftables-multiport\n"
        "banaction_allports = nftables-allports\n"
        f"ignoreip = {' '.join(['127.0.0.0/8', '::1', *private_ranges])}\n"
        "bantime = 1h\n"
        "bantime.increment = true\n"
        "bantime.maxtime = 1w\n"
        "findtime = 10m\n"
        "maxretry = 5\n"
        "\n"
        "[sshd]\n"
        "enabled = true\n"
        "mode = aggressive\n"
    )


def private_ranges(common: Mapping[str, object]) -> list[str]:
    """
    The private network, and those of the administrators' ranges that are nobody's in the Internet.
    """
    sources = common["ssh_sources"]
    if not isinstance(sources, Sequence):
        raise TypeError("ssh_sources is no list")
    own = [source for source in sources if _is_private(source)]
    sandbox = ["100.64.0.0/10"] if common["is_sandbox"] else []
    return sorted({str(common["private_network"]), *own, *sandbox} - {"127.0.0.0/8"})


def _is_private(source: str) -> bool:
    network = ipaddress.ip_network(source)
    return any(network.version == range_.version and network.subnet_of(range_) for range_ in PRIVATE)  # type: ignore[arg-type]


def wanted(host: Host) -> Sequence[Item]:
    """
    In no order that counts, except that what is removed goes first.
    """
    unneeded = UNNEEDED_UNITS if "docker" in host.roles else (*UNNEEDED_UNITS, *CONTAINERS)
    return [
        NoPackages(names=UNNEEDED_PACKAGES),
        *(Unit(unit=unit, is_enabled=False, is_running=False) for unit in unneeded),
        Packages(names=("fail2ban", "python3-systemd", "locales", "debsums", "cron")),
        # No account has a password; one that somebody sets for a console has to be a good one.
        Packages(names=("libpam-pwquality",)),
        File(path="/etc/fail2ban/jail.local", content=jail(private_ranges(host.roles["common"])), notify=RESTART_FAIL2BAN),
        Unit(unit="fail2ban.service"),
        File(path="/etc/locale.gen", content="en_US.UTF-8 UTF-8\n", notify=(("locale-gen",),)),
        File(path="/etc/default/locale", content="LANG=en_US.UTF-8\n"),
        File(path="/etc/issue", content=BANNER),
        File(path="/etc/issue.net", content=BANNER),
        File(path="/etc/motd", content=f"{host.name}, {host.environment}: {MOTD}"),
        File(path="/etc/profile.d/90-flotilla.sh", content=_SHELL),
        # Which files of packages were changed, told once a week by mail to root and in the journal.
        File(path="/etc/default/debsums", content="CRON_CHECK=weekly\nCRON_NICE=yes\n"),
        *(Directory(path=f"/etc/{name}", mode=0o700) for name in CRON),
        Program(program="modes", data={"modes": MODES}, title="permissions"),
        Program(program="login_defs", data={"values": LOGIN}, title="/etc/login.defs"),
        Unit(unit="cron.service"),
    ]
