"""
What servers are told to be: complete, consistent with itself, without secrets, and the same as long as nothing changes.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from components import declarations
from components.declarations import alerts, backup, dashboards, dns, measures, targets
from ops.errors import SettingsError
from settings import Role, Settings
from settings.gaps import longest_gap_s
from tests.complete_fleet import PLANTED, SHOP, complete
from tests.conftest import Checkout

ADDRESSES = {"app-1": "10.20.1.2", "app-2": "10.20.1.3", "db-1": "10.20.1.4", "vault-1": "10.20.1.5", "watch-1": "10.20.1.6"}
ENTRY = {"A": "203.0.113.7", "AAAA": "2001:db8::7"}
HOST_KEYS = {name: f"ssh-ed25519 key-of-{name}" for name in ADDRESSES}


@pytest.fixture
def settings(checkout: Checkout) -> Settings:
    """Production with everything in it."""
    return complete(checkout).settings("production")


def role(settings: Settings, server: str, name: str) -> dict[str, Any]:
    return dict(declarations.declaration(settings, server, ADDRESSES, HOST_KEYS, ENTRY)["roles"][name])


def test_each_server_is_told_its_roles_and_what_all_have(settings: Settings) -> None:
    """`common` is everywhere: who administers the server, and for how long it remembers."""
    told = {name: set(declarations.declaration(settings, name, ADDRESSES, HOST_KEYS, ENTRY)["roles"]) for name in ADDRESSES}
    common = role(settings, "app-1", "common")

    assert told == {
        "app-1": {"common", "exporters", "app", "docker", "ingress", "backup-source"},
        "app-2": {"common", "exporters", "app", "docker", "ingress", "backup-source"},
        "db-1": {"common", "exporters", "db", "backup-source"},
        "vault-1": {"common", "exporters", "backup"},
        "watch-1": {"common", "exporters", "monitoring"},
    }
    assert set(common["admins"]) == {"alice", "bob"}
    assert common["log_retention_days"] == 90


def test_only_roles_that_speak_to_others_depend_on_who_there_is(settings: Settings) -> None:
    """A further server changes nothing in the declarations of those that run containers: they know who fetches from them."""
    known = {name: set(declarations.known_servers(settings, name)) for name in ADDRESSES}

    assert known.pop("app-1") == {"app-1", "vault-1"}
    assert known.pop("app-2") == {"app-2", "vault-1"}
    assert set(map(frozenset, known.values())) == {frozenset(ADDRESSES)}
    own = {name: ADDRESSES[name] for name in ("app-2", "vault-1")}
    assert declarations.declaration(settings, "app-2", own, {}, {}) == declarations.declaration(
        settings, "app-2", ADDRESSES, HOST_KEYS, ENTRY
    )


def test_a_declaration_is_plain_data_without_secrets(settings: Settings) -> None:
    """It survives JSON unchanged, and nobody's secret is in it."""
    for name in ADDRESSES:
        document = declarations.declaration(settings, name, ADDRESSES, HOST_KEYS, ENTRY)
        text = json.dumps(document)
        assert json.loads(text) == document
        assert not [secret for secret in PLANTED if secret in text]


def test_the_registrys_authority_is_told_and_never_a_key(checkout: Checkout) -> None:
    """Whoever takes one file for the other is stopped before the key is on every server."""
    checkout.change_environment("local", lambda found: found.update(registry_authority=".flotilla/ca/root.crt"))
    told = declarations.declaration(checkout.settings(), "app-1", {"app-1": "10.0.1.2"}, {}, {})["roles"]["docker"]
    assert told["registry_authority"] == "CERTIFICATE\n"

    (checkout.root / ".flotilla/ca/root.crt").write_text("-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n")
    with pytest.raises(SettingsError, match=r"^registry_authority: \.flotilla/ca/root\.crt: this is not a certificate"):
        declarations.declaration(checkout.settings(), "app-1", {"app-1": "10.0.1.2"}, {}, {})


