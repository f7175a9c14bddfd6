"""
The whole program, as the engine sees it.
"""

from __future__ import annotations

import shutil
from typing import Any

import grpc
import pytest

from tests.conftest import Checkout, Recording, RecordingMonitor


class ProviderRefusedError(grpc.RpcError):  # type: ignore[misc]  # grpc has no types
    """
    What the engine answers when a provider fails.
    """

    def code(self) -> Any:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


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


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_the_other_stacks_build_too(checkout: Checkout, stack: str) -> None:
    """The same program, with ACME and the SSH agent instead of files."""
    checkout.release(stack, ("1", "a", 100))
    recording = checkout.program(stack)
    configuration = recording.named(f"{stack}-app-1-configuration")

    assert "cert_issuer acme https://" in configuration.inputs["stdin"]
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
    recordings: list[Recording] = []

    def refuse(monitor: RecordingMonitor, request: Any) -> None:
        recordings.append(monitor.recording)
        raise ProviderRefusedError(f"invocation of {request.tok} returned an error: GET /zones: no. Correct it.")

    monkeypatch.setattr(RecordingMonitor, "Invoke", refuse)

    assert refused(checkout, caplog) == "zone flotilla.test: GET /zones: no. Correct it."
    # Looked at after the program has ended: the SDK registers what was made even when a program fails.
    assert recordings
    assert recordings[0].registrations == []
