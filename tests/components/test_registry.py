"""
Who logs in to the registry: the provider, for every service, and root on servers, for jobs and migrations.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pulumi_docker as docker
import pytest

from components.registry import LABEL, RegistryLogin
from components.scripts import run_job
from tests.complete_fleet import complete
from tests.conftest import Checkout, Recording, record

PROVIDER = "pulumi:providers:docker"
SERVICE = "docker:index/service:Service"
HOST = "registry.example.com"
PASSWORD = "the secret at secrets.registry.."


@pytest.fixture(scope="module")
def fleet(shared_checkout: Checkout) -> Recording:
    """Production with everything in it, which logs in as `robot$flotilla`."""
    return complete(shared_checkout).program("production")


def labels(recording: Recording) -> dict[str, list[dict[str, str]]]:
    return {found.name: found.inputs.get("labels", []) for found in recording.of(SERVICE)}


def test_the_provider_logs_in_for_every_service_and_keeps_the_password_secret(fleet: Recording) -> None:
    """No service has a login of its own: another one would replace it."""
    (provider,) = fleet.of(PROVIDER)

    assert json.loads(provider.inputs["registryAuth"]) == [
        {"address": HOST, "username": "robot$flotilla", "password": PASSWORD}
    ]
    assert "registryAuth" in provider.secrets
    assert len(fleet.of(SERVICE)) > 4
    assert not [found.name for found in fleet.of(SERVICE) if "auth" in found.inputs]


def label_with(user: str, password: str) -> str:
    """The value of the label of a service that is pulled with this login."""
    login = RegistryLogin(address=HOST, user=user, password=password)
    task = docker.ServiceTaskSpecArgs(container_spec=docker.ServiceTaskSpecContainerSpecArgs(image=f"{HOST}/shop"))
    recording = record(lambda: docker.Service("s", labels=login.labels(f"{HOST}/shop"), task_spec=task))
    assert "labels" not in recording.named("s").secrets
    return str(recording.named("s").inputs["labels"][0]["value"])


def test_services_are_updated_when_the_login_changes(fleet: Recording) -> None:
    """Each has a label that tells one login from another, which is all that it tells."""
    assert {label["label"] for found in labels(fleet).values() for label in found} == {LABEL}
    one = label_with("ci", "a")

    assert re.fullmatch("[0-9a-f]{8}", one)
    assert one == label_with("ci", "a")
    assert len({one, label_with("ci", "b"), label_with("other", "a")}) == 3


def test_an_image_from_elsewhere_is_pulled_without(checkout: Checkout) -> None:
    """The password is for one registry only; its services have no label, so that another password leaves them alone."""
    complete(checkout)
    path = checkout.root / "releases" / "production.yaml"
    path.write_text(path.read_text().replace(f"{HOST}/caddy", "registry.example.net/caddy"))
    found = labels(checkout.program("production"))

    assert found["production-caddy"] == []
    assert found["production-haproxy"] != []


def test_servers_that_pull_images_get_the_password_and_no_others(fleet: Recording) -> None:
    """On standard input, which is secret; the user's name is in the declaration."""
    hosts = {found.name: found for found in fleet.of("command:local:Command")}
    told = {name: json.loads(found.inputs["stdin"])["targets"][0] for name, found in hosts.items()}
    having = {name for name, target in told.items() if target["registry_password"]}

    assert having == {"app-1-roles", "app-2-roles"}
    assert told["app-1-roles"]["registry_password"] == PASSWORD
    assert told["app-1-roles"]["declaration"]["roles"]["docker"]["registry_user"] == "robot$flotilla"
    assert all("stdin" in found.secrets for found in hosts.values())


def test_without_a_user_nobody_logs_in(checkout: Checkout) -> None:
    """Nothing of it is in what the engine is told."""
    recording = checkout.program()

    assert "registryAuth" not in recording.of(PROVIDER)[0].inputs
    assert all("labels" not in found.inputs for found in recording.of(SERVICE))


def test_a_job_logs_in_only_where_its_image_is_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not at all on a server that has no login."""
    monkeypatch.setattr(run_job, "LOGINS", tmp_path / "config.json")
    assert run_job.login(f"{HOST}/shop@sha256:0") == {}

    (tmp_path / "config.json").write_text(json.dumps({"auths": {HOST: {"auth": "dTpw"}}}))
    assert run_job.login(f"{HOST}/shop@sha256:0").keys() == {"X-Registry-Auth"}
    assert run_job.login("registry.example.net/shop@sha256:0") == {}
