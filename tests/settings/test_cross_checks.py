"""
What has to fit together, in one file and across files: each mistake in an otherwise complete fleet is one line that says it.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.settings.complete import Path
from tests.settings.fleet import DOCUMENTS, ENVIRONMENT, SECRETS, STACK_FILE, Fleet

LEDGER, SITE, SYNC, RELEASES = "projects/ledger.yaml", "projects/site.yaml", "projects/sync.yaml", "releases/local.yaml"
DIGEST = "sha256:" + "ef" * 32
FORM = re.compile(r"[^:]+:\d+: (\S.*: )?\S.*\. Nothing was changed\. \S.*\.")

Change = tuple[str, str, Any]


def parts(path: str) -> Path:
    """A dotted path as keys and indexes; `env.` and `secrets.` begin in the stack's file."""
    found = tuple(int(part) if part.isdigit() else part for part in path.split("."))
    return {"@env": ENVIRONMENT, "@secrets": SECRETS}.get(str(found[0]), found[:1]) + found[1:]


def env(path: str, value: Any) -> Change:
    """A change of the environment."""
    return STACK_FILE, f"@env.{path}", value


MISTAKES: list[tuple[list[Change], str]] = [
    # Names and zones.
    (
        [(SITE, "domains.1", {"subdomain": "ledger"})],
        "{SITE}domains[1]: `ledger.example.com` is a domain of the project `ledger`",
    ),
    (
        [(SITE, "domains.1", "api.example.com")],
        "{SITE}domains[1]: `api.example.com` is a domain of the process `api` of `ledger`",
    ),
    (
        [(LEDGER, "processes.api.domains.0", "ledger.example.net")],
        "{LEDGER}processes.api.domains[0]: `ledger.example.net` is a domain of the project `ledger` already",
    ),
    ([(LEDGER, "domains.1", {"apex": True})], "{SITE}domains[0]: `example.com` is a domain of the project `ledger` already"),
    (
        [(LEDGER, "domains.0", "ledger.example.org")],
        "{LEDGER}domains[0]: `ledger.example.org` is not in the zone `example.com` or `example.net` of `local`. "
        "Nothing was changed. Write it as `{{subdomain: name}}`, correct it, or add its zone to `zones`.",
    ),
    (
        [(LEDGER, "domains.0", {"subdomain": "books", "redirect": True}), (LEDGER, "domains.1.redirect", True)],
        "{LEDGER}domains: every domain redirects, so there is none to redirect to",
    ),
    ([env("zones", ["example.net", "example.com"])], "{ENV}zones: the zone `example.com` is there 2 times"),
    # Records.
    (
        [env("dns.records.3.name", "ledger.example.com")],
        "{ENV}dns.records[3].name: `ledger.example.com` is a domain of the project",
    ),
    (
        [env("dns.records.0.name", "example.org")],
        "{ENV}dns.records[0].name: `example.org` is in none of the zones example.com,",
    ),
    (
        [env("dns.records.4.content", "2001:db8::7")],
        "{ENV}dns.records[4].content: '2001:db8::7' is not what a record of type A",
    ),
    (
        [env("dns.records.5.content", "fe80::1%eth0")],
        "{ENV}dns.records[5].content: 'fe80::1%eth0' is not what a record of type",
    ),
    ([env("dns.records.6.content", "letsencrypt.org")], 'Nothing was changed. Write it like `0 issue "letsencrypt.org"`.'),
    ([env("dns.records.0.priority", None)], "{ENV}dns.records[0].priority: this is missing. Nothing was changed. Add one"),
    ([env("dns.records.1.priority", 5)], "{ENV}dns.records[1].priority: a record of type TXT has none"),
    (
        [env("dns.records.0.proxied", True)],
        "{ENV}dns.records[0].proxied: Cloudflare cannot answer in place of a record of type MX",
    ),
    (
        [env("dns.records.5", DOCUMENTS[STACK_FILE]["config"]["flotilla:environment"]["dns"]["records"][4])],
        "this record is there",
    ),
    ([env("dns.records.3.name", "vpn.example.net")], "{ENV}dns.records[3]: `vpn.example.net` has other records, and a CNAME"),
    # Network.
    (
        [env("network.subnets.us-east", "10.0.2.0/24")],
        "{ENV}network.subnets.us-east: `us-east` is another network zone than `eu-central`, and a Hetzner network is in one",
    ),
    (
        [env("network.routes.0.destination", "10.0.1.128/25")],
        "{ENV}network.routes[0].destination: 10.0.1.128/25 overlaps 10.0.1.0/24",
    ),
    ([env("network.routes.0.destination", "172.31.0.0/16")], "has 172.31.1.1 in it, which is Hetzner's gateway"),
    (
        [env("network.routes", [{"destination": f"192.168.{x}/24", "gateway": "10.0.1.9"} for x in ("7.0", "7.0")])],
        "{ENV}network.routes[1].destination: 192.168.7.0/24 overlaps 192.168.7.0/24, which has a route already",
    ),
    ([env("network.routes.0.gateway", "10.0.99.9")], "{ENV}network.routes[0].gateway: 10.0.99.9 is in no subnet, so no server"),
    ([env("network.overlay", "192.168.128.0/24")], "{ENV}network.overlay: 192.168.128.0/24 is smaller than /22"),
    (
        [env("servers.away.location", "hil")],
        "{ENV}servers.away.location: hil is in the network zone `us-west`, which has no subnet",
    ),
    # Servers and roles.
    ([env("servers.app.type", "cpx31")], "{ENV}servers.app.type: `cpx31` cannot be ordered in nbg1"),
    ([env("servers.app.type", "ccx23x")], "Write `ccx23` if you meant that."),
    ([env("servers.data.volume_gb", 9)], "{ENV}servers.data.volume_gb: 9 is below the minimum of 10"),
    ([env("servers.data.volume_gb", None)], "{ENV}servers.data: databases would be lost with their server"),
    ([env("servers.data", None)], "{LEDGER}database: no server of `local` has the role `db`"),
    ([env("servers.front", None)], "{ENV}servers: no server has the role `ingress`, but there are projects"),
    ([env("servers.care.roles", ["monitoring"])], "{ENV}backup: no server has the role `backup`, which would do it"),
    ([env("servers.care.roles", ["backup"])], "{ENV}monitoring: no server has the role `monitoring`, which would do it"),
    (
        [env("monitoring", None), (STACK_FILE, "@secrets.notifications", None)],
        "{ENV}servers.care.roles: the role `monitoring` has nothing to do, because there is no `monitoring`",
    ),
    (
        [env("backup", None), (LEDGER, "backup", None), (LEDGER, "environments.staging.backup", None)],
        "{ENV}servers.care.roles: the role `backup` has nothing to do, because there is no `backup`",
    ),
    (
        [env("backup", None), env("servers.care.roles", ["monitoring"])],
        "{LEDGER}backup: `local` has no backup policy that this could differ from",
    ),
    (
        [env("ingress.entry", "server")],
        "{ENV}ingress.entry: 2 servers have the role `ingress`, but with `server` names point to",
    ),
    # Backup, monitoring, exceptions.
    ([env("backup.retention", {"daily": 0, "weekly": 0, "monthly": 0})], "{ENV}backup.retention: no backup would be kept"),
    (
        [(LEDGER, "backup.retention", {"daily": 0, "weekly": 0, "monthly": 0})],
        "{LEDGER}backup.retention: no backup would be kept",
    ),
    ([env("backup.schedule", "30 25 * * *")], "'30 25 * * *' is not a schedule: the hour is 25 and not between 0 and 23"),
    (
        [env("monitoring.receivers.0.to", None)],
        "{ENV}monitoring.receivers[0].to: this is missing, and a receiver by `email` needs",
    ),
    ([env("monitoring.receivers.1.to", "a@example.com")], "{ENV}monitoring.receivers[1].to: a receiver by `slack` has no use"),
    ([env("monitoring.receivers.0.name", "chat")], "{ENV}monitoring.receivers: the receiver `chat` is there 2 times"),
    (
        [env("monitoring.mail", None), (STACK_FILE, "@secrets.notifications.mail", None)],
        "{ENV}monitoring.mail: this is missing, and a receiver by `email` needs a server that",
    ),
    (
        [env("monitoring.mail.secret", None), (STACK_FILE, "@secrets.notifications.mail", None)],
        "{ENV}monitoring.mail.secret: this is missing: who logs in has a name and a password",
    ),
    ([env("monitoring.mail.user", None)], "{ENV}monitoring.mail.user: this is missing: who logs in has a name and a password"),
    (
        [env("monitoring.mail.secret", "post"), (STACK_FILE, "@secrets.notifications.mail", None)],
        "{ENV}monitoring.mail.secret: there is no secret `notifications.post`",
    ),
    (
        [env("monitoring.receivers.0", {"name": "hook", "kind": "webhook", "secret": "ops-chat"})],
        "{ENV}monitoring.mail: no receiver by `email` has a use for it",
    ),
    ([env("waivers.0.until", "31.03.2027")], "{ENV}waivers[0].until: '31.03.2027' is not a day. Nothing was changed. Write it"),
    ([env("waivers.0.until", "2027-02-30")], "{ENV}waivers[0].until: '2027-02-30' is not a day"),
    ([env("waivers", [DOCUMENTS[STACK_FILE]["config"]["flotilla:environment"]["waivers"][0]] * 2)], "{ENV}waivers: the waiver"),
    ([env("compliance.required_labels", ["a", "a"])], "{ENV}compliance.required_labels: the label `a` is there 2 times"),
    # Secrets.
    (
        [(STACK_FILE, "@secrets.projects.ledger.MAIL_PASSWORD", None)],
        "{LEDGER}processes.mailer.secrets[0]: `MAIL_PASSWORD` has no value in Pulumi.local.yaml. Nothing was changed. Run "
        "`flotilla secrets set projects.ledger.MAIL_PASSWORD -s local`.",
    ),
    (
        [env("monitoring.receivers.1.secret", "ops-chats"), (STACK_FILE, "@secrets.notifications.ops-chat", None)],
        "{ENV}monitoring.receivers[1].secret: there is no secret `notifications.ops-chats`",
    ),
    (
        [(STACK_FILE, "@secrets.projects.ledger.SESION_KEY", {"secure": "v1:x"})],
        "{SECRETS}projects.ledger.SESION_KEY: no process of `ledger` declares it. Nothing was changed. Write `SESSION_KEY`",
    ),
    (
        [(STACK_FILE, "@secrets.projects.site", {"KEY": {"secure": "v1:x"}})],
        "Remove it with `pulumi config rm --stack local --path 'flotilla:secrets.projects.site.KEY'`.",
    ),
    (
        [(STACK_FILE, "@secrets.projects.leger", {"KEY": {"secure": "v1:x"}})],
        "{SECRETS}projects.leger: there is no project 'leger'",
    ),
    (
        [(STACK_FILE, "@secrets.notifications.x", {"secure": "v1:x"})],
        "{SECRETS}notifications.x: nobody in `monitoring` names",
    ),
    ([(STACK_FILE, "@secrets.project", {})], "{SECRETS}project: unknown key. Nothing was changed. Write `projects`"),
    # Processes.
    (
        [(SITE, "processes.static", DOCUMENTS[SITE]["processes"]["search"] | {"domains": ["s.example.com"]})],
        "is called `static`",
    ),
    ([(SYNC, "port", 80)], "{SYNC}port: a `worker` answers no requests and does not start on a schedule"),
    ([(SYNC, "domains", ["a.example.com"])], "{SYNC}domains: a `worker` answers no requests"),
    ([(SYNC, "health", {"path": "/up"})], "{SYNC}health.path: a `worker` answers no requests"),
    ([(SYNC, "strategy", "canary"), (SYNC, "volumes", [])], "{SYNC}strategy: a `worker` has no requests of which a canary"),
    ([(LEDGER, "processes.nightly.schedule", None)], "{LEDGER}processes.nightly.schedule: this is missing"),
    (
        [(LEDGER, "processes.nightly.replicas", 2)],
        "{LEDGER}processes.nightly.replicas: a `job` starts on its schedule, runs once",
    ),
    ([(LEDGER, "processes.api.schedule", "0 0 * * *")], "{LEDGER}processes.api.schedule: a `web` process does not start on a"),
    ([(LEDGER, "processes.api.health", {"interval_s": 9})], "{LEDGER}processes.api.health.path: this is missing"),
    (
        [(LEDGER, "processes.api.port", None)],
        "{LEDGER}processes.api.port: this is missing. Nothing was changed. Add it: The port",
    ),
    (
        [(LEDGER, "processes.api.image", None), (RELEASES, "projects.ledger", None)],
        "{LEDGER}processes.api.source: this process has",
    ),
    ([(SITE, "secrets", ["KEY"])], "{SITE}secrets: a `static` site only serves files"),
    (
        [
            (SYNC, "kind", "static"),
            (SYNC, "volumes", []),
            (SYNC, "domains", ["a.example.com"]),
            (SYNC, "database", {"name": "x"}),
        ],
        "{SYNC}database: a `static` site only serves files",
    ),
    ([(SYNC, "slo", {"availability_percent": 99.0, "latency_ms": 100})], "{SYNC}slo: nothing in this project answers requests"),
    ([(SYNC, "maintenance", True)], "{SYNC}maintenance: nothing in this project answers requests"),
    ([(SITE, "backup", {})], "{SITE}backup: the project has neither a database nor a volume"),
    ([(LEDGER, "reservations.cpus", 1.5)], "{LEDGER}reservations.cpus: 1.5 is more than the limit, which is 1.0"),
    ([(LEDGER, "secrets", ["SESSION_KEY", "SESSION_KEY"])], "{LEDGER}secrets: the secret `SESSION_KEY` is there 2 times"),
    ([(LEDGER, "env", {"SESSION_KEY_FILE": "/x"})], "{LEDGER}env: `SESSION_KEY_FILE` is an environment variable, and"),
    ([(LEDGER, "database.extensions", ["a", "a"])], "{LEDGER}database.extensions: the extension `a` is there 2 times"),
    ([(SYNC, "database", {"name": "ledger"})], "{SYNC}database.name: `ledger` is the database of the project `ledger` already"),
    # Volumes.
    ([(SYNC, "replicas", 2)], "{SYNC}volumes[0]: the volume `state` is not shared, but there are 2 replicas"),
    (
        [(SYNC, "strategy", "blue-green")],
        "{SYNC}volumes[0]: the volume `state` is not shared, but blue-green runs two releases",
    ),
    (
        [(LEDGER, "processes.mailer.volumes.0.shared", False)],
        "{LEDGER}processes.mailer.volumes[0]: the process `web` has the volume `documents` too, but it is not shared",
    ),
    (
        [(LEDGER, "processes.mailer.user_id", 7)],
        "{LEDGER}processes.mailer.volumes[0]: the volume `documents` belongs to user 10002 of the process `web`, and not",
    ),
    (
        [env("servers.app.volume_gb", None), (SYNC, "volumes", []), (LEDGER, "processes.mailer.volumes", [])],
        "{LEDGER}volumes: no server with the role `app` has a disk",
    ),
    # Capacity.
    (
        [(SITE, "processes.search.limits", {"memory_mb": 15_000}), (SITE, "processes.search.replicas", 2)],
        "{ENV}servers: the servers with the role `app` have 39808 MB for projects, which need 62048 MB at once: site 30256, "
        "ledger 1280, sync 256, and 30256 more during a release",
    ),
    ([(SITE, "processes.search.limits", {"memory_mb": 16_001})], "{SITE}processes.search.limits.memory_mb: 16001 is more than"),
    ([(SITE, "processes.search.limits", {"cpus": 4.5})], "{SITE}processes.search.limits.cpus: 4.5 is more than the 4 cores"),
    (
        [(SYNC, "limits", {"memory_mb": 15_000})],
        "{ENV}servers.app: all have volumes, and `app-1`, which has the disk, has 16000 MB",
    ),
    (
        [(LEDGER, "database.pool_size", 398)],
        "{ENV}servers: the projects' databases have 398 connections together, but PostgreSQL",
    ),
    # Releases.
    (
        [(RELEASES, "projects.ledger.serving.0.images", {})],
        "projects.ledger.serving[0].images: the image of the process `api` is",
    ),
    (
        [(RELEASES, "projects.ledger.serving.0.images.ap", f"registry.example.com:5000/team/ledger-api@{DIGEST}")],
        "{RELEASES}projects.ledger.serving[0].images.ap: `ap` is no process of `ledger` with an image of its own. "
        "Nothing was changed. Write `api` if you meant that.",
    ),
    (
        [(RELEASES, "projects.ledger.serving.0.images.api", f"registry.example.com:5000/team/ledger@{DIGEST}")],
        "this is not an image of the process `api`, whose repository is `registry.example.com:5000/team/ledger-api`",
    ),
    (
        [(RELEASES, "projects.ledger.serving.0.images.api", "registry.example.com:5000/team/ledger-api:latest")],
        "{RELEASES}projects.ledger.serving[0].images.api: 'registry.example.com:5000/team/ledger-api:latest' is not an",
    ),
]


