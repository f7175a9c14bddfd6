"""
What `flotilla sandbox status` tells without a running sandbox.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from ops import sandbox
from ops.errors import MissingToolError
from sandbox.instance import Instance, identity, save


def test_no_sandbox_is_no_error(tmp_path: Path) -> None:
    """Asking is always allowed."""
    found = sandbox.status(tmp_path)
    assert (found.instance, found.is_running, found.services) == (None, False, ())


def test_stopped_sandbox_shows_every_service_as_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing running and no Docker, all services are listed, and the next step is named."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    save(Instance(identity(tmp_path), tmp_path, 253))
    found = sandbox.status(tmp_path)
    assert not found.is_running
    assert [service.name for service in found.services] == ["docker", "hetzner api", "cloudflare api", "dns", "registry"]
    assert {service.state for service in found.services} == {sandbox.STOPPED, sandbox.MISSING}
    assert "flotilla sandbox start" in found.next_steps[0]


def test_publishing_needs_a_running_registry(tmp_path: Path) -> None:
    """Exit code 7, and nothing is built."""
    with pytest.raises(MissingToolError, match="flotilla sandbox start"):
        sandbox.publish(tmp_path)


def test_curl_line_can_be_pasted_whatever_the_folder_is_called(tmp_path: Path) -> None:
    """A checkout with blanks and quotes in its path still gives a line that a shell splits rightly."""
    instance = Instance("0a1b2c3d", Path("/home/me/it's mine"), 3)
    words = shlex.split(sandbox.curl(instance, "guestbook.flotilla.test"))
    assert words == [
        "curl",
        "--cacert",
        "/home/me/it's mine/.flotilla/ca/root.crt",
        "--doh-url",
        "https://127.10.3.1:8053/dns-query",
        "https://guestbook.flotilla.test/",
    ]
