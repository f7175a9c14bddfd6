"""
The first boot of a server: as little as makes it safe from its first second. Everything else is done by steps, over SSH.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

# Keys only. Many steps connect at once, and sshd drops some of more than 10 by default (MaxStartups).
SSHD = """\
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitEmptyPasswords no
X11Forwarding no
AllowAgentForwarding no
MaxAuthTries 4
LoginGraceTime 30
MaxStartups 50:30:100
"""


def user_data(public_keys: Sequence[str]) -> str:
    """
    The cloud-config of a new server: an `admin` with the administrators' keys and sudo, no passwords anywhere.

    root keeps the keys that Hetzner puts there: deployments go to Docker as root.
    """
    admin = {
        "name": "admin",
        "gecos": "Administrator",
        "groups": ["sudo", "adm"],
        "shell": "/bin/bash",
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "lock_passwd": True,
        "ssh_authorized_keys": list(public_keys),
    }
    document = {
        "disable_root": False,
        "ssh_pwauth": False,
        "users": [admin],
        "write_files": [{"path": "/etc/ssh/sshd_config.d/10-flotilla.conf", "permissions": "0600", "content": SSHD}],
        "runcmd": [["sshd", "-t"], ["systemctl", "reload-or-restart", "ssh"]],
    }
    return "#cloud-config\n" + yaml.safe_dump(document, sort_keys=False)
