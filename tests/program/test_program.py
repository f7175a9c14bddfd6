"""
The whole program, as the engine sees it.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import grpc
import pytest

from tests.conftest import CA_KEY, PRIVATE_KEY, Checkout, RecordingMonitor


class ProviderRefusedError(grpc.RpcError):  # type: ignore[misc]  # grpc has no types
    """
    What the engine answers when a provider fails.
    """

    def code(self) -> Any:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


def test_the_outputs_document_is_complete(checkout: Checkout) -> None:
    """Version 1, as tools and documents read it."""
    assert checkout.program().stack_outputs == {
        "version": 1,
        "environment": {"name": "local", "domain": "flotilla.test", "zone": "flotilla.test"},
        "servers": {
            "app-1": {
                "ipv4": "127.10.0.11",
                "private_ip": "10.0.1.2",
                "type": "cx23",
                "location": "fsn1",
                "roles": ["app", "ingress"],
            }
        },
        "projects": {
            "guestbook": {
                "owner": "web-team",
                "urls": ["https://guestbook.flotilla.test"],
                "releases": [{"image": f"registry.flotilla.test:5000/guestbook@sha256:{'1' * 64}", "slot": "a", "weight": 100}],
            }
        },
        "unserved": [],
        "ingress": {"ipv4": "127.10.0.11"},
    }


def test_no_secret_is_in_the_outputs(checkout: Checkout) -> None:
    """Neither the SSH key nor the authority's."""
    text = json.dumps(checkout.program().outputs)

    assert PRIVATE_KEY not in text
    assert CA_KEY not in text


def test_dns_leads_to_the_ingress(checkout: Checkout) -> None:
    """Each of a project's names is an A record in the zone that Cloudflare has."""
    (found,) = checkout.program().of("cloudflare:index/dnsRecord:DnsRecord")

    assert (found.inputs["name"], found.inputs["type"], found.inputs["content"], found.inputs["proxied"]) == (
        "guestbook.flotilla.test",
        "A",
        "127.10.0.11",
        False,
    )


def test_without_releases_there_are_machines_and_a_swarm_but_no_ingress(checkout: Checkout) -> None:
    """A new environment comes up before anything was published."""
    (checkout.root / "releases" / "local.yaml").unlink()
    recording = checkout.program()

    assert recording.named("app-1-server")
    assert recording.of("docker:index/service:Service") == []
    assert recording.stack_outputs["unserved"] == ["guestbook"]


def test_a_second_server_joins_and_touches_nothing_of_the_first(checkout: Checkout) -> None:
    """Raising a count adds resources; what was there is asked for exactly as before."""
    before = {found.urn: found.inputs for found in checkout.program().registrations}
    path = checkout.root / "Pulumi.local.yaml"
    path.write_text(path.read_text().replace("count: 1", "count: 2"))
    after = checkout.program()

    assert after.named("local-app-2-join").depends_on >= {"app-2-ready", "local-swarm"}
    assert "stdin" in after.named("local-app-2-join").secrets
    assert set(before) <= {found.urn for found in after.registrations}


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_the_other_stacks_build_too(checkout: Checkout, stack: str) -> None:
    """The same program, with ACME and the SSH agent instead of files."""
    checkout.release(stack, ("1", "a", 100))
    recording = checkout.program(stack)
    configuration = recording.named(f"{stack}-configuration")

    assert "acme_ca https://" in configuration.inputs["stdin"]
    assert "privateKey" not in configuration.inputs["connection"]
    assert recording.stack_outputs["environment"]["name"] == stack


def refused(checkout: Checkout, caplog: pytest.LogCaptureFixture) -> str:
    """
    What the engine is told when the program ends by itself; it then adds nothing of its own.
    """
    with pytest.raises(SystemExit) as ended:
        checkout.program()
    assert ended.value.code == 32
    (message,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    return message


def test_settings_mistakes_are_one_error(checkout: Checkout, caplog: pytest.LogCaptureFixture) -> None:
    """All of them at once, without a traceback."""
    path = checkout.root / "projects" / "guestbook.yaml"
    path.write_text(path.read_text().replace("replicas: 1", "replicas: none\ncolour: red"))

    message = refused(checkout, caplog)

    assert "replicas: 'none'" in message
    assert "colour: unknown key" in message


def test_a_sandbox_that_was_never_started_says_so(checkout: Checkout, caplog: pytest.LogCaptureFixture) -> None:
    """Missing keys are named by their setting, with the command that makes them."""
    shutil.rmtree(checkout.root / ".flotilla")

    message = refused(checkout, caplog)

    assert message.startswith("access.public_key_file: .flotilla/ssh/id_ed25519.pub: ")
    assert "Run 'flotilla sandbox start'." in message


def test_a_zone_that_is_not_found_is_one_error_before_anything_is_registered(
    checkout: Checkout, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider's own words without the SDK's traceback, and no half of a fleet."""
    asked: list[str] = []

    def refuse(monitor: RecordingMonitor, request: Any) -> None:
        asked.extend(found.name for found in monitor.recording.registrations)
        raise ProviderRefusedError(f"invocation of {request.tok} returned an error: GET /zones: no. Correct it.")

    monkeypatch.setattr(RecordingMonitor, "Invoke", refuse)

    assert refused(checkout, caplog) == "zone flotilla.test: GET /zones: no. Correct it."
    assert asked == []
