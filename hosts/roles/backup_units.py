"""
What runs on the backup server, and when. A time that was missed, because the server was off, is made up for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hosts.items import File, Item, Unit

COMMAND = "/usr/local/sbin/flotilla-backup"
SYSTEMD = "/etc/systemd/system"
# When least is going on; what is due is decided there.
DRILL_TIME = "*-*-* 04:40:00 UTC"
METRICS_EVERY = "*-*-* *:00/10:00 UTC"
# The log is copied off-site that often: what a lost site would cost.
OFFSITE_EVERY = "*-*-* *:20:00 UTC"
_HEADER = "# Written by Flotilla; changes are lost.\n"
_FETCH = f"""\
{_HEADER}[Unit]
Description=Fetches the write-ahead log of %i
Wants=network-online.target
After=network-online.target
RequiresMountsFor={{repository}}
StartLimitIntervalSec=0

[Service]
ExecStart={COMMAND} wal %i
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
"""
_JOB = f"""\
{_HEADER}[Unit]
Description={{description}}
Wants=network-online.target
After=network-online.target
RequiresMountsFor={{repository}}

[Service]
Type=oneshot
ExecStart={COMMAND} {{arguments}}
Nice=5
IOSchedulingClass=best-effort
IOSchedulingPriority=6
"""
_TIMER = f"""\
{_HEADER}[Unit]
Description={{description}}

[Timer]
OnCalendar={{on_calendar}}
Persistent=true
RandomizedDelaySec={{spread}}

[Install]
WantedBy=timers.target
"""


def wanted(told: Mapping[str, Any]) -> list[Item]:
    """
    One service for each cluster's log, one timer for each project, and those for all.
    """
    repository = told["repository"]
    fetch = f"{SYSTEMD}/flotilla-backup-wal@.service"
    names = [f"flotilla-backup-wal@{name}.service" for name in sorted(told["stanzas"])]
    # Another password, address or program has to reach those that are running.
    again = tuple(("systemctl", "try-restart", name) for name in names)
    return [
        File(path=fetch, content=_FETCH.format(repository=repository), notify=again),
        *(Unit(unit=name) for name in names),
        *(item for job in _jobs(told) for item in _job(repository, *job)),
    ]


def _jobs(told: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    """
    (name, description, arguments, when, spread)
    """
    for policy in told["policies"]:
        project = policy["project"]
        yield f"project-{project}", f"Backs up {project}", f"run --project {project}", policy["on_calendar"], "0"
    yield "drill", "Restores backups and compares them", "drill --due", DRILL_TIME, "20min"
    yield "metrics", "Tells Prometheus about backups", "metrics", METRICS_EVERY, "30"
    if told["offsite"]:
        yield "offsite", "Copies backups off-site", "offsite --part 0%%", OFFSITE_EVERY, "5min"


def _job(repository: str, name: str, description: str, arguments: str, on_calendar: str, spread: str) -> list[Item]:
    unit = f"flotilla-backup-{name}"
    service = _JOB.format(description=description, arguments=arguments, repository=repository)
    timer = _TIMER.format(description=description, on_calendar=on_calendar, spread=spread)
    again = (("systemctl", "try-restart", f"{unit}.timer"),)
    return [
        File(path=f"{SYSTEMD}/{unit}.service", content=service),
        File(path=f"{SYSTEMD}/{unit}.timer", content=timer, notify=again),
        Unit(unit=f"{unit}.timer"),
    ]
