"""
The server that watches the others: right files, in the right order, and secrets only where they are read.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from components import declarations
from hosts.host import Host
from hosts.items import Absent, File, Packages
from hosts.roles import monitoring
from hosts.roles.monitoring import alertmanager, prometheus
from ops.errors import SettingsError
from tests.complete_fleet import complete
from tests.conftest import Checkout

ADDRESSES = {"app-1": "10.20.1.2", "app-2": "10.20.1.3", "db-1": "10.20.1.4", "vault-1": "10.20.1.5", "watch-1": "10.20.1.6"}
ENTRY = {"A": "203.0.113.7"}
SECRETS = {"chat": "https://hooks.example.com/T0/secret", "mail": "secret password", "hook": "https://example.com/a-secret"}


@pytest.fixture
def host(checkout: Checkout) -> Host:
    """The one that watches production with everything in it."""
    settings = complete(checkout).settings("production")
    return Host(
        declaration=declarations.declaration(settings, "watch-1", ADDRESSES, {}, ENTRY), key="k" * 40, notifications=SECRETS
    )


def files(host: Host) -> dict[str, File]:
    return {item.path: item for item in monitoring.wanted(host) if isinstance(item, File)}


def told(host: Host, **more: Any) -> dict[str, Any]:
    return {**host.roles["monitoring"], **more}


def test_every_daemon_listens_on_loopback_only(host: Host) -> None:
    """People come by ssh; and a new daemon has our arguments before its package starts it."""
    items = list(monitoring.wanted(host))
    drop_ins = [item for item in items if item.name.endswith(".service.d/flotilla.conf")]
    package = next(number for number, item in enumerate(items) if isinstance(item, Packages))

    assert len(drop_ins) == 3
    assert all(items.index(item) < package for item in drop_ins)
    assert all(isinstance(item, File) and "--web.listen-address=127.0.0.1:" in item.content for item in drop_ins)
    assert "--cluster.listen-address= \n" in drop_ins[1].content.replace("=\nRestart", "= \nRestart")  # type: ignore[attr-defined]


def test_configuration_is_judged_by_its_own_program_before_it_counts(host: Host) -> None:
    """Rules come before the configuration that names them."""
    found = files(host)
    checks = {path.rpartition("/")[2]: item.check[0].rpartition("/")[2] for path, item in found.items() if item.check}
    order = list(found)

    assert checks == {
        "blackbox.yml": "prometheus-blackbox-exporter",
        "alertmanager.yml": "amtool",
        "rules.yml": "promtool",
        "prometheus.yml": "promtool",
    }
    assert order.index(prometheus.RULES) < order.index(prometheus.CONFIGURATION)
    assert all("{new}" in " ".join(item.check) for item in found.values() if item.check)


def test_prometheus_has_every_job_and_rule_and_keeps_them_on_the_disk(host: Host) -> None:
    """For as long as the settings say."""
    found = files(host)
    document = yaml.safe_load(found[prometheus.CONFIGURATION].content)
    rules = yaml.safe_load(found[prometheus.RULES].content)
    start = found["/etc/systemd/system/prometheus.service.d/flotilla.conf"].content

    assert document["scrape_configs"] == json.loads(json.dumps(host.roles["monitoring"]["scrape_configs"]))
    assert rules == {"groups": host.roles["monitoring"]["rule_groups"]}
    assert document["global"]["external_labels"] == {"environment": "production"}
    assert "--storage.tsdb.path=/mnt/data/prometheus --storage.tsdb.retention.time=60d" in start
    assert "RequiresMountsFor=/mnt/data/prometheus" in start


def test_secrets_are_in_files_that_only_their_reader_reads(host: Host) -> None:
    """Slack's address and the password for mail in one each; the configuration names the files."""
    for secret in (SECRETS["chat"], SECRETS["mail"]):
        holding = [item for item in files(host).values() if secret in item.content]
        assert [(item.mode, item.owner, item.is_secret) for item in holding] == [(0o600, "prometheus", True)]
    assert not [item for item in files(host).values() if SECRETS["hook"] in item.content]


