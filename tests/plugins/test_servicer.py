"""
What every stand-in does the same: where it may act, what it refuses, what it tells the engine.
"""

import subprocess
import sys
from pathlib import Path

import grpc
import pytest

from ops.errors import RefusedError
from sandbox.plugins import servicer
from sandbox.plugins.loopback import is_loopback, require_loopback_url
from sandbox.plugins.provider import PartialFailureError, Provider, Resource
from sandbox.plugins.registry import PROVIDERS
from sandbox.plugins.schema import Schema
from sandbox.plugins.values import decode, encode
from sandbox.plugins.wire import provider_pb2, status_pb2
from tests.plugins.clouds import TOKEN

CHECKOUT = Path(__file__).resolve().parents[2]
NETWORK = "hcloud:index/network:Network"
NET = {"name": "net", "ipRange": "10.0.0.0/16"}


class Thing(Resource):
    """
    A resource of a provider that is not in the registry.
    """

    token = "probe:index:Thing"
    secret_outputs = frozenset({"password"})
    unstable_outputs = frozenset({"revision"})

    def create(self, context, inputs):
        if inputs.get("mode") == "half":
            raise PartialFailureError("id-1", {**inputs, "revision": 1}, "thing: it is there but ill. See the log.")
        if inputs.get("mode") == "defect":
            raise KeyError("nope")
        return "id-1", {**inputs, "revision": 1, "password": "pw"}

    def read(self, context, id, inputs):
        return None

    def delete(self, context, id, state):
        context.log("info", "deleting")


class Probe(Provider):
    """
    A provider with nothing behind it.
    """

    name = "probe"
    resources = [Thing]  # noqa: RUF012

    def check_endpoint(self):
        return None

    def configure(self, config):
        return None


SCHEMA = Schema(
    {
        "name": "probe",
        "version": "1.2.3",
        "config": {"size": "integer", "names": {"list": "string"}, "word": "string"},
        "functions": {},
        "types": {},
        "resources": {
            "probe:index:Thing": {
                "inputs": {"mode": "string", "note": "string"},
                "required": [],
                "outputs": ["mode", "note", "revision", "password"],
            }
        },
    }
)


@pytest.fixture
def probe(start_plugin, monkeypatch):
    monkeypatch.setattr(servicer, "provider_class", lambda _: Probe)
    monkeypatch.setattr(servicer.schemas, "load", lambda _: SCHEMA)
    plugin = start_plugin("probe")
    plugin.configure()
    return plugin


@pytest.mark.parametrize("stack", ["production", "staging", "locals", "mylocal"])
def test_other_stacks_are_only_previewed(start_plugin, hetzner_url, stack):
    """On a stack that is not a sandbox stack a preview works, and every change is refused with the way out."""
    plugin = start_plugin("hcloud", stack)
    plugin.configure(token="a-made-up-token", endpoint=hetzner_url)
    planned = plugin.create(NETWORK, "net", NET, preview=True)
    planned.id = "7"
    for change in (plugin.create, plugin.update, plugin.delete):
        arguments = {"create": (NET,), "update": (planned, NET), "delete": (planned,)}[change.__name__]
        with pytest.raises(
            grpc.RpcError, match=rf"stack {stack} is not a sandbox stack.*pulumi plugin install resource hcloud"
        ):
            change(NETWORK, "net", *arguments)


@pytest.mark.parametrize("stack", ["local", "local-2"])
def test_sandbox_stacks_are_changed(start_plugin, hetzner_url, stack):
    """`local` and `local-*` are the sandbox's."""
    plugin = start_plugin("hcloud", stack)
    plugin.configure(token="a-made-up-token", endpoint=hetzner_url)
    assert plugin.create(NETWORK, "net", NET).id


@pytest.mark.parametrize(
    ("name", "config", "setting"),
    [
        ("hcloud", {"token": "x"}, "hcloud:endpoint"),
        ("hcloud", {"token": "x", "endpoint": "http://203.0.113.9/v1"}, "hcloud:endpoint"),
        (
            "hcloud",
            {"token": "x", "endpoint": "http://127.0.0.1:1/v1", "endpointHetzner": "https://api.hetzner.com"},
            "endpointHetzner",
        ),
        ("cloudflare", {"apiToken": "x"}, "cloudflare:baseUrl"),
        ("cloudflare", {"apiToken": "x", "baseUrl": "https://127.0.0.1.example.com/client/v4"}, "cloudflare:baseUrl"),
    ],
)
def test_only_loopback_endpoints_are_taken(start_plugin, name, config, setting):
    """Without an endpoint the real one would be used: that too is refused, before anything is sent."""
    with pytest.raises(grpc.RpcError, match=rf"{setting}.*is not a loopback address.*nothing was sent"):
        start_plugin(name).configure(**config)


