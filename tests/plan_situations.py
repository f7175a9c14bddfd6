"""
The situations that plans are tested with: what is in the settings before, and what somebody changes.
"""

# ruff: noqa: E501 -- a situation a line, with pieces of settings files as they are

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STACK = "Pulumi.production.yaml"
RELEASES = "releases/production.yaml"
GUESTBOOK, JOURNAL, LEDGER = (f"projects/{name}.yaml" for name in ("guestbook", "journal", "ledger"))
NEW = "aaaaaaaa" + "0" * 56
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWQ0Rm5jR3hTbWlJcnZ3bE9kZ0hVb1d4c2N5QkN4"


@dataclass(frozen=True)
class Edit:
    """
    One replacement in a settings file. Without `old` the file gets the text `new`; without both it is removed.
    """

    file: str
    old: str = ""
    new: str = ""

    def apply(self, root: Path) -> None:
        """
        Make it in the folder.
        """
        path = root / self.file
        if not self.old and not self.new:
            path.unlink()
        elif not self.old:
            path.write_text(self.new)
        else:
            text = path.read_text()
            if self.old not in text:
                raise AssertionError(f"{self.file} has no {self.old!r}")
            path.write_text(text.replace(self.old, self.new, 1))


@dataclass(frozen=True, kw_only=True)
class Situation:
    """
    `base` is how the settings were when the stack was brought up, `edits` what is changed then.
    """

    name: str
    what: str
    edits: tuple[Edit, ...] = ()
    base: tuple[Edit, ...] = ()
    is_destroy: bool = False


def _one(name: str, what: str, file: str, old: str, new: str) -> Situation:
    return Situation(name=name, what=what, edits=(Edit(file, old, new),))


def _back(name: str, what: str, file: str, old: str, new: str) -> Situation:
    """
    The other way round: what was there is taken out.
    """
    return Situation(name=name, what=what, base=(Edit(file, old, new),), edits=(Edit(file, new, old),))


def _release(project: str, digest: str, weight: int, slot: str, further: str = "") -> str:
    return f"- image: registry.example.com/{project}@sha256:{digest}\n{further}      slot: {slot}\n      weight: {weight}"


OLD_GUESTBOOK = "836aece5cbc703e31d91bdcd36e53b2f33f431062fb1999d2e4f54da61129f55"
OLD_LEDGER = "9cd7e6a88a628ecc203955e43d0936a7183b19a983fb53286238b1da81a4fff2"
SERVES = _release("guestbook", OLD_GUESTBOOK, 100, "a")
CANARY = f"{_release('guestbook', OLD_GUESTBOOK, 90, 'a')}\n    {_release('guestbook', NEW, 10, 'b')}"
HALF = f"{_release('guestbook', OLD_GUESTBOOK, 50, 'a')}\n    {_release('guestbook', NEW, 50, 'b')}"
PROMOTED = _release("guestbook", NEW, 100, "b")
TO_CANARY = Edit(RELEASES, SERVES, CANARY)
CADDY, HAPROXY = "caddy@sha256:f1a9f584", "haproxy@sha256:2fb79f16"

