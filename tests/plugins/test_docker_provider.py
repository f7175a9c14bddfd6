import base64
import json
import socket
import threading

import pytest

from ops.errors import RefusedError, SettingsError
from sandbox.plugins import ssh
from sandbox.plugins.docker.credentials import client_configuration
from sandbox.plugins.docker.network import Network, normal_form
from sandbox.plugins.docker.provider import DockerProvider
from sandbox.plugins.docker.secret import Secret, ServiceConfig
from sandbox.plugins.docker.types import is_left_behind, owned
from sandbox.plugins.provider import UNKNOWN, Context
from sandbox.plugins.ssh_target import DIAL_ERROR_LIMIT


@pytest.fixture
def provider(monkeypatch):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    made = DockerProvider()
    yield made
    made.close()


def configured(provider, **config):
    provider.config = config
    provider.check_endpoint()
    provider.configure(config)
    return provider


@pytest.mark.parametrize("host", ["unix:///var/run/docker.sock", "ssh://root@127.10.3.11:22", "ssh://localhost"])
def test_hosts_on_this_machine_are_taken(provider, host):
    """A socket, or ssh to a loopback address."""
    assert configured(provider, host=host).host == host


@pytest.mark.parametrize("host", ["ssh://root@203.0.113.5", "tcp://10.0.0.1:2375", "ssh://root@example.com"])
def test_hosts_elsewhere_are_refused(provider, host):
    """Nothing that a stand-in does leaves this machine."""
    with pytest.raises(RefusedError, match="docker:host"):
        configured(provider, host=host)


def test_the_environment_names_the_host_where_the_config_does_not(provider, monkeypatch):
    """DOCKER_HOST counts, and is checked like any other."""
    monkeypatch.setenv("DOCKER_HOST", "ssh://root@203.0.113.5")
    with pytest.raises(RefusedError):
        configured(provider)


@pytest.mark.parametrize("config", [{"certPath": "/certs"}, {"context": "prod"}, {"host": "tcp://127.0.0.1:2375"}])
def test_what_the_stand_in_cannot_do_is_refused(provider, config):
    """A setting that would be ignored is an error instead."""
    with pytest.raises(SettingsError, match=r"docker:\w+"):
        configured(provider, **config)


def test_logins_become_a_client_configuration():
    """A name and password, an entry of another configuration, or nothing where the login is disabled."""
    other = json.dumps({"auths": {"https://hub.test/v1/": {"auth": "eA=="}, "else.test": {"auth": "eQ=="}}})
    text = client_configuration(
        [
            {"address": "https://registry.flotilla.test:5000", "username": "u", "password": "p"},
            {"address": "hub.test", "configFileContent": other},
            {"address": "open.test", "authDisabled": True, "username": "x"},
        ]
    )
    encoded = base64.b64encode(b"u:p").decode()
    assert json.loads(text) == {"auths": {"registry.flotilla.test:5000": {"auth": encoded}, "hub.test": {"auth": "eA=="}}}


def test_a_broken_client_configuration_is_named():
    """The error says which one, not a traceback."""
    with pytest.raises(SettingsError, match="configFileContent is no Docker client configuration"):
        client_configuration([{"address": "a.test", "configFileContent": "{"}])


def test_only_an_object_made_for_the_same_resource_counts_as_left_behind():
    """The mark is the resource's URN: nobody else's secret of the same name is ever removed."""
    context = Context(urn="urn:a", stack="local", preview=False, timeout_s=1, config={}, log=lambda severity, text: None)
    assert is_left_behind(owned({"x": "y"}, context), context)
    assert not is_left_behind({"flotilla.urn": "urn:b"}, context)
    assert not is_left_behind(None, context)


def test_data_has_to_be_base64_and_given_once():
    """A secret's data is base64; a config's data comes in one of two ways."""
    secret, config = Secret(DockerProvider()), ServiceConfig(DockerProvider())
    assert [failure.property for failure in secret.check({"data": "not base64!"})] == ["data"]
    assert secret.check({"data": base64.b64encode(b"x").decode()}) == secret.check({"data": UNKNOWN}) == []
    assert config.check({"dataRaw": "x"}) == []
    assert len(config.check({})) == len(config.check({"data": "eA==", "dataRaw": "x"})) == 1


def test_everything_of_a_network_replaces_it_and_defaults_are_no_change():
    """Docker changes no network in place; an explicit default is the same as none."""
    network = Network(DockerProvider())
    assert network.must_replace("attachable", None, True)
    assert network.is_same("driver", None, "bridge")
    assert not network.is_same("driver", None, "overlay")
    subnets = [{"subnet": "10.1.0.0/24"}, {"subnet": "10.2.0.0/24"}]
    assert network.is_same("ipamConfigs", subnets, subnets[::-1])
    assert normal_form({"name": "n", "driver": "overlay"}) == {"name": "n", "driver": "overlay"}


def test_a_dead_host_is_waited_for_once(provider, monkeypatch):
    """After one wait in vain, each further resource costs one attempt: a refresh of many ends soon."""
    monkeypatch.setattr(ssh, "FIRST_PAUSE_S", 0)
    monkeypatch.setattr(ssh, "LONGEST_PAUSE_S", 0)
    attempts = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_hang_up, args=(listener, attempts), daemon=True).start()
        configured(provider, host=f"ssh://root@127.0.0.1:{listener.getsockname()[1]}")

        with pytest.raises(ssh.SshError):
            provider.api()
        waited = len(attempts)
        with pytest.raises(ssh.SshError):
            provider.api()

    assert (waited, len(attempts)) == (DIAL_ERROR_LIMIT + 1, DIAL_ERROR_LIMIT + 2)


def _hang_up(listener, attempts):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        attempts.append(connection.getpeername())
        connection.close()
