"""
What every server has.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from hosts.host import Host
from hosts.items import Directory, File, Item

DECLARATION = "/etc/flotilla/host.json"


def wanted(host: Host) -> Sequence[Item]:
    """
    The declaration itself, for whoever looks at the server.
    """
    text = json.dumps(host.declaration, sort_keys=True, separators=(",", ":")) + "\n"
    return [Directory(path="/etc/flotilla"), File(path=DECLARATION, content=text, mode=0o600)]