# fmt: off
SITUATIONS = (
    # Servers
    _one("server_bigger", "the database server gets a bigger type", STACK, "type: cx43", "type: cx53"),
    _one(
        "server_smaller",
        "the operations server gets a smaller type",
        STACK,
        "type: cx33\n        count: 2",
        "type: cx23\n        count: 2",
    ),
    _one("server_added", "one more server for apps", STACK, "count: 2", "count: 3"),
    _back("server_removed", "one server for apps less", STACK, "count: 2", "count: 3"),
    _one("server_last_of_two", "one of two servers goes, and the load balancer with it", STACK, "count: 2", "count: 1"),
    Situation(
        name="balancer_added",
        what="a second server for the ingress, and so a load balancer",
        base=(Edit(STACK, "count: 2", "count: 1"),),
        edits=(Edit(STACK, "count: 1", "count: 2"),),
    ),
    _one("server_elsewhere", "the operations server moves to another location", STACK, "location: nbg1", "location: hel1"),
    _one(
        "pool_added",
        "another pool of servers",
        STACK,
        "      # Elsewhere than the data that it backs up.\n",
        "      extra:\n        type: cx23\n        count: 1\n        roles: [app]\n        image: debian-12\n",
    ),
    _back(
        "pool_removed",
        "a pool of servers goes",
        STACK,
        "      # Elsewhere than the data that it backs up.\n",
        "      extra:\n        type: cx23\n        count: 1\n        roles: [app]\n        image: debian-12\n",
    ),
    _one("role_added", "a server gets another role", STACK, "roles: [app, ingress]", "roles: [app, ingress, monitoring]"),
    _one("volume_grown", "a volume grows", STACK, "volume_gb: 100", "volume_gb: 150"),
    _one("volume_removed", "the database's volume is taken out", STACK, "        volume_gb: 100\n", ""),
    _back("volume_added", "a server gets a volume", STACK, "        volume_gb: 200\n", ""),
    _one("eleven_servers", "so many servers that they need a second placement group", STACK, "count: 2", "count: 11"),
    # Networks and entry
    _one("network_range", "the private network gets another range", STACK, "cidr: 10.20.0.0/16", "cidr: 10.0.0.0/8"),
    _one("subnet_range", "the subnet gets another range", STACK, "eu-central: 10.20.1.0/24", "eu-central: 10.20.2.0/24"),
    _one("ipv6_off", "no IPv6 any more", STACK, "ipv6: true", "ipv6: false"),
    _one("entry_floating", "a floating address in the place of the load balancer", STACK, "entry: auto", "entry: floating-ip"),
    _back("entry_balancer", "a load balancer in the place of the floating address", STACK, "entry: auto", "entry: floating-ip"),
    # Access
    _one(
        "ssh_key_added",
        "one more administrator",
        STACK,
        "      public_keys:\n",
        f"      public_keys:\n        carol: {KEY} placeholder-carol\n",
    ),
    _back(
        "ssh_key_removed",
        "one administrator less",
        STACK,
        "      public_keys:\n",
        f"      public_keys:\n        carol: {KEY} placeholder-carol\n",
    ),
    _one(
        "ssh_key_changed",
        "an administrator gets another key",
        STACK,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP8VeUVk5ySYENETsovzcgXUT5yEiYTp+kt79g90Yf+R placeholder-bob",
        f"{KEY} placeholder-bob",
    ),
    _one(
        "ssh_source_added",
        "SSH from one more range",
        STACK,
        "        - 203.0.113.0/28 # office\n",
        "        - 203.0.113.0/28\n        - 198.51.100.0/28\n",
    ),
    _one("ssh_source_removed", "SSH from one range less", STACK, "        - 203.0.113.0/28 # office\n", ""),
    # DNS
    _one(
        "dns_record_added",
        "one more DNS record",
        STACK,
        "      records:\n",
        "      records:\n        - name: docs.example.com\n          type: CNAME\n          content: docs.example.net\n",
    ),
    _back(
        "dns_record_removed",
        "one DNS record less",
        STACK,
        "      records:\n",
        "      records:\n        - name: docs.example.com\n          type: CNAME\n          content: docs.example.net\n",
    ),
    _one(
        "dns_record_changed",
        "mail goes elsewhere",
        STACK,
        "content: mail.example.net\n          priority: 10",
        "content: mx.example.net\n          priority: 10",
    ),
    _one("dns_priority", "mail's priority changes", STACK, "priority: 10", "priority: 20"),
    _one("dns_ttl", "names are remembered for another time", STACK, "ttl_s: 300", "ttl_s: 600"),
    _one(
        "domain_added",
        "one more domain of a project",
        GUESTBOOK,
        "  - subdomain: guestbook\n",
        "  - subdomain: guestbook\n  - subdomain: visitors\n",
    ),
    _back(
        "domain_removed",
        "one domain of a project less",
        GUESTBOOK,
        "  - subdomain: guestbook\n",
        "  - subdomain: guestbook\n  - subdomain: visitors\n",
    ),
    _one("domain_changed", "a project's domain is another one", GUESTBOOK, "- subdomain: guestbook", "- subdomain: book"),
    _one(
        "redirect_added",
        "an old name that leads to the new one",
        GUESTBOOK,
        "  - subdomain: guestbook\n",
        "  - subdomain: guestbook\n  - subdomain: old\n    redirect: true\n",
    ),
    _one("dns_proxied", "Cloudflare answers visitors", STACK, "      ttl_s: 300\n", "      ttl_s: 300\n      proxied: true\n"),
    # Projects
    Situation(
        name="project_removed",
        what="a project is given up",
        edits=(Edit(GUESTBOOK), Edit(RELEASES, f"  guestbook:\n    serving:\n    {SERVES}\n    history: []\n", "")),
    ),
    Situation(
        name="project_added",
        what="a project is served for the first time",
        base=(Edit(RELEASES, f"  guestbook:\n    serving:\n    {SERVES}\n    history: []\n", ""),),
        edits=(Edit(RELEASES, "projects:\n", f"projects:\n  guestbook:\n    serving:\n    {SERVES}\n    history: []\n"),),
    ),
    _one(
        "project_unserved",
        "a project is not served any more, but kept",
        RELEASES,
        f"  guestbook:\n    serving:\n    {SERVES}\n    history: []\n",
        "",
    ),
    _one("release", "a new release of an app with a database", RELEASES, SERVES, PROMOTED),
    _one(
        "release_pair",
        "a new release of a project with two images",
        RELEASES,
        "journal@sha256:b2d40347",
        "journal@sha256:b2d40348",
    ),
    _one(
        "release_many",
        "a new release of a project with pages, an API, a worker and a job",
        RELEASES,
        f"ledger@sha256:{OLD_LEDGER}\n      slot: a",
        f"ledger@sha256:{NEW}\n      slot: b",
    ),
    Situation(name="canary_started", what="a tenth of the requests go to a new release", edits=(TO_CANARY,)),
    Situation(
        name="canary_stepped",
        what="half of the requests go to the new release",
        base=(TO_CANARY,),
        edits=(Edit(RELEASES, CANARY, HALF),),
    ),
    Situation(
        name="canary_promoted",
        what="all requests go to the new release",
        base=(TO_CANARY,),
        edits=(Edit(RELEASES, CANARY, PROMOTED),),
    ),
    Situation(
        name="canary_aborted", what="the new release is taken back", base=(TO_CANARY,), edits=(Edit(RELEASES, CANARY, SERVES),)
    ),
    _one("replicas_raised", "more containers of an app", GUESTBOOK, "replicas: 1", "replicas: 2"),
    _one("limits_raised", "an app may use more memory", GUESTBOOK, "memory_mb: 128", "memory_mb: 256"),
    _one(
        "environment_variable",
        "a plain setting of an app changes",
        GUESTBOOK,
        "GUESTBOOK_TITLE: Guestbook",
        "GUESTBOOK_TITLE: Visitors",
    ),
    _one("health_check", "an app's health is asked less often", GUESTBOOK, "interval_s: 2", "interval_s: 5"),
    _one("recreate", "an app that cannot run twice", GUESTBOOK, "strategy: blue-green", "strategy: recreate"),
    Situation(
        name="recreate_release",
        what="a new release of an app that cannot run twice",
        base=(Edit(GUESTBOOK, "strategy: blue-green", "strategy: recreate"),),
        edits=(Edit(RELEASES, SERVES, _release("guestbook", NEW, 100, "a")),),
    ),
    _one(
        "worker_limits",
        "a worker may use more memory",
        LEDGER,
        "    stop_grace_s: 60\n    limits:\n      memory_mb: 96",
        "    stop_grace_s: 60\n    limits:\n      memory_mb: 128",
    ),
    _one("job_schedule", "a job runs at another time", LEDGER, "schedule: 15 0 * * *", "schedule: 15 3 * * *"),
    _one(
        "job_removed",
        "a job is taken out",
        LEDGER,
        "  close-day:\n    kind: job\n    command: [python3, -m, ledger, close-day]\n",
        "  close-night:\n    kind: job\n    command: [python3, -m, ledger, close-day]\n",
    ),
    _one(
        "maintenance_on", "a project is closed for maintenance", GUESTBOOK, "replicas: 1\n", "replicas: 1\nmaintenance: true\n"
    ),
    _back("maintenance_off", "a project is opened again", GUESTBOOK, "replicas: 1\n", "replicas: 1\nmaintenance: true\n"),
    _one("static_memory", "a static site may use more memory", JOURNAL, "memory_mb: 64", "memory_mb: 96"),
    # Secrets and data
    _one(
        "secret_changed",
        "a project's secret gets another value",
        STACK,
        "        SESSION_KEY:\n          secure: ",
        "        SESSION_KEY: https://another.invalid/value-of-a-secret\n        UNUSED:\n          secure: ",
    ),
    _one("secret_removed", "a process reads a secret no more", LEDGER, "    secrets: [API_TOKEN]\n", ""),
    _back("secret_added", "a process reads one more secret", LEDGER, "    secrets: [API_TOKEN]\n", ""),
    _one("database_pool", "a project may have more connections", LEDGER, "pool_size: 20", "pool_size: 30"),
    _one(
        "database_extension", "a database gets an extension", LEDGER, "extensions: [pg_trgm]", "extensions: [pg_trgm, hstore]"
    ),
    _one(
        "database_removed",
        "a project has no database any more",
        GUESTBOOK,
        "database:\n  name: guestbook\n  # Runs in a container of each new release before that release starts, as the owner of the database.\n  migration: [python3, -m, guestbook, migrate]\n  # Where the guestbook kept its entries in SQLite before; only the migration sees it, and takes over what it has not yet.\n  imports:\n    - name: data\n      path: /data\n",
        "",
    ),
    _one("database_version", "PostgreSQL of another version", STACK, "version: 17", "version: 18"),
    _one("backup_schedule", "backups at another time", STACK, "schedule: 30 2 * * *", "schedule: 30 4 * * *"),
    _one("backup_retention", "backups are kept for less long", STACK, "daily: 14", "daily: 7"),
    _one(
        "backup_offsite_removed",
        "no copy of the backups elsewhere",
        STACK,
        "      # A third place, of another provider: neither the servers' location nor the backups'.\n      offsite:\n        kind: sftp\n        host: backup.example.net\n        path: backups/production\n        # A placeholder, as the others: `ssh-keyscan -t ed25519 <host>` shows a real one.\n        host_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n        location: hel1\n",
        "",
    ),
    # Care
    _one("monitoring_retention", "measurements are kept for less long", STACK, "retention_days: 90", "retention_days: 30"),
    _one(
        "receiver_removed",
        "nobody gets alerts by mail any more",
        STACK,
        "        - name: on-call\n          kind: email\n          to: on-call@example.com\n",
        "",
    ),
    _one("budget_raised", "the budget is raised", STACK, "budget_eur: 80", "budget_eur: 120"),
    _one("log_retention", "logs are kept for longer", STACK, "log_retention_days: 180", "log_retention_days: 365"),
    _one("caddy_image", "another image of Caddy", RELEASES, CADDY, "caddy@sha256:f1a9f585"),
    _one("haproxy_image", "another image of HAProxy", RELEASES, HAPROXY, "haproxy@sha256:2fb79f17"),
    _one(
        "acme_email",
        "another address for the certificates' authority",
        STACK,
        "email: ops@example.com",
        "email: admin@example.com",
    ),
    _one(
        "overlay_pool",
        "containers' networks get addresses from elsewhere",
        STACK,
        "      ipv6: true\n",
        "      ipv6: true\n      overlay: 10.99.0.0/16\n",
    ),
    Situation(name="destroy", what="everything is taken away", is_destroy=True),
    Situation(name="nothing", what="nothing is changed"),
)
