"""
Who administers a server: one account for each of them with their own key, `admin` with everybody's, and root by key for steps.
"""

from __future__ import annotations

from collections.abc import Sequence

from hosts.host import Host
from hosts.items import Absent, Directory, File, Item, Packages, Program

# Whoever is in this group is an administrator; an account in it that settings do not name is taken away.
GROUP = "flotilla-admin"
# Made by cloud-init, so that a server can be entered before it has any role.
FIRST = "admin"
SUDOERS = f"""\
# Accounts have no password that could be asked for: a key let them in.
%{GROUP} ALL=(ALL:ALL) NOPASSWD: ALL
Defaults use_pty
Defaults logfile=/var/log/sudo.log
"""


def wanted(host: Host) -> Sequence[Item]:
    """
    Accounts before sudo, and ours before cloud-init's is taken away: nobody is without it in between.
    """
    admins = {name: [key] for name, key in host.roles["common"]["admins"].items()}
    if not admins:
        raise ValueError("access: there is no administrator's key. Nobody could log in any more. Nothing was changed.")
    everybody = sorted(key for keys in admins.values() for key in keys)
    return [
        Packages(names=("sudo",)),
        Program(program="accounts", data={"group": GROUP, "accounts": {**admins, FIRST: everybody}}, title="administrators"),
        File(path="/etc/sudoers.d/90-flotilla", content=SUDOERS, mode=0o440, check=("visudo", "-cf", "{new}")),
        Absent(path="/etc/sudoers.d/90-cloud-init-users"),
        Directory(path="/etc/sudoers.d", mode=0o750),
        Directory(path="/root/.ssh", mode=0o700),
        File(path="/root/.ssh/authorized_keys", content="".join(f"{key}\n" for key in everybody), mode=0o600),
    ]
