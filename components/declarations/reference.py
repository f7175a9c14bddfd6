"""
The page about monitoring, `docs/monitoring.md`: how to look, what is measured, and every alert. `python -m
components.declarations.reference` writes it; a test holds it to being fresh.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from components.declarations import alert_rules, backup, measures, promises
from components.declarations.alert import Alert
from settings import Project
from settings.care import Offsite, OffsiteKind, Retention

PAGE = Path(__file__).parents[2] / "docs" / "monitoring.md"
GROUPS = {
    "Servers": alert_rules.SERVERS,
    "Containers": alert_rules.CONTAINERS,
    "Requests": alert_rules.REQUESTS,
    "Databases": alert_rules.DATABASES,
    "The watching itself": alert_rules.WATCHING,
}
# For what each project has: an example with daily backups, a drill a month, and a promise.
_POLICY = backup.Policy(
    project="example",
    schedule="30 2 * * *",
    retention=Retention(),
    offsite=Offsite(kind=OffsiteKind.SFTP, host="backup.example.net", path="backups", location="hel1"),
    drill_interval_days=30,
    covers=("database:example",),
)
_PROJECT = {
    "name": "example",
    "owner": "team",
    "kind": "web",
    "image": "example",
    "port": 8000,
    "health": {"path": "/up"},
    "domains": [{"subdomain": "example"}],
    "slo": {"availability_percent": 99.9, "latency_ms": 500},
}

_TEXT = """\
# Monitoring

Written by `python -m components.declarations.reference`; do not edit.

The server with the role `monitoring` asks all the others every 15 seconds, and every site every 30, and tells the receivers in
`monitoring.receivers` of the stack's file when something is wrong. `pulumi up` sets all of it up.

## How to look

Nothing of it can be reached from outside: Prometheus, Alertmanager and blackbox exporter listen on the monitoring server's
loopback, exporters on the servers' private addresses. Come by SSH:

```sh
ssh -N -L 9090:127.0.0.1:9090 -L 9093:127.0.0.1:9093 <admin>@<monitoring server>    # then http://localhost:9090 and :9093
```

- Prometheus: `/targets` says who answers, `/alerts` what is wrong, `/graph` shows a measure, `/consoles/index.html.example` is
  Debian's own console.
- Alertmanager: `/#/silences` keeps an alert quiet for a while.
- Grafana is no package of Debian 12, and none is installed. Dashboards and their data source are written for one all the same:
  provisioning is in `/etc/grafana/provisioning`, the dashboards in `/etc/flotilla/monitoring/dashboards`. A Grafana that is
  installed on the monitoring server shows them; one elsewhere takes the same JSON by "Import".

## Who is told

Everybody in `receivers` is told everything: what is `critical` again every hour, what is a `warning` once a day, and when it is
over. Secret addresses are in `flotilla:secrets` `notifications`, and on the server in files that only Alertmanager reads, under
`/etc/flotilla/monitoring`. Debian's Alertmanager (0.25) reads the address of a webhook from its configuration only, which is as
secret where there is one: `flotilla host converge --dry-run` says that it differs, and not how.

A receiver by `email` needs `monitoring.mail`, the server that takes the mail, always over TLS.

Between something being wrong and the receiver being told lie at most: the time under "for" below, 15 s until it is asked, 15 s
until the rules are looked at, and 10 s in which alerts are gathered.

## In the sandbox

Names lead to loopback addresses of your computer, which machines cannot reach. Sites are therefore asked at the first ingress
server's private address, by their name and with their certificate: everything but DNS and the firewall is on the way. Machines
share your computer's clock and memory: `ClockNotSynchronised` says what your computer says, and a full memory is everybody's.

## What is measured

| where | port | by |
|---|---|---|
| every server | 9100 | node exporter, with systemd's units and the measures below |
| servers with containers | 9323 | Docker itself |
| ingress servers | 8405 | HAProxy itself, through a socket of systemd's (`flotilla-haproxy-measures.socket`) |
| database servers | 9187, 9127 | postgres exporter as the role `flotilla_monitoring`, pgbouncer exporter |
| every site, from the monitoring server | | blackbox exporter |

Our own measures are files in `/var/lib/prometheus/node-exporter`:

| measure | what it says |
|---|---|
{measures}

A program on a timer counts containers (`flotilla-container-measures.timer`). A restart is a container in the place of another
of the same image and settings; a new release is none. When Docker does not answer, its file goes, and `UnitFailed` tells.

## Alerts

Each has a case under `promtool test rules` in which it fires, and one close by in which it stays quiet
(`tests/alert_cases.py`). The last column is the name of the runbook.
{alerts}"""


def render() -> str:
    """
    The whole page.
    """
    described = "\n".join(f"| `{name}` | {words} |" for name, words in measures.OWN.items())
    project = Project.model_validate(_PROJECT)
    if project.slo is None:
        raise ValueError("the example has no promise")
    promised = [*promises.of_backup(_POLICY), *promises.of_objectives(project, project.slo)]
    groups = {**GROUPS, "Promises (here of a project `example` with daily backups)": promised}
    alerts = "".join(f"\n### {title}\n\n{''.join(_table(group))}" for title, group in groups.items())
    return _TEXT.format(measures=described, alerts=alerts)


def _table(group: Sequence[Alert]) -> Iterator[str]:
    yield "| alert | when | for | severity | runbook |\n|---|---|---|---|---|\n"
    for alert in group:
        when = alert.expression.replace("|", "\\|")
        yield f"| {alert.name} | `{when}` | {alert.hold} | {alert.severity} | {alert.runbook} |\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