def test_a_database_has_an_owner_limits_and_known_clients(settings: Settings) -> None:
    """A project cannot take all connections; only servers that run projects may connect; memory is what the machine has."""
    told = role(settings, "db-1", "db")

    assert told["databases"] == [
        {
            "project": "shop",
            "name": "shop",
            "generation": 1,
            "extensions": ["pg_trgm"],
            "pool_size": 20,
            "connection_limit": 23,
        }
    ]
    assert told["clients"] == ["10.20.1.2", "10.20.1.3"]
    assert told["max_connections"] > sum(database["connection_limit"] for database in told["databases"])
    assert (told["memory_mb"], told["cores"]) == (16 * 1024, 8)
    assert told["data_directory"] == "/mnt/data/postgresql/15/main"
    assert (told["disk_mount"], told["disk_gb"]) == ("/mnt/data", 100)
    assert told["backups"] == ["10.20.1.5"]


def test_postgresql_shares_a_server_with_containers_by_half(checkout: Checkout) -> None:
    """It does not count on memory that containers use."""
    checkout.change_environment("local", lambda found: found["servers"]["app"].update(roles=["app", "ingress", "db"]))
    local = checkout.settings()

    assert (
        declarations.declaration(local, "app-1", {"app-1": "10.0.1.2"}, HOST_KEYS, {})["roles"]["db"]["memory_mb"] == 2 * 1024
    )


def test_every_database_and_volume_is_backed_up_from_where_it_is(settings: Settings) -> None:
    """With the project's own schedule where it has one, and the policy's otherwise."""
    told = role(settings, "vault-1", "backup")
    policies = {policy["project"]: policy for policy in told["policies"]}

    assert policies["shop"]["sources"] == [
        {"kind": "database", "name": "shop", "server": "db-1", "address": "10.20.1.4"},
        {"kind": "volume", "name": "uploads", "server": "app-1", "address": "10.20.1.2", "path": "/mnt/data/shop/uploads"},
    ]
    assert policies["shop"]["on_calendar"] == "*-*-* 00,06,12,18:00:00 UTC"
    assert policies["guestbook"]["schedule"] == "30 2 * * *"
    assert policies["shop"]["retention"] == {"daily": 7, "weekly": 4, "monthly": 6}
    assert told["encrypted"] is True
    assert told["offsite"]["location"] == "hel1"


def test_certificates_are_backed_up_from_every_ingress_server(settings: Settings) -> None:
    """As the policy says, without the locks that Caddy writes all the time; each server gives the backup server its own."""
    (policy,) = [found for found in role(settings, "vault-1", "backup")["policies"] if found["project"] == "ingress"]

    assert (policy["schedule"], policy["drill_interval_days"]) == ("30 2 * * *", 14)
    assert policy["sources"] == [
        {
            "kind": "volume",
            "name": f"certificates-{server}",
            "server": server,
            "address": ADDRESSES[server],
            "path": "/var/lib/flotilla/caddy/data",
            "left_out": ["caddy/locks"],
        }
        for server in ("app-1", "app-2")
    ]
    assert role(settings, "app-2", "backup-source") == {
        "backup_servers": ["10.20.1.5"],
        "volumes": ["/var/lib/flotilla/caddy/data"],
        "database": None,
    }
    assert 22 in role(settings, "app-2", "common")["private_ports"]["tcp"]


def test_certificates_are_backed_up_where_no_project_has_data(checkout: Checkout) -> None:
    """From servers that are for the ingress only, too; and not where the environment has no backups."""
    assert backup.policies(checkout.settings()) == []
    checkout.change_environment(
        "local",
        lambda found: found.update(
            backup={"schedule": "30 2 * * *"},
            servers={
                **found["servers"],
                "edge": {**found["servers"]["app"], "count": 1, "roles": ["ingress"]},
                "vault": {**found["servers"]["app"], "count": 1, "roles": ["backup"]},
            },
        ),
    )
    local = checkout.settings()

    assert "volume:certificates-edge-1" in next(
        policy.covers for policy in backup.policies(local) if policy.project == "ingress"
    )
    assert declarations.known_servers(local, "edge-1") == ["edge-1", "vault-1"]


def jobs(settings: Settings) -> dict[str, dict[str, Any]]:
    return {job["job_name"]: job for job in targets.scrape_configs(settings, ADDRESSES)}


def asked(job: dict[str, Any]) -> set[str]:
    return {address for part in job["static_configs"] for address in part["targets"]}


