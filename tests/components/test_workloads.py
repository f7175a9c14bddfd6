"""
What projects run, on a production with everything in it: every kind of process, hardened alike, in the right order.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from components import naming, service
from components.job import service_spec
from sandbox.plugins.docker.service_spec import service_properties
from tests.complete_fleet import complete
from tests.conftest import Checkout, Recording, record

SERVICE = "docker:index/service:Service"


@pytest.fixture(scope="module")
def fleet(shared_checkout: Checkout) -> Recording:
    """The shop: web, worker, job and static, on two servers with the ingress."""
    return complete(shared_checkout).program("production")


def container(recording: Recording, prefix: str) -> dict[str, Any]:
    (found,) = [found for found in recording.of(SERVICE) if found.inputs["name"].startswith(prefix)]
    return dict(found.inputs["taskSpec"]["containerSpec"])


def stdin(recording: Recording, name: str) -> dict[str, Any]:
    return dict(json.loads(recording.named(name).inputs["stdin"]))


def test_each_kind_of_process_is_its_own_component(fleet: Recording) -> None:
    """Called after project and process; the main one is called like its kind."""
    kinds = {
        (found.name, found.type)
        for found in fleet.components()
        if found.type.startswith("flotilla:app:") and found.name.startswith("shop")
    }

    assert kinds == {
        ("shop", "flotilla:app:KeptReleases"),
        ("shop", "flotilla:app:Secrets"),
        ("shop-web", "flotilla:app:App"),
        ("shop-mailer", "flotilla:app:Worker"),
        ("shop-report", "flotilla:app:Job"),
        ("shop-docs", "flotilla:app:StaticSite"),
    }


def test_only_what_answers_requests_has_a_route(fleet: Recording) -> None:
    """Workers and jobs have no backend, on no server."""
    routes = {found.name for found in fleet.of("flotilla:ingress:Route") if found.name.startswith("shop")}

    assert routes == {"shop-web", "shop-docs"}


def test_every_ingress_server_has_every_route_and_site(fleet: Recording) -> None:
    """Whichever server a request reaches, it knows the project; each says that it is ready only after that."""
    for server in ("app-1", "app-2"):
        for name in (f"shop-web-{server}-switch", f"shop-docs-{server}-switch", f"shop-{server}-caddy"):
            assert name in fleet.named(f"production-{server}-open").depends_on


def test_names_are_in_dns_before_an_authority_is_asked_about_them(fleet: Recording) -> None:
    """Addresses, and who may issue."""
    before = fleet.named("shop-app-1-caddy").depends_on

    assert any(name.startswith("shop-shop.") and name.endswith("-A") for name in before), before
    assert any("-CAA-" in name for name in before), before


def test_the_ingress_is_everywhere_and_knows_its_peers(fleet: Recording) -> None:
    """One container on each labelled server, whatever their number is; only the addresses of the others differ."""
    for name in ("caddy", "haproxy"):
        found = fleet.named(f"production-{name}", SERVICE).inputs
        assert found["mode"] == {"global": True}
        assert found["taskSpec"]["placement"]["constraints"] == ["node.labels.flotilla.ingress==true"]
        assert "convergeConfig" not in found  # the official provider refuses it with this mode


def test_a_second_ingress_server_changes_no_service(checkout: Checkout) -> None:
    """From one to two: services are asked for as before, and only steps and what stands in front are added."""
    before = checkout.program()
    checkout.change_environment("local", lambda found: found["servers"]["app"].update(count=2))
    after = checkout.program()

    services = {found.name: found.inputs for found in after.of(SERVICE)}
    assert {found.name: found.inputs for found in before.of(SERVICE)} == services
    added = {found.name for found in after.registrations} - {found.name for found in before.registrations}
    assert {"local-app-2-configuration", "guestbook-app-2-caddy", "guestbook-web-app-2-switch", "local-app-2-open"} <= added
    assert {found.name for found in before.registrations} <= {found.name for found in after.registrations}


def test_policies_see_what_a_site_does(fleet: Recording) -> None:
    """Names, where certificates come from, and what holds for all."""
    site = fleet.named("shop", "flotilla:ingress:Site").inputs

    assert site["project"] == "shop"
    assert [name.partition(".")[0] for name in site["hostnames"]] == ["shop", "docs"]
    assert [name.partition(".")[0] for name in site["redirects"]] == ["old-shop"]
    assert (site["tls"], site["httpsOnly"], site["hsts"], site["maintenance"]) == ("acme", True, True, False)


def test_policies_see_what_a_job_does(fleet: Recording) -> None:
    """Its schedule, image, limits and hardening."""
    job = fleet.named("shop-report", "flotilla:app:Job").inputs

    assert (job["project"], job["schedule"], job["user"], job["readOnly"]) == ("shop", "15 3 * * 1", "10001", True)
    assert "@sha256:" in job["image"]
    assert job.keys() >= {"memoryMb", "cpus", "timeoutS"}


def test_a_secret_is_a_file_and_its_value_is_nowhere_in_plain(fleet: Recording) -> None:
    """A process gets those that it names, as files of its own user, and the path in its environment."""
    web, mailer, docs = (container(fleet, f"shop-{name}") for name in ("web", "mailer", "docs"))

    assert [found["fileName"] for found in web["secrets"]] == ["SESSION_KEY", "DATABASE_URL", "DATABASE_AUTHORITY"]
    assert sorted(found["fileName"] for found in mailer["secrets"]) == [
        "DATABASE_AUTHORITY",
        "DATABASE_URL",
        "PAYMENT_TOKEN",
        "SESSION_KEY",
    ]
    assert "secrets" not in docs
    assert web["env"]["SESSION_KEY_FILE"] == "/run/secrets/SESSION_KEY"
    assert {(found["fileUid"], found["fileMode"]) for found in web["secrets"] + mailer["secrets"]} == {("10001", 0o400)}
    for found in fleet.of("docker:index/secret:Secret"):
        assert "data" in found.secrets
        assert found.inputs["name"].startswith("shop-")


def test_another_value_is_another_secret() -> None:
    """Its name changes with the value, with the project and with its own name, and is the same for the same."""
    one = naming.suffix("shop", "KEY", "value")

    assert one == naming.suffix("shop", "KEY", "value")
    assert (
        len({one, *(naming.suffix(*other) for other in (("shop", "KEY", "x"), ("shop", "K", "value"), ("s", "KEY", "value")))})
        == 4
    )


def test_a_worker_is_not_asked_what_only_a_web_process_answers(fleet: Recording) -> None:
    """The image's own health check, which asks over HTTP, is off; the site of files keeps it."""
    assert container(fleet, "shop-mailer")["healthcheck"] == {"tests": ["NONE"]}
    assert "tests" not in container(fleet, "shop-docs")["healthcheck"]


