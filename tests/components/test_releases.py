"""
Releases side by side: services by digest, the switch after them, and nothing that a container does not need.
"""

from __future__ import annotations

import json

import yaml

from tests.conftest import Checkout

SERVICE = "docker:index/service:Service"


def change_project(checkout: Checkout, **changes: object) -> None:
    path = checkout.root / "projects" / "guestbook.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def test_a_release_is_a_service_named_with_its_digest(checkout: Checkout) -> None:
    """Another digest is another service, so that it is made beside the one that serves."""
    service = checkout.program().named("guestbook-web-11111111", SERVICE)
    container = service.inputs["taskSpec"]["containerSpec"]

    assert service.inputs["name"] == "guestbook-web-11111111"
    assert container["image"].endswith("@sha256:" + "1" * 64)
    assert service.inputs["taskSpec"]["networksAdvanceds"][0]["aliases"] == ["guestbook-web-a"]
    assert service.inputs["endpointSpec"] == {"mode": "dnsrr"}


def test_the_switch_comes_after_every_service_and_the_ingress(checkout: Checkout) -> None:
    """Traffic moves only when the new release is healthy and HAProxy runs."""
    checkout.release("local", ("1", "a", 90), ("2", "b", 10))
    switch = checkout.program().named("guestbook-web-app-1-switch")

    assert switch.depends_on >= {"guestbook-web-11111111", "guestbook-web-22222222", "local-haproxy"}


def test_a_canary_is_two_releases_with_weights(checkout: Checkout) -> None:
    """Both are waited for, and their weights are their shares."""
    checkout.release("local", ("1", "a", 90), ("2", "b", 10))
    request = json.loads(checkout.program().named("guestbook-web-app-1-switch").inputs["stdin"])

    assert request["weights"] == {"a": 256, "b": 28}
    assert request["replicas"] == {"a": 1, "b": 1}
    assert len(request["images"]) == 2


def test_recreate_keeps_one_name_and_one_slot_and_stops_first(checkout: Checkout) -> None:
    """A stateful app is never run twice, whichever slot its release is written in."""
    change_project(checkout, strategy="recreate")
    checkout.release("local", ("2", "b", 100))
    recording = checkout.program()
    service = recording.named("guestbook-web-service", SERVICE)
    request = json.loads(recording.named("guestbook-web-app-1-switch").inputs["stdin"])

    assert service.inputs["updateConfig"]["order"] == "stop-first"
    assert service.inputs["taskSpec"]["networksAdvanceds"][0]["aliases"] == ["guestbook-web-a"]
    assert request["weights"] == {"a": 256, "b": 0}


def test_containers_have_no_root_no_capabilities_nothing_writable_and_limits(checkout: Checkout) -> None:
    """The same holds for the projects' containers and the ingress' own."""
    services = checkout.program().of(SERVICE)

    assert {found.inputs["name"] for found in services} == {"guestbook-web-11111111", "caddy", "haproxy"}
    for found in services:
        task = found.inputs["taskSpec"]
        container = task["containerSpec"]
        assert int(container["user"].split(":")[0]) > 0
        assert container["readOnly"] is True
        assert container["capDrops"] == ["ALL"]
        assert container.get("capAdds", []) == (["NET_BIND_SERVICE"] if found.inputs["name"] == "caddy" else [])
        assert task["resources"]["limits"]["memoryBytes"] > 0
        assert task["logDriver"]["options"]["max-size"] == "10m"


def test_only_caddy_is_reachable_from_outside(checkout: Checkout) -> None:
    """HAProxy and the projects publish no port."""
    published = {
        found.inputs["name"]: [port["publishedPort"] for port in found.inputs["endpointSpec"].get("ports", [])]
        for found in checkout.program().of(SERVICE)
    }

    assert published == {"guestbook-web-11111111": [], "haproxy": [], "caddy": [80, 443, 443]}


def test_data_is_on_the_servers_disk_and_owned_by_the_project(checkout: Checkout) -> None:
    """The folder is made after the disk is mounted, before the container starts, and the container stays with it."""
    recording = checkout.program()
    service = recording.named("guestbook-web-11111111", SERVICE)
    mount = service.inputs["taskSpec"]["containerSpec"]["mounts"][0]

    assert (mount["source"], mount["target"]) == ("/mnt/data/guestbook/data", "/data")
    assert service.inputs["taskSpec"]["placement"]["constraints"] == ["node.hostname==app-1"]
    assert "guestbook-web-folders" in service.depends_on
    assert "app-1-data-mount" in recording.named("guestbook-web-folders").depends_on
    assert "OWNER=10001\n" in recording.named("guestbook-web-folders").inputs["stdin"]


def test_what_lives_in_the_swarm_goes_with_the_server_and_comes_back_on_another(checkout: Checkout) -> None:
    """Services and networks are forgotten with the machine, and made again when it is another one."""
    recording = checkout.program()
    server = recording.named("app-1-server")

    for found in [*recording.of(SERVICE), recording.named("local-network", "docker:index/network:Network")]:
        assert found.request.deletedWith == server.urn
        assert found.request.HasField("replacement_trigger")
        assert "::local-docker::" in found.request.provider


def test_servers_are_told_which_images_to_keep(checkout: Checkout) -> None:
    """A list on each server that runs containers, beside its roles: a release makes no server converge."""
    before = checkout.program()
    checkout.release("local", ("2", "a", 100))
    after = checkout.program()
    request = json.loads(after.named("guestbook-app-1-kept").inputs["stdin"])

    assert request["project"] == "guestbook"
    assert [image.rpartition(":")[2][:1] for image in request["images"]] == ["2"]
    assert before.named("app-1-roles").inputs == after.named("app-1-roles").inputs