def test_every_server_and_exporter_is_asked_by_its_private_address(settings: Settings) -> None:
    """All servers; HAProxy where the ingress is; PostgreSQL where databases are."""
    found = jobs(settings)

    assert asked(found["node"]) == {f"{address}:9100" for address in ADDRESSES.values()}
    assert asked(found["haproxy"]) == {"10.20.1.2:8405", "10.20.1.3:8405"}
    assert asked(found["postgres"]) == {"10.20.1.4:9187"}
    assert asked(found["pgbouncer"]) == {"10.20.1.4:9127"}
    assert asked(found["docker"]) == {"10.20.1.2:9323", "10.20.1.3:9323"}


def test_every_name_is_asked_from_outside(settings: Settings) -> None:
    """Sites at the path that says whether they are healthy, redirects as redirects, each with its project."""
    found = jobs(settings)

    assert asked(found["probe-site"]) == {
        "https://guestbook.example.com/up",
        "https://shop.example.com/up",
        "https://docs.example.com/",
    }
    assert asked(found["probe-redirect"]) == {"https://old-shop.example.com/"}
    assert {part["labels"]["project"] for part in found["probe-site"]["static_configs"]} == {"guestbook", "shop"}
    assert {job["params"]["module"][0] for name, job in found.items() if name.startswith("probe-")} <= set(
        targets.blackbox_modules(settings)
    )


