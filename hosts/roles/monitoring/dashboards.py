"""
What a Grafana would show. Debian has none: the files are where one that is installed on the server reads them.

The folders are Grafana's: they are made where they are missing, and left alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from hosts.host import Host
from hosts.items import Directory, File, Item
from hosts.roles.monitoring.document import FOLDER, text

# Grafana's own folder for what is provisioned. Source: Grafana's documentation, "Provisioning", read 2026-11-26.
PROVISIONING = "/etc/grafana/provisioning"
DASHBOARDS = f"{FOLDER}/dashboards"
PROMETHEUS = "http://127.0.0.1:9090"


def wanted(host: Host) -> Sequence[Item]:
    """
    The data source, the folder of dashboards, and each dashboard.
    """
    source = {
        "apiVersion": 1,
        "datasources": [
            {"name": "Prometheus", "uid": "prometheus", "type": "prometheus", "access": "proxy", "url": PROMETHEUS}
            | {"isDefault": True, "editable": False}
        ],
    }
    folder = {
        "apiVersion": 1,
        "providers": [
            {
                "name": "flotilla",
                "folder": "Flotilla",
                "type": "file",
                "disableDeletion": False,
                "options": {"path": DASHBOARDS},
            }
        ],
    }
    return [
        Directory(path=DASHBOARDS),
        File(path=f"{PROVISIONING}/datasources/flotilla.yml", content=text(source)),
        File(path=f"{PROVISIONING}/dashboards/flotilla.yml", content=text(folder)),
        *(
            File(path=f"{DASHBOARDS}/{dashboard['uid']}.json", content=json.dumps(dashboard, indent=1) + "\n")
            for dashboard in host.roles["monitoring"]["dashboards"]
        ),
    ]
