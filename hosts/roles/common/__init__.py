"""
What every server has: people who administer it, a way in for them and for nobody else, and a system that looks after itself.

    accounts.py   administrators, their keys, sudo
    ssh.py        how sshd is spoken to, and as whom it shows itself
    firewall.py   what may reach the server, and its containers
    kernel.py     what the kernel refuses: settings, modules, core dumps; swap
    updates.py    security updates, restarts in their window, what waits for either
    records.py    what is remembered, and for how long; the right time
    system.py     locale, banners, permissions, and what is not to be there
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from hosts.host import Host
from hosts.items import Directory, File, Item
from hosts.roles.common import accounts, firewall, kernel, records, ssh, system, updates

DECLARATION = "/etc/flotilla/host.json"


def wanted(host: Host) -> Sequence[Item]:
    """
    The declaration itself, for whoever looks at the server; then who may log in before how, and how before from where. One that
    tells nothing of administrators and networks leaves all of that as it is.
    """
    text = json.dumps(host.declaration, sort_keys=True, separators=(",", ":")) + "\n"
    declaration = [Directory(path="/etc/flotilla"), File(path=DECLARATION, content=text, mode=0o600)]
    if not host.roles["common"]:
        return declaration
    return [
        *declaration,
        *accounts.wanted(host),
        *ssh.wanted(host),
        *firewall.wanted(host),
        *kernel.wanted(host),
        *records.wanted(host),
        *system.wanted(host),
        *updates.wanted(host),
    ]
