"""
What policies and people are told of databases, backups, monitoring and the fleet, and how secrets reach who needs them.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components import fleet
from hosts.request import Request, read
from ops.errors import SettingsError
from tests.complete_fleet import PLANTED, complete
from tests.conftest import HOST_KEY, Checkout, Recording

LOCAL_COMMAND = "command:local:Command"


@pytest.fixture(scope="module")
def recording(shared_checkout: Checkout) -> Recording:
    """Production with everything in it, without its projects' containers."""
    return complete(shared_checkout).foundation("production")


def told(recording: Recording, kind: str) -> dict[str, dict[str, Any]]:
    return {found.name: dict(found.inputs) for found in recording.of(kind)}


def test_the_fleet_says_what_it_is_before_anything_else(recording: Recording) -> None:
    """Policies judge the environment by its first resource."""
    first = recording.registrations[0]

    assert (first.type, first.name) == ("flotilla:fleet:Fleet", "production")
    assert first.inputs["stack"] == first.inputs["environment"] == "production"
    assert first.inputs["budgetEur"] == 200
    assert first.inputs["compliance"] == {"dataRegion": "eu", "logRetentionDays": 90, "requiredLabels": ["environment"]}
    assert first.inputs["pools"]["vault"] == {
        "type": "cx23",
        "count": 1,
        "roles": ["backup"],
        "location": "hel1",
        "volumeGb": 200,
    }
    assert first.inputs["waivers"][0]["until"] == "2027-06-30"
    assert first.inputs["backup"]["offsite"] == {"kind": "sftp", "location": "hel1"}
    assert first.inputs["monitoring"]["receivers"] == [{"name": "ops", "kind": "email"}, {"name": "chat", "kind": "slack"}]


def test_a_database_says_whose_it_is_and_where(recording: Recording) -> None:
    """And its server how large it is."""
    assert told(recording, "flotilla:data:DatabaseServer") == {"db-1": {"server": "db-1", "memoryGb": 16, "cores": 8}}
    assert told(recording, "flotilla:data:Database") == {
        "shop": {
            "project": "shop",
            "name": "shop",
            "server": "db-1",
            "extensions": ["pg_trgm"],
            "poolSize": 20,
            "generation": 1,
        }
    }


def test_whoever_has_data_has_a_backup_that_says_what_it_covers(recording: Recording) -> None:
    """Each database, volume and ingress server by name, always encrypted, with the place of the copies."""
    found = told(recording, "flotilla:data:Backup")

    assert set(found) == {"guestbook", "ingress", "shop"}
    assert found["shop"] == {
        "project": "shop",
        "schedule": "0 */6 * * *",
        "retention": {"daily": 7, "weekly": 4, "monthly": 6},
        "offsite": {"kind": "sftp", "location": "hel1"},
        "drillIntervalDays": 14,
        "covers": ["database:shop", "volume:uploads"],
        "encrypted": True,
    }
    assert found["ingress"] == {
        **found["guestbook"],
        "project": "ingress",
        "covers": ["volume:certificates-app-1", "volume:certificates-app-2"],
    }


def test_monitoring_says_what_it_watches(recording: Recording) -> None:
    """Every server and every site, and who is told how."""
    (found,) = told(recording, "flotilla:monitoring:Monitoring").values()

    assert found["servers"] == ["app-1", "app-2", "db-1", "vault-1", "watch-1"]
    assert "https://shop.example.com/up" in found["targets"]
    assert {"DiskAlmostFull", "BackupOld", "ErrorBudgetBurning"} <= set(found["alerts"])
    assert found["receivers"] == [{"name": "ops", "kind": "email"}, {"name": "chat", "kind": "slack"}]
    assert found["retentionDays"] == 60


def requests(recording: Recording) -> dict[str, Request]:
    """What the roles of each server are asked for."""
    return {found.name: read(found.inputs["stdin"]) for found in recording.of(LOCAL_COMMAND)}


def test_every_server_is_made_what_its_roles_say(recording: Recording) -> None:
    """Once its first boot and its disk are there; in one request for each, of which nothing is plain in the state."""
    hosts = told(recording, "flotilla:compute:Host")

    assert {name: inputs["roles"] for name, inputs in hosts.items()} == {
        "app-1": ["app", "ingress"],
        "app-2": ["app", "ingress"],
        "db-1": ["db"],
        "vault-1": ["backup"],
        "watch-1": ["monitoring"],
    }
    assert requests(recording).keys() == {f"{name}-roles" for name in hosts}
    for name in hosts:
        step = recording.named(f"{name}-roles")
        assert step.depends_on >= {f"{name}-ready", f"{name}-data-mount"}
        assert "stdin" in step.secrets
        (target,) = read(step.inputs["stdin"]).targets
        assert (target.declaration["server"], target.host_key) == (name, HOST_KEY)