def test_what_has_no_data_runs_on_any_server_for_apps(fleet: Recording) -> None:
    """And what has, where the data is."""
    placements = {
        found.inputs["name"].rpartition("-")[0] or found.inputs["name"]: found.inputs["taskSpec"]["placement"]["constraints"]
        for found in fleet.of(SERVICE)
        if found.inputs["name"].startswith("shop")
    }

    assert placements["shop-docs"] == placements["shop-mailer"] == ["node.labels.flotilla.app==true"]
    assert placements["shop"] == ["node.hostname==app-1"]


def test_maintenance_closes_the_routes_and_leaves_caddy_alone(checkout: Checkout) -> None:
    """No server gets a request; the site's text, which Caddy would be reloaded for, is the same."""
    before = checkout.program()
    path = checkout.root / "projects" / "guestbook.yaml"
    path.write_text(path.read_text() + "\nmaintenance: true\n")
    after = checkout.program()

    assert stdin(after, "guestbook-web-app-1-switch")["weights"] == {"a": 0, "b": 0}
    assert stdin(after, "guestbook-web-app-1-switch")["replicas"] == {}
    assert after.named("guestbook-app-1-caddy").inputs["stdin"] == before.named("guestbook-app-1-caddy").inputs["stdin"]
    assert after.named("guestbook", "flotilla:ingress:Site").inputs["maintenance"] is True


