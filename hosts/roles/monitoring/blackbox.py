"""
Sites as visitors see them: blackbox exporter asks them in Prometheus' place.
"""

from __future__ import annotations

from collections.abc import Sequence

from hosts.host import Host
from hosts.items import Absent, File, Item
from hosts.roles.daemon import Daemon
from hosts.roles.monitoring.document import FOLDER, text

CONFIGURATION = f"{FOLDER}/blackbox.yml"
AUTHORITY = f"{FOLDER}/authority.crt"
BINARY = "/usr/bin/prometheus-blackbox-exporter"
DAEMON = Daemon(
    unit="prometheus-blackbox-exporter",
    argv=[BINARY, f"--config.file={CONFIGURATION}", "--web.listen-address=127.0.0.1:9115"],
    service=["ProtectSystem=strict", "ProtectHome=true", "PrivateTmp=true", "PrivateDevices=true"],
)


def wanted(host: Host) -> Sequence[Item]:
    """
    The exporter with its ways of asking, and the root that it trusts where certificates come from an authority of one's own.
    """
    told = host.roles["monitoring"]
    root = (
        File(path=AUTHORITY, content=told["authority"], notify=(DAEMON.reload,))
        if told["authority"]
        else Absent(path=AUTHORITY, notify=(DAEMON.reload,))
    )
    return [
        root,
        File(
            path=CONFIGURATION,
            content=text({"modules": told["blackbox_modules"]}),
            check=(BINARY, "--config.check", "--config.file={new}"),
            notify=(DAEMON.reload,),
        ),
        DAEMON.running(),
    ]
