"""
That somebody notices: servers and sites are watched, alerts reach people, logs and measures are kept as long as they should be.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.framework import (
    UNKNOWN,
    Finding,
    Fixtures,
    Level,
    Option,
    Options,
    Resource,
    Rule,
    Stack,
    StackRule,
    each,
    get,
    is_sandbox,
    lacks,
    number,
    text,
)
from policies.framework.kinds import BACKUP, DATABASE, FLEET, MONITORING, SERVER, SITE

from .declared import PRODUCTION, counts, is_known, rehearsed
from .examples import backup, fleet, made, monitoring, server
from .references import (
    BREACH,
    CNIL_LOGS,
    INCIDENTS,
    LOGGING,
    LOGS,
    RESILIENCE,
    STORAGE_LIMITATION,
    WATCHING,
)

ALWAYS = ("ServerUnreachable", "DiskAlmostFull", "MemoryExhausted", "AlertsNotSent")
ALERTS = {
    "always": Option(ALWAYS, "Alerts that every environment has."),
    "with_sites": Option(("SiteDown", "CertificateExpiresSoon", "ErrorsHigh"), "Alerts that one with sites has too."),
    "with_databases": Option(("DatabaseServerDown",), "Alerts that one with databases has too."),
    "with_backups": Option(("BackupOld", "BackupNotTried"), "Alerts that one with backups has too."),
}


def _logs(found: Resource, options: Options) -> Iterator[str]:
    if is_sandbox(found.stack) or get(found.props, "compliance") is UNKNOWN:
        return
    if get(found.props, "compliance.logRetentionDays") is UNKNOWN:
        return
    days = number(found.props, "compliance.logRetentionDays")
    if days is None:
        yield "nothing says how long logs are kept"
    elif days < options["minimum_days"] and counts(found.stack, options):
        yield f"logs are kept for {days:g} days, at least {options['minimum_days']:g} are asked for"
    elif days > options["maximum_days"]:
        yield f"logs are kept for {days:g} days, at most {options['maximum_days']:g} are allowed"


def _listed(stack: Stack, path: str) -> set[str] | None:
    """
    The texts in a list of the stack's monitoring; None while that is not known.
    """
    lists = [get(found.props, path) for found in stack.of(MONITORING)]
    if not is_known(lists):
        return None
    return {entry for found in stack.of(MONITORING) for entry in each(found.props, path) if isinstance(entry, str)}


def _servers(stack: Stack, _: Options) -> Iterator[Finding]:
    watched = _listed(stack, "servers")
    for found in stack.of(SERVER) if watched is not None else ():
        name = text(found.props, "name")
        if name and name not in (watched or ()) and not is_sandbox(found.stack):
            yield Finding(message=f"nothing watches the server `{name}`", resource=found)


def _sites(stack: Stack, _: Options) -> Iterator[Finding]:
    watched = _listed(stack, "targets")
    asked = {target.removeprefix("https://").partition("/")[0] for target in watched or ()}
    for site in stack.of(SITE) if watched is not None else ():
        for name in each(site.props, "hostnames") if not is_sandbox(site.stack) else ():
            if isinstance(name, str) and name not in asked:
                yield Finding(message=f"nothing asks whether https://{name} answers", resource=site)


def _receivers(stack: Stack, _: Options) -> Iterator[Finding]:
    fleet_ = stack.fleet
    if fleet_ is None or is_sandbox(fleet_.stack):
        return
    lists = [get(fleet_.props, "monitoring.receivers"), *(get(found.props, "receivers") for found in stack.of(MONITORING))]
    if not any(found is UNKNOWN or found for found in lists):
        yield Finding(message="nobody is told when something is wrong", resource=fleet_)


def _alerts(stack: Stack, options: Options) -> Iterator[Finding]:
    wanted = {
        *options["always"],
        *(options["with_sites"] if stack.of(SITE) else ()),
        *(options["with_databases"] if stack.of(DATABASE) else ()),
        *(options["with_backups"] if stack.of(BACKUP) else ()),
    }
    for found in stack.of(MONITORING):
        if not is_known(get(found.props, "alerts")):
            continue
        there = {name for name in each(found.props, "alerts") if isinstance(name, str)}
        for name in sorted(wanted - there) if not is_sandbox(found.stack) else ():
            yield Finding(message=f"there is no alert `{name}`", resource=found)


def _measures(found: Resource, options: Options) -> Iterator[str]:
    if is_sandbox(found.stack) or get(found.props, "retentionDays") is UNKNOWN:
        return
    days = number(found.props, "retentionDays")
    if days is None:
        yield "nothing says how long measures are kept"
    elif not options["minimum_days"] <= days <= options["maximum_days"]:
        yield f"measures are kept for {days:g} days, not for {options['minimum_days']:g} to {options['maximum_days']:g}"


def _present(fleet_: Resource, _: Options) -> Iterator[str]:
    if not rehearsed(fleet_) and lacks(fleet_.props, "monitoring"):
        yield "nothing watches the environment"


SOME_ALERTS = list(ALWAYS)
RULES: tuple[Rule | StackRule, ...] = (
    Rule(
        id="log-retention",
        description="Logs are kept long enough to understand an incident, and no longer than their purpose needs.",
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation="Set `compliance.log_retention_days` in Pulumi.<stack>.yaml.",
        references=(CNIL_LOGS, LOGS, STORAGE_LIMITATION, LOGGING),
        options={
            "minimum_days": Option(180, "At least so many days, in `stacks`."),
            "maximum_days": Option(366, "At most so many days, wherever it is."),
            **PRODUCTION,
        },
        check=_logs,
        fixtures=Fixtures(
            passes=[
                fleet(),
                fleet(stack="staging", compliance={"logRetentionDays": 14}),
                fleet(stack="local", compliance=None),
            ],
            fails=[fleet(compliance={"logRetentionDays": 30}), fleet(compliance={"logRetentionDays": 3000})],
            unknown=[fleet(compliance=UNKNOWN), fleet(compliance={"logRetentionDays": UNKNOWN})],
            absent=[fleet(compliance=None), fleet(compliance={"dataRegion": "eu"})],
            absent_fails=True,
        ),
    ),
    Rule(
        id="monitoring-present",
        description="An environment is watched.",
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation="Write `monitoring` in Pulumi.<stack>.yaml and give a pool the role `monitoring`.",
        references=(WATCHING, BREACH),
        check=_present,
        fixtures=Fixtures(
            passes=[fleet(), fleet(stack="local", monitoring=None)],
            fails=[fleet(monitoring={})],
            unknown=[fleet(monitoring=UNKNOWN)],
            absent=[fleet(monitoring=None)],
            absent_fails=True,
        ),
    ),
    StackRule(
        id="monitoring-servers",
        description="Every server is watched.",
        level=Level.MANDATORY,
        types=(SERVER, MONITORING),
        remediation="Write `monitoring` in Pulumi.<stack>.yaml; it covers all servers of the pools.",
        references=(WATCHING, RESILIENCE),
        check=_servers,
        fixtures=Fixtures(
            passes=[[server(), monitoring()], [server(stack="local")]],
            fails=[[server("app-2"), monitoring()], [server()]],
            unknown=[[server(), monitoring(servers=UNKNOWN)], [made(SERVER, name=UNKNOWN)]],
            absent=[[server(), monitoring(servers=None)]],
            absent_fails=True,
        ),
    ),
    StackRule(
        id="monitoring-sites",
        description="Every name that visitors use is asked from outside whether it answers.",
        level=Level.MANDATORY,
        types=(SITE, MONITORING),
        remediation="Write `monitoring` in Pulumi.<stack>.yaml; it covers all names of the projects.",
        references=(WATCHING, RESILIENCE),
        check=_sites,
        fixtures=Fixtures(
            passes=[[made(SITE, hostnames=["example.com"]), monitoring()]],
            fails=[[made(SITE, hostnames=["www.example.com"]), monitoring()], [made(SITE, hostnames=["example.com"])]],
            unknown=[
                [made(SITE, hostnames=["example.com"]), monitoring(targets=UNKNOWN)],
                [made(SITE, hostnames=[UNKNOWN]), monitoring()],
            ],
            absent=[[made(SITE), monitoring()]],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="monitoring-receivers",
        description="Alerts reach somebody.",
        level=Level.MANDATORY,
        types=(FLEET, MONITORING),
        remediation="List people or channels in `monitoring.receivers` in Pulumi.<stack>.yaml.",
        references=(INCIDENTS, BREACH, WATCHING),
        check=_receivers,
        fixtures=Fixtures(
            passes=[[fleet(), monitoring()], [fleet(stack="local", monitoring=None)]],
            fails=[[fleet(monitoring={"receivers": []})], [fleet(monitoring=None), monitoring(receivers=[])]],
            unknown=[[fleet(monitoring={"receivers": UNKNOWN})], [fleet(monitoring=None), monitoring(receivers=UNKNOWN)]],
            absent=[[fleet(monitoring=None)]],
            absent_fails=True,
        ),
    ),
    StackRule(
        id="monitoring-alerts",
        description="There are alerts for what goes wrong most: servers, disks, sites, certificates, databases, backups.",
        level=Level.MANDATORY,
        types=(MONITORING, SITE, DATABASE, BACKUP),
        remediation="Leave the alert in the monitoring's declaration, or change what this rule asks for.",
        references=(WATCHING, INCIDENTS),
        options=ALERTS,
        check=_alerts,
        fixtures=Fixtures(
            passes=[
                [monitoring(alerts=SOME_ALERTS)],
                [monitoring(alerts=[*SOME_ALERTS, "BackupOld", "BackupNotTried"]), backup()],
            ],
            fails=[[monitoring(alerts=["SiteDown"])], [monitoring(alerts=SOME_ALERTS), made(DATABASE, name="ledger")]],
            unknown=[[monitoring(alerts=UNKNOWN)]],
            absent=[[monitoring(alerts=None)]],
            absent_fails=True,
        ),
    ),
    Rule(
        id="monitoring-retention",
        description="Measures are kept long enough to compare weeks, and not for ever.",
        level=Level.MANDATORY,
        types=(MONITORING,),
        remediation="Set `monitoring.retention_days` in Pulumi.<stack>.yaml.",
        references=(WATCHING, STORAGE_LIMITATION),
        options={
            "minimum_days": Option(14, "At least so many days."),
            "maximum_days": Option(400, "At most so many days."),
        },
        check=_measures,
        fixtures=Fixtures(
            passes=[monitoring(), monitoring(stack="local", retentionDays=None)],
            fails=[monitoring(retentionDays=3), monitoring(retentionDays=4000)],
            unknown=[monitoring(retentionDays=UNKNOWN)],
            absent=[monitoring(retentionDays=None)],
            absent_fails=True,
        ),
    ),
)
