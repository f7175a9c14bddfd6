"""
The server that watches the others: Prometheus, Alertmanager, blackbox exporter, and dashboards for a Grafana.

    prometheus.py    what is asked, what is remembered, when somebody is told
    alertmanager.py  who is told, and how
    blackbox.py      sites as visitors see them
    dashboards.py    what a Grafana would show

All of them listen on loopback only: people come by `ssh -L` (docs/monitoring.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from hosts.host import Host
from hosts.items import Directory, Item, Packages
from hosts.roles.monitoring import alertmanager, blackbox, dashboards, prometheus
from hosts.roles.monitoring.document import FOLDER, SECRETS, USER

PACKAGES = ("prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter")


def wanted(host: Host) -> Sequence[Item]:
    """
    All four, those first that the others speak to. How daemons are started comes before their packages, which start them.
    """
    daemons = (blackbox.DAEMON, alertmanager.DAEMON, prometheus.daemon(host))
    return [
        Directory(path="/usr/local/lib/flotilla"),
        alertmanager.program(),
        *(daemon.drop_in() for daemon in daemons),
        Packages(names=PACKAGES),
        Directory(path=FOLDER),
        Directory(path=SECRETS, mode=0o700, owner=USER, group=USER),
        *blackbox.wanted(host),
        *alertmanager.wanted(host),
        *prometheus.wanted(host),
        *dashboards.wanted(host),
    ]