def test_everybody_is_told_everything_and_again_what_is_critical(host: Host) -> None:
    """By mail and chat at once."""
    document = yaml.safe_load(files(host)[alertmanager.CONFIGURATION].content)
    [everybody] = document["receivers"]

    assert [config["to"] for config in everybody["email_configs"]] == ["ops@example.com"]
    assert everybody["slack_configs"][0]["api_url_file"] == "/etc/flotilla/monitoring/secrets/chat"
    assert {route["matchers"][0]: route["repeat_interval"] for route in document["route"]["routes"]} == {
        "severity=critical": "1h",
        "severity=warning": "1d",
    }
    assert document["global"] == {
        "smtp_smarthost": "mail.example.net:587",
        "smtp_from": "flotilla@example.com",
        "smtp_require_tls": True,
        "smtp_auth_username": "flotilla",
        "smtp_auth_password_file": "/etc/flotilla/monitoring/secrets/mail",
    }


def test_with_a_webhook_the_whole_configuration_is_secret(host: Host) -> None:
    """Debian's Alertmanager knows no file for its address: the configuration is not shown, and only Alertmanager reads it."""
    hook = {"name": "hook", "kind": "webhook", "to": None, "secret": "hook"}
    declaration = {**host.declaration, "roles": {**host.roles, "monitoring": told(host, receivers=[hook], mail=None)}}
    [holding] = [
        item for item in files(Host(declaration=declaration, notifications=SECRETS)).values() if SECRETS["hook"] in item.content
    ]

    assert (holding.path, holding.mode, holding.owner) == (alertmanager.CONFIGURATION, 0o600, "prometheus")
    assert holding.is_secret
    assert not files(host)[alertmanager.CONFIGURATION].is_secret


@pytest.mark.parametrize("address", ["", "not an address", "ftp://example.com/x", "https://", "https://example.com/a\nb: c"])
def test_a_wrong_address_is_refused_without_being_quoted(host: Host, address: str) -> None:
    """amtool would quote it in its complaint."""
    with pytest.raises(SettingsError, match=r"notifications\.chat is no http or https address") as refused:
        monitoring.wanted(Host(declaration=host.declaration, notifications={**SECRETS, "chat": address}))
    assert not address or address not in str(refused.value)


def test_a_missing_secret_is_refused(host: Host) -> None:
    """Alerts that reach nobody look like good health."""
    with pytest.raises(SettingsError, match=r"notifications\.mail has no value") as refused:
        monitoring.wanted(Host(declaration=host.declaration, notifications={"chat": SECRETS["chat"]}))
    assert "Set it with `flotilla secrets set notifications.mail -s production`." in str(refused.value)


def test_without_receivers_alertmanager_still_has_somebody_to_route_to(host: Host) -> None:
    """It would not start otherwise."""
    declaration = {**host.declaration, "roles": {**host.roles, "monitoring": told(host, receivers=[], mail=None)}}
    document = alertmanager.configuration(Host(declaration=declaration))

    assert document["receivers"] == [{"name": "everybody"}]
    assert document["route"]["receiver"] == "everybody"


def test_dashboards_are_where_a_grafana_reads_them(host: Host) -> None:
    """With the data source that their panels name, and the folder that the provider names."""
    found = files(host)
    source = yaml.safe_load(found["/etc/grafana/provisioning/datasources/flotilla.yml"].content)["datasources"][0]
    folder = yaml.safe_load(found["/etc/grafana/provisioning/dashboards/flotilla.yml"].content)["providers"][0]
    dashboards = {path: json.loads(item.content) for path, item in found.items() if path.endswith(".json")}

    assert len(dashboards) == 3
    assert all(path.startswith(folder["options"]["path"]) for path in dashboards)
    named = {panel["datasource"]["uid"] for dashboard in dashboards.values() for panel in dashboard["panels"]}
    assert named == {source["uid"]}


def test_a_root_is_trusted_only_where_there_is_an_authority_of_ones_own(host: Host) -> None:
    """Elsewhere an old one goes."""
    own = told(host, authority="a certificate\n")
    declaration = {**host.declaration, "roles": {**host.roles, "monitoring": own}}

    assert next(item for item in monitoring.wanted(host) if isinstance(item, Absent)).path.endswith("authority.crt")
    assert files(Host(declaration=declaration, notifications=SECRETS))[
        "/etc/flotilla/monitoring/authority.crt"
    ].content.startswith("a cert")