def test_backups_are_fetched_from_databases_that_are_there(recording: Recording) -> None:
    """The backup server comes after the database servers; nobody waits for it."""
    assert "db-1-roles" in recording.named("vault-1-roles").depends_on
    assert not [found.name for found in recording.registrations if "vault-1-roles" in found.depends_on]


def leads_to(recording: Recording, server: str) -> dict[str, str]:
    """Where a watcher thinks that the shop's names lead: {kind of record: pattern of the address}."""
    (target,) = requests(recording)[f"{server}-roles"].targets
    modules = target.declaration["roles"]["monitoring"]["blackbox_modules"].values()
    return {
        module["dns"]["query_type"]: module["dns"]["validate_answer_rrs"]["fail_if_not_matches_regexp"][0]
        for module in modules
        if module["prober"] == "dns" and module["dns"]["query_name"] == "shop.example.com"
    }


@pytest.mark.parametrize("entry", ["server", "floating-ip", "load-balancer"])
def test_watchers_know_where_names_are_declared_to_lead(checkout: Checkout, entry: str) -> None:
    """The addresses of the entry, whatever it is."""

    def one_server(environment: dict[str, Any]) -> None:
        environment["servers"]["app"]["count"] = 1
        environment["ingress"]["entry"] = entry

    complete(checkout).change_environment("production", one_server)
    recording = checkout.foundation("production")
    declared = recording.stack_outputs["entry"]
    found = leads_to(recording, "watch-1")

    assert set(found) == {"A", "AAAA"}
    assert re.search(found["A"], f"shop.example.com.\t300\tIN\tA\t{declared['ipv4']}")
    assert re.search(found["AAAA"], f"shop.example.com.\t300\tIN\tAAAA\t{declared['ipv6']}")


def test_a_watcher_that_runs_containers_itself_does_not_wait_for_itself(checkout: Checkout) -> None:
    """A load balancer sends requests to a server once it is in the swarm, so after its roles: they need its address before."""

    def one_pool(environment: dict[str, Any]) -> None:
        del environment["servers"]["watch"]
        environment["servers"]["app"]["roles"] = ["app", "ingress", "monitoring"]
        environment["ingress"]["entry"] = "load-balancer"

    complete(checkout).change_environment("production", one_pool)
    recording = checkout.foundation("production")

    assert set(leads_to(recording, "app-1")) == {"A", "AAAA"}
    assert "app-1-roles" in recording.named("production-swarm", "command:remote:Command").depends_on
    assert "production-entry-balancer" in recording.named("app-1-roles").depends_on
    assert not {name for name in recording.named("app-1-roles").depends_on if name.startswith("production-entry-settled")}


def test_what_fails_before_there_is_an_entry_is_said_and_not_waited_for(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watchers wait for its address; the program ends all the same."""

    def failing(*_: object) -> None:
        raise SettingsError("there is no such cluster")

    complete(checkout)
    monkeypatch.setattr(fleet, "build_cluster", failing)
    with pytest.raises(SettingsError, match="no such cluster"):
        checkout.foundation("production")


def test_containers_come_to_servers_that_are_what_their_roles_say(recording: Recording) -> None:
    """Docker's settings are there before the swarm is."""
    first = recording.named("production-swarm", "command:remote:Command")

    assert "app-1-roles" in first.depends_on
    assert "app-2-roles" in recording.named("production-app-2-join").depends_on


def test_addresses_that_alerts_go_to_reach_the_watchers_and_nobody_else(recording: Recording) -> None:
    """As secrets on standard input, and only those that a receiver names."""
    having = {name: dict(request.targets[0].notifications) for name, request in requests(recording).items()}

    assert having.pop("watch-1-roles") == {name: f"the secret at secrets.notifications.{name}" for name in ("chat", "mail")}
    assert not any(having.values())


def test_a_declaration_says_nothing_secret(recording: Recording) -> None:
    """It is written down on the server, and shown where it differs."""
    for request in requests(recording).values():
        assert not [secret for secret in PLANTED if secret in json.dumps(request.targets[0].declaration)]


def test_without_a_policy_and_monitoring_there_is_nothing_of_both(checkout: Checkout) -> None:
    """A small environment has neither, and says so to policies."""
    recording = checkout.foundation()

    assert not recording.of("flotilla:data:Backup") + recording.of("flotilla:monitoring:Monitoring")
    assert not {"backup", "monitoring"} & {key for key, value in recording.registrations[0].inputs.items() if value}