def test_a_job_is_installed_where_services_can_be_started(fleet: Recording) -> None:
    """On the swarm's manager, with its schedule as systemd writes it and a limit that lies beyond the job's own."""
    request = stdin(fleet, "shop-report-timer")
    job = json.loads(request["job"])

    assert fleet.named("shop-report-timer").request.deletedWith == fleet.named("app-1-server").urn
    assert "OnCalendar=Mon *-*-* 03:15:00 UTC" in request["timer"]
    assert "Persistent=true" in request["timer"]
    assert f"TimeoutStartSec={job['timeout_s'] + 180}" in request["service"]
    assert job["service"]["Mode"] == {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}


def test_a_jobs_container_is_as_hardened_as_a_services() -> None:
    """Its description, which goes to Docker directly, says what the provider would say for the same container."""
    made = service.Container(
        image="registry.example.com/shop@sha256:1",
        user=10001,
        network_id="network",
        arguments=["report"],
        env={"KEY_FILE": "/run/secrets/KEY"},
        folders={"/data": ("/mnt/data/shop/data", False)},
        secrets=[service.SecretFile(name="KEY", secret_id="1", secret_name="shop-key-1")],
        probe=service.Probe(is_off=True),
        memory_mb=64,
        cpus=0.25,
        reserved_memory_mb=32,
        reserved_cpus=0.1,
        stop_grace_s=20,
        constraints=["node.hostname==app-1"],
        labels={"flotilla.project": "shop"},
    )
    job = service_properties(service_spec("shop-report", made))["taskSpec"]
    assert job.pop("restartPolicy") == {"condition": "none"}

    assert job == service_properties({"TaskTemplate": _as_provider(made)})["taskSpec"]


def _as_provider(made: service.Container) -> dict[str, Any]:
    """
    The task of a service with this container, as it reaches Docker through the provider.
    """
    import pulumi
    import pulumi_docker as docker

    from sandbox.plugins.docker.service_spec import service_spec as rendered

    recording = record(lambda: docker.Service("s", name="s", task_spec=service.task_spec(made), opts=pulumi.ResourceOptions()))
    task = rendered(recording.of(SERVICE)[0].inputs)["TaskTemplate"]
    del task["RestartPolicy"]
    return dict(task)


def test_a_release_starts_after_its_migration_and_that_after_the_database(fleet: Recording) -> None:
    """Whatever runs of the project waits for it, the job's timer too; the passwords come after the server that knows them."""
    (migration,) = [found.name for found in fleet.of("command:remote:Command") if found.name.startswith("shop-migration-")]

    for kind in ("web", "mailer", "docs"):
        (started,) = [found for found in fleet.of(SERVICE) if found.inputs["name"].startswith(f"shop-{kind}")]
        assert migration in started.depends_on, kind
    assert migration in fleet.named("shop-report-timer").depends_on
    assert "db-1-roles" in fleet.named("shop-DATABASE_URL", "docker:index/secret:Secret").depends_on


def test_a_migration_is_the_owners_and_goes_past_the_pooler(fleet: Recording) -> None:
    """In the main process' image with its secrets; the address in the file of the same name is another one, and only there."""
    (name,) = [found.name for found in fleet.of("command:remote:Command") if found.name.startswith("shop-migration-")]
    spec = json.loads(stdin(fleet, name)["job"])["service"]["TaskTemplate"]["ContainerSpec"]
    urls = {
        found.name: base64.b64decode(found.inputs["data"]).decode()
        for found in fleet.of("docker:index/secret:Secret")
        if found.name.endswith("_URL")
    }

    assert spec["Args"] == ["migrate"]
    assert "@sha256:" in spec["Image"]
    assert {secret["File"]["Name"] for secret in spec["Secrets"]} == {"SESSION_KEY", "DATABASE_URL", "DATABASE_AUTHORITY"}
    (own,) = [secret["SecretName"] for secret in spec["Secrets"] if secret["File"]["Name"] == "DATABASE_URL"]
    assert own.startswith("shop-database_owner_url-")
    assert urls["shop-DATABASE_URL"].startswith("postgresql://shop_app_1:")
    assert ":6432/shop?sslmode=verify-full&sslrootcert=/run/secrets/DATABASE_AUTHORITY" in urls["shop-DATABASE_URL"]
    assert urls["shop-DATABASE_OWNER_URL"].startswith("postgresql://shop_owner_1:")
    assert ":5432/shop?" in urls["shop-DATABASE_OWNER_URL"]
    assert spec["Mounts"] == [{"Type": "tmpfs", "Target": service.SCRATCH}]
