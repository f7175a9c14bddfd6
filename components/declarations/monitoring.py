"""
What a monitoring server is to watch: Prometheus' targets and rules, who is told, and the dashboards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components import access
from components.declarations import alerts, dashboards, targets
from components.naming import DATA, all_servers
from settings import Settings
from settings.care import Receiver

# Where there is nothing in the settings.
RETENTION_DAYS = 30
# The same alert again, while nothing was done.
REPEAT_AFTER = {"critical": "1h", "warning": "1d"}


def declare(settings: Settings, server: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """
    `scrape_configs`, `rule_groups` and `blackbox_modules` are as Prometheus and blackbox exporter read them. `authority` is the
    root certificate of an authority of one's own. What is secret of receivers is not here, but its name in `secret`.
    """
    monitoring = settings.environment.monitoring
    _, pool = all_servers(settings)[server]
    return {
        "address": addresses[server],
        "data_directory": f"{DATA}/prometheus" if pool.volume_gb else None,
        "retention_days": monitoring.retention_days if monitoring else RETENTION_DAYS,
        "scrape_configs": targets.scrape_configs(settings, addresses),
        "authority": access.root_certificate(settings.environment.ingress.tls, settings.root),
        "blackbox_modules": targets.blackbox_modules(settings),
        "rule_groups": alerts.rule_groups(settings),
        "receivers": [_receiver(receiver) for receiver in (monitoring.receivers if monitoring else ())],
        "mail": monitoring.mail.model_dump(mode="json") if monitoring and monitoring.mail else None,
        "repeat_after": REPEAT_AFTER,
        "dashboards": _dashboards(settings),
    }


def _receiver(receiver: Receiver) -> dict[str, Any]:
    return {"name": receiver.name, "kind": receiver.kind.value, "to": receiver.to, "secret": receiver.secret}


def _dashboards(settings: Settings) -> list[dict[str, Any]]:
    name = settings.environment.name
    found = [dashboards.fleet(name)]
    if settings.served:
        found.append(dashboards.project(name))
    if any(project.database for project in settings.projects.values()):
        found.append(dashboards.database(name))
    return found
