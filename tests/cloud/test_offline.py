"""
The clouds for previews, through the official clients.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from cloudflare import Cloudflare
from hcloud import APIException, Client

from sandbox.cloud.offline import Clouds, serve


@pytest.fixture(scope="module")
def clouds() -> object:
    with serve(["example.com", "example.org"]) as running:
        yield running


def hetzner(clouds: Clouds) -> Client:
    return Client(clouds.hetzner_token, api_endpoint=clouds.hetzner_url)


def test_zones_are_found_by_name(clouds: Clouds) -> None:
    """A preview's lookup of a zone finds each zone that was named, and no other."""
    client = Cloudflare(api_token=clouds.cloudflare_token, base_url=clouds.cloudflare_url)
    assert [zone.name for zone in client.zones.list(name="example.org")] == ["example.org"]
    assert not list(client.zones.list(name="example.net"))


def test_catalogue_is_there(clouds: Clouds) -> None:
    """Data sources of a preview find locations, server types and images."""
    client = hetzner(clouds)
    assert client.locations.get_by_name("hel1").network_zone == "eu-central"
    assert client.server_types.get_by_name("cx23").cores == 2
    assert client.images.get_by_name_and_architecture("debian-12", "x86").os_flavor == "debian"


def test_nothing_can_be_made(clouds: Clouds) -> None:
    """Whoever tries to create a server here is refused: these clouds are for previews."""
    with pytest.raises(APIException) as refusal:
        hetzner(clouds)._client.request("POST", "/servers", json={"name": "web-1"})
    assert refusal.value.code == "not_found"


def test_tokens_are_needed_and_do_not_show(clouds: Clouds) -> None:
    """Another token is refused, and the right ones are in no representation that a log could hold."""
    with pytest.raises(APIException, match="unable to authenticate"):
        Client("wrong", api_endpoint=clouds.hetzner_url).locations.get_all()
    assert clouds.hetzner_token not in repr(clouds)
    assert clouds.cloudflare_token not in repr(clouds)


def test_environment_names_loopback_only(clouds: Clouds) -> None:
    """What a preview is told leads to this machine only."""
    environment = clouds.environment
    assert all(environment[name].startswith("http://127.0.0.1:") for name in ("HCLOUD_ENDPOINT", "CLOUDFLARE_BASE_URL"))
    assert set(environment) == {"HCLOUD_ENDPOINT", "HCLOUD_TOKEN", "CLOUDFLARE_BASE_URL", "CLOUDFLARE_API_TOKEN"}


def test_docker_is_not_imported() -> None:
    """The clouds for previews work where the docker package and a daemon are missing."""
    code = "import sys; sys.modules['docker'] = None; from sandbox.cloud.offline import serve\nwith serve(['a.test']): pass"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
