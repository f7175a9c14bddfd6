"""
What is asked, what is remembered, and when somebody is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hosts.host import Host
from hosts.items import Directory, File, Item
from hosts.roles.daemon import Daemon
from hosts.roles.monitoring.document import FOLDER, USER, text

CONFIGURATION = f"{FOLDER}/prometheus.yml"
RULES = f"{FOLDER}/rules.yml"
# Where there is no disk that outlives the server.
WITHOUT_DISK = "/var/lib/prometheus/metrics2"
CONSOLES = "/etc/prometheus"
ALERTMANAGER = "127.0.0.1:9093"
INTERVAL_S = 15


def wanted(host: Host) -> Sequence[Item]:
    """
    Prometheus, with rules and configuration that promtool finds right before they take the old ones' place.
    """
    told = host.roles["monitoring"]
    reload = (daemon(host).reload,)
    return [
        Directory(path=_data(host), mode=0o750, owner=USER, group=USER),
        File(
            path=RULES,
            content=text({"groups": told["rule_groups"]}),
            check=("promtool", "check", "rules", "--lint=all", "--lint-fatal", "{new}"),
            notify=reload,
        ),
        File(
            path=CONFIGURATION,
            content=text(configuration(host.environment, told["scrape_configs"])),
            check=("promtool", "check", "config", "--lint=all", "--lint-fatal", "{new}"),
            notify=reload,
        ),
        daemon(host).running(),
    ]


def _data(host: Host) -> str:
    return str(host.roles["monitoring"]["data_directory"] or WITHOUT_DISK)


def daemon(host: Host) -> Daemon:
    """
    How it is started.
    """
    data, days = _data(host), host.roles["monitoring"]["retention_days"]
    return Daemon(
        unit="prometheus",
        argv=[
            "/usr/bin/prometheus",
            f"--config.file={CONFIGURATION}",
            f"--storage.tsdb.path={data}",
            f"--storage.tsdb.retention.time={days}d",
            "--web.listen-address=127.0.0.1:9090",
            f"--web.console.templates={CONSOLES}/consoles",
            f"--web.console.libraries={CONSOLES}/console_libraries",
        ],
        about=[f"RequiresMountsFor={data}"],
    )


def configuration(environment: str, scrape_configs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    `prometheus.yml`. Alerts say which environment they are about.
    """
    return {
        "global": {
            "scrape_interval": f"{INTERVAL_S}s",
            "evaluation_interval": f"{INTERVAL_S}s",
            "external_labels": {"environment": environment},
        },
        "rule_files": [RULES],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [ALERTMANAGER]}]}]},
        "scrape_configs": list(scrape_configs),
    }
