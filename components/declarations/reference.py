"""
The page about monitoring, `docs/monitoring.md`: how to look, what is measured, and every alert. `python -m
components.declarations.reference` writes it; a test holds it to being fresh.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from components.declarations import alert_rules, backup, dns, log, measures, promises
from components.declarations.alert import Alert
from settings import Project
from settings.care import Offsite, OffsiteKind, Retention

PAGE = Path(__file__).parents[2] / "docs" / "monitoring.md"
GROUPS = {
    "Servers": alert_rules.SERVERS,
    "Containers": alert_rules.CONTAINERS,
    "Requests": alert_rules.REQUESTS,
    "Names": dns.RULES,
    "Databases": alert_rules.DATABASES,
    "The databases' log (here of a server `data-1`)": log.of_servers(["data-1"]),
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

The server with the role `monitoring` asks all the others every 15 seconds, every site every 30, and public resolvers every 60
where names lead. It tells the receivers in `monitoring.receivers` of the stack's file when something is wrong. `pulumi up` sets
all of it up.

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
server's private address, by their name and with their certificate: everything but DNS and the firewall is on the way. Where
names lead is asked of nobody, and nobody is told by `DnsWrong` and `DnsUnknown`; `flotilla audit dns` looks from your computer.
Machines share your computer's clock and memory: `ClockNotSynchronised` says what your computer says, and a full memory is
everybody's.

## What is measured

| where | port | by |
|---|---|---|
| every server | 9100 | node exporter, with systemd's units and the measures below |
| servers with containers | 9323 | Docker itself |
| ingress servers | 8405 | HAProxy itself, through a socket of systemd's (`flotilla-haproxy-measures.socket`) |
| database servers | 9187, 9127 | postgres exporter as the role `flotilla_monitoring`, pgbouncer exporter |
| every site, from the monitoring server | | blackbox exporter |
| every name of a project, from the monitoring server by public resolvers | | blackbox exporter |

Our own measures are files in `/var/lib/prometheus/node-exporter`:

| measure | what it says |
|---|---|
{measures}

A program on a timer counts containers (`flotilla-container-measures.timer`). A restart is a container in the place of another
of the same image and settings; a new release is none. When Docker does not answer, its file goes, and `UnitFailed` tells.

## Names

Every name of every project is asked of each resolver in `monitoring.resolvers`: its A record, and AAAA with `network.ipv6`. An
answer is right with the address that `pulumi up` declared and no other; with `dns.proxied` with any, which is Cloudflare's.

- A name is right where every resolver says so.
- It is wrong where none does, and all have answered or one has given something else: `DnsWrong`.
- Everything in between is unknown, such as a resolver that does not answer: `DnsUnknown`.

For `dns.ttl_s` after an intended change of address, others remember the old one. Where that is more than ten minutes, silence
`DnsWrong` for as long.

## The databases' log

A database server tells how much of its log the backup server has not fetched yet, in bytes: the measure
`pg_replication_slots_pg_wal_lsn_diff` of the slot `flotilla_backup`. It is 0 while the log is fetched, also where nothing is
written, and it is known every 15 seconds, also where the backup server is gone. Where anything is written, a segment of 16 MB
ends every minute: two of them are two minutes. `LogNotFetched` tells after three minutes more, or three minutes after the
fetching stopped: before a lost server costs more than five minutes.

What is not fetched is kept on the database server, up to `max_slot_wal_keep_size`, a fifth of its disk. `LogKept` tells at half
of that, `SlotLost` when it was too much or the slot is gone. Then there is a gap: moments in it cannot be restored. To begin
anew:

```sh
flotilla host ssh data-1      # runuser -u postgres -- psql -c "SELECT pg_drop_replication_slot('flotilla_backup')"
flotilla host ssh ops-1       # rm /mnt/data/backups/wal/data-1/*/*.partial: where the log went on, which is not there any more
flotilla backup run --full    # once `systemctl status flotilla-backup-wal@data-1` there is well
```

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
