"""
How sshd is spoken to. Source of the algorithms: ssh-audit's hardening guide for Debian 12, read 2026-11-26; those that Go's,
Paramiko's and OpenSSH's clients share are all in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from hosts.host import Host
from hosts.items import Absent, Command, File, Item, Program
from hosts.roles.common.accounts import GROUP

# The one that cloud-init wrote for the time until now (components/cloud_init.py): sshd takes the first value that it finds.
CONFIGURATION = "/etc/ssh/sshd_config.d/10-flotilla.conf"
RSA_BITS = 4096
KEY_EXCHANGE = (
    "sntrup761x25519-sha512@openssh.com",
    *("curve25519-sha256", "curve25519-sha256@libssh.org"),
)
CIPHERS = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr")
CODES = ("hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "umac-128-etm@openssh.com")
OTHER_KEYS = tuple(f"/etc/ssh/ssh_host_{kind}_key{suffix}" for kind in ("ecdsa", "dsa") for suffix in ("", ".pub"))
# Judged whole before it is loaded: a part may be fine and clash with another.
RELOAD: tuple[Command, ...] = (("sshd", "-t"), ("systemctl", "reload-or-restart", "ssh.service"))

_SETTINGS = """\
# Written by Flotilla (hosts/roles/common/ssh.py). Keys only, and only what is known to be strong.
HostKey /etc/ssh/ssh_host_ed25519_key
HostKey /etc/ssh/ssh_host_rsa_key
KexAlgorithms {key_exchange}
Ciphers {ciphers}
MACs {codes}
HostKeyAlgorithms ssh-ed25519,ssh-ed25519-cert-v01@openssh.com,rsa-sha2-512,rsa-sha2-256
RequiredRSASize 2048

# Administrators, and what Flotilla's roles log in to one another as.
AllowGroups root flotilla-*
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
PermitEmptyPasswords no
PermitRootLogin prohibit-password
PermitUserEnvironment no
AuthorizedKeysFile .ssh/authorized_keys
UsePAM yes

X11Forwarding no
AllowAgentForwarding no
AllowStreamLocalForwarding no
AllowTcpForwarding {forwarding}
GatewayPorts no
PermitTunnel no
Compression no
UseDNS no
TCPKeepAlive no
ClientAliveInterval 60
ClientAliveCountMax 2
# An SSH agent may have to offer some keys before the right one.
MaxAuthTries 4
LoginGraceTime 30
# Many steps connect at once, and sshd drops some of more than 10 by default; some providers open 10 sessions in a connection.
MaxStartups 50:30:100
MaxSessions 10
LogLevel VERBOSE
PrintMotd no
Banner /etc/issue.net
"""
# Prometheus and Grafana listen on loopback: their pages are seen through a forwarded port, by administrators only.
_FORWARDING = f"""
Match Group {GROUP}
    AllowTcpForwarding local
    PermitOpen 127.0.0.1:*
"""


# The sandbox's stand-in for the Docker provider reaches Docker through a forwarded socket, which sshd refuses where it refuses
# forwarded ports; the official provider runs `docker system dial-stdio`.
_SOCKET = """
Match User root
    AllowTcpForwarding local
    AllowStreamLocalForwarding local
"""


def configuration(*, has_pages: bool, has_socket: bool) -> str:
    """
    The file for sshd. `has_pages`: the server has pages that administrators look at through a forwarded port; `has_socket`: the
    stand-in for the Docker provider works here.
    """
    chosen = {"key_exchange": ",".join(KEY_EXCHANGE), "ciphers": ",".join(CIPHERS), "codes": ",".join(CODES)}
    parts = [_SETTINGS.format(forwarding="no", **chosen), _FORWARDING if has_pages else "", _SOCKET if has_socket else ""]
    return "".join(parts)


def wanted(host: Host) -> Sequence[Item]:
    """
    The host's keys before the configuration that names them. The Ed25519 one stays for ever: it is pinned at first contact.
    """
    has_socket = "docker" in host.roles and host.roles["common"]["is_sandbox"]
    text = configuration(has_pages="monitoring" in host.roles, has_socket=has_socket)
    return [
        Program(program="ssh_host_keys", data={"rsa_bits": RSA_BITS}, title="SSH host keys", notify=RELOAD),
        File(path=CONFIGURATION, content=text, mode=0o600, check=("sshd", "-t", "-f", "{new}"), notify=RELOAD),
        *(Absent(path=path, notify=RELOAD) for path in OTHER_KEYS),
    ]