def asked_names(settings: Settings, entry: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What is asked about names: blackbox exporter's modules, and Prometheus' job."""
    told = declarations.declaration(settings, "watch-1", ADDRESSES, HOST_KEYS, entry)["roles"]["monitoring"]
    modules = {name: module for name, module in told["blackbox_modules"].items() if module["prober"] == "dns"}
    return modules, next((job for job in told["scrape_configs"] if job["job_name"] == dns.JOB), None)


def test_every_name_is_asked_of_every_resolver_by_both_protocols(settings: Settings) -> None:
    """Names that redirect too; each question names a module that has the declared address and no other."""
    modules, job = asked_names(settings, ENTRY)
    hostnames = {"guestbook.example.com", "shop.example.com", "old-shop.example.com", "docs.example.com"}
    questions = {(module["dns"]["query_name"], module["dns"]["query_type"]) for module in modules.values()}
    assert job
    labels = [part["labels"] for part in job["static_configs"]]

    assert questions == {(hostname, record) for hostname in hostnames for record in ("A", "AAAA")}
    assert asked(job) == hostnames
    assert {found["__param_target"] for found in labels} == {"1.1.1.1:53", "9.9.9.9:53"}
    assert {found["__param_module"] for found in labels} == set(modules)
    assert len(labels) == len(questions) * 2
    valid = modules["dns-aaaa-shop.example.com"]["dns"]["validate_answer_rrs"]
    (pattern,) = valid["fail_if_not_matches_regexp"]
    assert re.search(pattern, "shop.example.com.\t300\tIN\tAAAA\t2001:db8::7")
    assert not re.search(pattern, "shop.example.com.\t300\tIN\tAAAA\t2001:db8::70")


def test_an_address_is_compared_as_resolvers_write_it(settings: Settings) -> None:
    """Hetzner may write the same IPv6 address at length."""
    modules, _ = asked_names(settings, {"AAAA": "2001:0DB8:0:0:0:0:0:7"})

    assert "2001:db8::7$" in str(modules["dns-aaaa-shop.example.com"]["dns"]["validate_answer_rrs"])
    assert "dns-a-shop.example.com" not in modules


def test_behind_cloudflares_proxy_any_address_will_do(checkout: Checkout) -> None:
    """Which one it answers with is its own affair."""
    complete(checkout).change_environment("production", lambda found: found.update(dns={"proxied": True}))
    modules, _ = asked_names(checkout.settings("production"), ENTRY)

    (pattern,) = modules["dns-a-shop.example.com"]["dns"]["validate_answer_rrs"]["fail_if_none_matches_regexp"]
    assert re.search(pattern, "shop.example.com.\t300\tIN\tA\t104.16.0.1")


def test_in_the_sandbox_names_are_asked_of_nobody(checkout: Checkout) -> None:
    """They lead to loopback addresses there: no job and no alert could look like good health."""

    def watched(environment: dict[str, Any]) -> None:
        environment["servers"]["app"]["roles"] = ["app", "ingress", "monitoring"]
        receiver = {"name": "ops", "kind": "email", "to": "ops@example.com"}
        environment["monitoring"] = {"receivers": [receiver], "mail": {"host": "mail.example.com", "sender": "a@example.com"}}

    checkout.change_environment("local", watched)
    checkout.release_all("local")
    local = checkout.settings()
    told = declarations.declaration(local, "app-1", {"app-1": "10.0.1.1"}, {}, {"A": "127.10.1.1"})

    assert dns.JOB not in {job["job_name"] for job in told["roles"]["monitoring"]["scrape_configs"]}
    assert not {"DnsWrong", "DnsUnknown"} & set(alerts.names(local))
    assert "SiteDown" in alerts.names(local)


def test_the_log_is_watched_where_a_database_is_backed_up(checkout: Checkout, settings: Settings) -> None:
    """Of that server; without a policy nobody fetches it."""
    watched = {"LogNotFetched", "LogKept", "SlotLost"}
    assert watched <= set(alerts.names(settings))
    assert {rule["expr"].count('server=~"db-1"') for rule in rules(settings) if rule["alert"] in watched} == {2}

    def without_backups(environment: dict[str, Any]) -> None:
        del environment["backup"], environment["servers"]["vault"]

    (checkout.root / "projects" / "shop.yaml").write_text(yaml.safe_dump({**SHOP, "backup": None}))
    checkout.change_environment("production", without_backups)
    assert not watched & set(alerts.names(checkout.settings("production")))


def test_a_project_under_maintenance_is_expected_to_say_so(checkout: Checkout) -> None:
    """Its page with 503 is no alarm, and anything else is."""
    path = checkout.root / "projects" / "guestbook.yaml"
    path.write_text(path.read_text() + "maintenance: true\n")
    found = targets.sites(checkout.settings())

    assert {site.module for site in found} == {"maintenance"}
    assert targets.blackbox_modules(checkout.settings())["maintenance"]["http"]["valid_status_codes"] == [503]


def rules(settings: Settings) -> list[dict[str, Any]]:
    return [rule for group in alerts.rule_groups(settings) for rule in group["rules"]]


def test_every_rule_says_when_how_bad_what_and_what_to_do(settings: Settings) -> None:
    """Nothing that wakes somebody up is without a summary and a runbook."""
    for rule in rules(settings):
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"\d+[mhd]", rule["for"])
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule["annotations"]["runbook"])


def expressions(settings: Settings) -> list[str]:
    found = [rule["expr"] for rule in rules(settings)]
    for dashboard in (dashboards.fleet("x"), dashboards.project("x"), dashboards.database("x")):
        found += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return found


def test_only_measures_that_somebody_answers_with_are_asked_for(settings: Settings) -> None:
    """A name with a mistake in it would be silence, which looks like good health."""
    words = "sum|avg|min|max|by|rate|increase|time|and|or|unless|offset|absent|quantile_over_time|predict_linear"
    for expression in expressions(settings):
        plain = re.sub(r'\{[^}]*\}|"[^"]*"|\[[^\]]*\]|(by|on) \([^)]*\)', "", expression)
        names = {
            name for name in re.findall(r"[a-zA-Z_][a-zA-Z0-9_]*", plain) if not re.fullmatch(f"{words}|[0-9]*[smhd]", name)
        }
        assert names, expression
        assert names <= measures.EXPORTERS | set(measures.OWN), expression


def test_every_measure_that_is_known_is_asked_for(settings: Settings) -> None:
    """The list says what roles have to write: nothing in it is for nobody."""
    text = "\n".join(expressions(settings))

    assert {name for name in measures.EXPORTERS | set(measures.OWN) if name not in text} == set()


@pytest.mark.parametrize("opening, closing", ["()", "{}", "[]"])
def test_expressions_are_closed(settings: Settings, opening: str, closing: str) -> None:
    """As many brackets end as begin."""
    for expression in expressions(settings):
        assert expression.count(opening) == expression.count(closing), expression


def test_what_is_watched_covers_what_the_fleet_has(settings: Settings) -> None:
    """Golden signals, disks, certificates, backups of each project, containers, databases, and the promise of the shop."""
    names = set(alerts.names(settings))
    groups = {group["name"] for group in alerts.rule_groups(settings)}

    assert names >= {
        *("SiteDown", "ErrorsHigh", "LatencyHigh", "TrafficStopped", "RequestsQueued"),
        *("DiskAlmostFull", "DiskFullWithinADay", "CertificateExpiresSoon", "ContainerRestarting", "ContainerOutOfMemory"),
        *("BackupOld", "BackupMissing", "BackupNotTried", "BackupNotCopied", "DatabaseServerDown", "ErrorBudgetBurning"),
    }
    assert groups >= {"servers", "containers", "requests", "databases", "backups", "objectives-shop", "watching"}


def test_an_environment_without_data_has_no_rules_about_it(checkout: Checkout) -> None:
    """Otherwise something would be missing for ever."""
    groups = {group["name"] for group in alerts.rule_groups(checkout.settings())}

    assert groups.isdisjoint({"databases", "backups"})


def test_a_backup_is_late_by_its_own_schedule(settings: Settings) -> None:
    """The shop's after six hours and a grace, the guestbook's after a day."""
    old = {rule["expr"] for rule in rules(settings) if rule["alert"] == "BackupOld"}

    assert {int(expression.rpartition("> ")[2]) for expression in old} == {12 * 3600, 30 * 3600}


def test_the_error_budget_is_that_of_the_promise(settings: Settings) -> None:
    """99.9 % leaves 0.1 %; at 14.4 times that, 2 % of the month are used up in an hour."""
    (group,) = [group for group in alerts.rule_groups(settings) if group["name"] == "objectives-shop"]
    burning = [rule["expr"] for rule in group["rules"] if rule["alert"] == "ErrorBudgetBurning"]

    assert len(burning) == 3
    assert "> 0.0144 and" in burning[0]
    assert 'proxy=~"shop-web|shop-docs"' in burning[0]
    assert {rule["labels"].get("project") for rule in group["rules"] if rule["alert"] == "ErrorBudgetBurning"} == {"shop"}


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        ("30 2 * * *", 24),
        ("0 */6 * * *", 6),
        ("0 3 * * 1", 7 * 24),
        ("0 3 1 * *", 31 * 24),
        ("0 4,6 * * 1-5", 70),
        ("*/15 * * * *", 0.25),
    ],
)
def test_the_longest_silence_of_a_schedule(schedule: str, hours: float) -> None:
    """Between the last run of a day and the first of the next one that has any."""
    assert longest_gap_s(schedule) == hours * 3600


@pytest.mark.parametrize(
    "dashboard", [dashboards.fleet("x"), dashboards.project("x"), dashboards.database("x")], ids=lambda d: d["uid"]
)
def test_a_dashboards_panels_do_not_overlap(dashboard: dict[str, Any]) -> None:
    """Every cell of the grid belongs to one panel at most, and none hangs over the edge."""
    cells = [
        (x, y)
        for panel in dashboard["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_receivers_secret_addresses_are_named_only(settings: Settings) -> None:
    """The role finds the address by its name in a file that only root reads."""
    told = role(settings, "watch-1", "monitoring")

    assert told["receivers"] == [
        {"name": "ops", "kind": "email", "to": "ops@example.com", "secret": None},
        {"name": "chat", "kind": "slack", "to": None, "secret": "chat"},
    ]
    assert told["retention_days"] == 60
    assert {dashboard["uid"] for dashboard in told["dashboards"]} == {"flotilla-fleet", "flotilla-project", "flotilla-database"}


def test_each_role_with_a_declaration_of_its_own_is_a_role() -> None:
    """And the others are known to need none."""
    assert set(declarations.ROLES) == {Role.DB, Role.BACKUP, Role.MONITORING}


def test_servers_with_data_are_asked_by_the_backup_server_only(settings: Settings) -> None:
    """Its address is the only one that may come, for the volumes and the cluster that are there; it knows their host keys."""
    database, volumes = role(settings, "db-1", "backup-source"), role(settings, "app-1", "backup-source")
    keeper = role(settings, "vault-1", "backup")

    assert database == {
        "backup_servers": ["10.20.1.5"],
        "volumes": [],
        "database": {"port": 5432, "version": 15, "data_directory": "/mnt/data/postgresql/15/main"},
    }
    assert volumes["database"] is None
    assert volumes["volumes"]
    assert keeper["host_keys"] == {ADDRESSES[name]: HOST_KEYS[name] for name in ("app-1", "app-2", "db-1")}
    assert keeper["stanzas"]["db-1"]["databases"] == {"shop": "shop"}