@pytest.mark.parametrize(("name", "setting"), [("hcloud", "hcloud:token"), ("cloudflare", "cloudflare:apiToken")])
def test_a_missing_token_is_refused(start_plugin, name, setting, monkeypatch):
    """The setting is named, with the command that provides it."""
    monkeypatch.setenv("HCLOUD_ENDPOINT", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1/client/v4")
    with pytest.raises(grpc.RpcError, match=rf"{setting}: no token was given.*\. \./env\.sh"):
        start_plugin(name).configure()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.10.3.1", "localhost", "::1", "[::1]"])
def test_loopback_hosts(host):
    """All of 127.0.0.0/8, ::1 and localhost are this machine."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@203.0.113.9/",
        "http://localhost.example.com",
        "http://0.0.0.0:80",
        "http://2130706433/",
        "",
    ],
)
def test_what_only_looks_like_loopback(url):
    """Credentials, longer names, the wildcard, a number and nothing are not."""
    with pytest.raises(RefusedError):
        require_loopback_url(url, "endpoint")


def test_unserved_types_are_named(start_plugin, hetzner_url):
    """A type that the real plugin has and the stand-in does not is an error that says so."""
    plugin = start_plugin("hcloud")
    plugin.configure(token=TOKEN, endpoint=hetzner_url)
    with pytest.raises(grpc.RpcError, match="hcloud:index/certificate:Certificate: the sandbox's stand-in"):
        plugin.check("hcloud:index/certificate:Certificate", "tls", {})
    with pytest.raises(grpc.RpcError, match="getCertificate"):
        plugin.invoke("hcloud:index/getCertificate:getCertificate")


def test_what_is_half_made_is_kept(probe):
    """A resource that exists but failed reaches the engine with its id and state, so that it is not lost."""
    with pytest.raises(grpc.RpcError) as failed:
        probe.create("probe:index:Thing", "thing", {"mode": "half"})
    details = dict(failed.value.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(details)
    kept = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(kept)
    assert (kept.id, list(kept.reasons)) == ("id-1", ["thing: it is there but ill. See the log."])
    assert decode(kept.properties).values == {"mode": "half", "revision": 1}


def test_a_defect_is_one_line_with_its_place(probe):
    """An error nobody foresaw is told as a defect, with where it is, and without a traceback."""
    with pytest.raises(grpc.RpcError) as failed:
        probe.create("probe:index:Thing", "thing", {"mode": "defect"})
    text = failed.value.details()
    assert text.startswith("probe: KeyError: 'nope' (create, line ")
    assert "\n" not in text


def test_secret_outputs_are_secret(probe):
    """An output that is a secret by nature is one, though no input was."""
    assert decode(probe.create("probe:index:Thing", "thing", {"note": "x"}).properties).secrets == {"password"}


def test_a_planned_update_marks_what_may_change(probe):
    """Outputs that an update changes are unknown in its preview, and an input that is left out is gone."""
    made = probe.create("probe:index:Thing", "thing", {"note": "x"})
    planned = probe.stub.Update(
        provider_pb2.UpdateRequest(
            id=made.id,
            urn=probe.urn("probe:index:Thing", "thing"),
            olds=made.properties,
            old_inputs=encode({"note": "x"}),
            news=encode({"mode": "y"}),
            preview=True,
        )
    )
    expected = decode(planned.properties).values
    assert expected["mode"] == "y"
    assert "note" not in expected
    assert repr(expected["revision"]) == "UNKNOWN"


def test_configuration_is_checked(probe):
    """Unknown settings and wrong types are named; what is no text arrives as JSON."""
    news = encode({"size": "7", "names": '["a"]', "word": "7", "version": "1.2.3"})
    assert not probe.stub.CheckConfig(provider_pb2.CheckRequest(news=news)).failures
    wrong = probe.stub.CheckConfig(provider_pb2.CheckRequest(news=encode({"sise": "7", "size": "big"}))).failures
    assert {failure.property for failure in wrong} == {"sise", "size"}
    changed = probe.stub.DiffConfig(provider_pb2.DiffRequest(old_inputs=encode({"word": "a"}), news=encode({"word": "b"})))
    assert list(changed.diffs) == ["word"]


def test_cancelling_ends_a_wait(start_plugin, hetzner_url):
    """After Cancel an operation that waits gives up at once."""
    plugin = start_plugin("hcloud")
    plugin.configure(token="a-made-up-token", endpoint=hetzner_url)
    plugin.cancel()
    with pytest.raises(grpc.RpcError, match="still running when the update was cancelled"):
        plugin.create("hcloud:index/server:Server", "web", {"name": "web", "serverType": "cx23", "image": "debian-12"})


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_plugin_names_itself(start_plugin, name):
    """Handshake, plugin info and schema, before any configuration."""
    plugin = start_plugin(name)
    assert plugin.stub.Handshake(provider_pb2.ProviderHandshakeRequest()).accept_secrets
    assert f'"name": "{name}"' in plugin.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema


def test_starting_imports_no_client():
    """What makes a start slow, the SDK and the API clients, is not imported until it is needed."""
    program = (
        "import sys; from sandbox.plugins.server import Server; from sandbox.plugins.servicer import Servicer;"
        " from sandbox.plugins.registry import PROVIDERS; [Servicer(name) for name in PROVIDERS]; print(*sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60
    )
    assert set(answer.stdout.split()).isdisjoint(
        {"pulumi", "hcloud", "cloudflare", "docker", "requests", "httpx", "sandbox.plugins.hcloud"}
    )


def test_a_preview_imports_no_client():
    """A plugin that is asked for its types still imports no client: that is left to the first request that needs one."""
    program = (
        "import sys; from sandbox.plugins.servicer import Servicer; from sandbox.plugins.registry import PROVIDERS;"
        " [Servicer(name).provider for name in PROVIDERS]; print(*sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60
    )
    assert set(answer.stdout.split()).isdisjoint({"pulumi", "hcloud", "cloudflare", "docker", "requests", "httpx", "pydantic"})