def _expected(said: str) -> str:
    """The line's beginning or middle: `{LEDGER}` and so on stand for `file:line: `, `{ENV}` for the environment's path too."""
    prefixes = {
        "ENV": f"{STACK_FILE}:#: flotilla:environment.",
        "SECRETS": f"{STACK_FILE}:#: flotilla:secrets.",
        **{name: f"{file}:#: " for name, file in (("LEDGER", LEDGER), ("SITE", SITE), ("SYNC", SYNC), ("RELEASES", RELEASES))},
    }
    return said.format(**prefixes)


@pytest.mark.parametrize(("changes", "said"), MISTAKES, ids=lambda part: part if isinstance(part, str) else "")
def test_what_does_not_fit(fleet: Fleet, changes: list[Change], said: str) -> None:
    """What does not fit together is one line with its file, line, path, fact and way out."""
    for name, path, value in changes:
        fleet.put(name, parts(path), value)
    [line] = fleet.mistakes()
    assert _expected(said) in re.sub(r"\.yaml:\d+: ", ".yaml:#: ", line, count=1)
    assert FORM.fullmatch(line)


def test_two_processes_with_one_name_on_the_servers(fleet: Fleet) -> None:
    """`x-worker` of `sync` and the worker of `sync-x` would be the same service."""
    fleet.put(SYNC, ("processes",), {"x-worker": {"kind": "worker"}})
    fleet.write("projects/sync-x.yaml", {**DOCUMENTS[SYNC], "name": "sync-x", "volumes": []})
    [line] = fleet.mistakes()
    assert "projects/sync-x.yaml:1: name: it is called `sync-x-worker` on the servers, and so is a process of `sync`" in line


def test_a_project_is_not_called_as_the_ingress_is(fleet: Fleet) -> None:
    """The backups of the two could not be told apart."""
    fleet.write("projects/ingress.yaml", {**DOCUMENTS[SYNC], "name": "ingress"})
    [line] = fleet.mistakes()
    assert "projects/ingress.yaml:1: name: backups of the ingress servers' certificates go under `ingress`. Nothing" in line
