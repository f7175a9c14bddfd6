"""
When somebody is told: the rules of an environment, as Prometheus reads them.
"""

from __future__ import annotations

from typing import Any

from components.declarations import alert_rules, backup, db, dns, log, promises
from components.declarations.alert import Alert
from components.naming import all_servers
from settings import Settings


def groups(settings: Settings) -> dict[str, tuple[Alert, ...]]:
    """
    Every rule of the environment, by group; only for what it has.
    """
    found = {"servers": alert_rules.SERVERS, "watching": alert_rules.WATCHING}
    if settings.served:
        found |= {"containers": alert_rules.CONTAINERS, "requests": alert_rules.REQUESTS}
    if any(db.databases(settings, name) for name in all_servers(settings)):
        found["databases"] = alert_rules.DATABASES
    if dns.are_asked(settings):
        found["names"] = dns.RULES
    if policies := backup.policies(settings):
        found["backups"] = tuple(rule for policy in policies for rule in promises.of_backup(policy))
    if fetched := log.rules(settings):
        found["log"] = fetched
    for project, _ in settings.served:
        if project.slo:
            found[f"objectives-{project.name}"] = tuple(promises.of_objectives(project, project.slo))
    return found


def names(settings: Settings) -> list[str]:
    """
    The name of every rule.
    """
    return sorted({alert.name for rules in groups(settings).values() for alert in rules})


def rule_groups(settings: Settings) -> list[dict[str, Any]]:
    """
    Prometheus' `groups`.
    """
    return [{"name": name, "rules": [alert.rule() for alert in rules]} for name, rules in sorted(groups(settings).items())]
