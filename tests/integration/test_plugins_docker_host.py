"""
The docker plugin against a one-node swarm inside a machine, over ssh.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from dataclasses import dataclass
from typing import Any

import docker.errors
import pytest

from ops.errors import FlotillaError
from sandbox.plugins.docker.network import GetNetwork, Network
from sandbox.plugins.docker.provider import DockerProvider
from sandbox.plugins.docker.secret import Secret, ServiceConfig
from sandbox.plugins.docker.service import Service
from sandbox.plugins.docker.volume import Volume
from sandbox.plugins.provider import PartialFailureError

pytest_plugins = ["tests.integration.plugin_machine"]

IMAGE = "debian:bookworm"
HEALTHY = {"tests": ["CMD-SHELL", "test -e /tmp/up"], "interval": "500ms", "timeout": "2s", "startPeriod": "2s", "retries": 2}
UNHEALTHY = {**HEALTHY, "tests": ["CMD-SHELL", "echo database is missing; exit 1"], "startPeriod": "1s"}


@pytest.fixture(scope="module")
def provider(machine):
    made = DockerProvider()
    made.config = machine.docker_config
    made.check_endpoint()
    made.configure(made.config)
    yield made
    made.close()


@dataclass
class Made:
    """Makes things, and removes what a test leaves."""

    provider: DockerProvider
    log: Any
    left: list[tuple[Any, str, dict[str, Any]]]

    def make(self, kind, **inputs):
        resource = kind(self.provider)
        id_, state = resource.create(self.log.context(), inputs)
        self.left.append((resource, id_, state))
        return id_, state


@pytest.fixture
def made(provider, log):
    maker = Made(provider, log, [])
    yield maker
    for resource, id_, state in reversed(maker.left):
        resource.delete(log.context(), id_, state)


def web(name, health=HEALTHY, script="touch /tmp/up; exec sleep 1000", **more):
    container = {"image": IMAGE, "commands": ["sh", "-c", script], "stopGracePeriod": "1s", "init": True, "healthcheck": health}
    container |= more.pop("container", {})
    task = {"containerSpec": container, "restartPolicy": {"delay": "500ms"}, **more.pop("task", {})}
    return {"name": name, "taskSpec": task, "endpointSpec": {"mode": "dnsrr"}, "convergeConfig": {"timeout": "1m"}, **more}


def test_a_healthy_service_is_made_changed_in_place_and_removed(provider, made, log, machine):
    """Create waits for health, an update keeps the service, delete waits for the last container; a second one is fine."""
    inputs = web("web", container={"env": {"VERSION": "1"}}, updateConfig={"order": "start-first", "monitor": "0s"})
    id_, state = made.make(Service, **inputs)
    assert machine.run(
        "docker", "ps", "--filter", "label=com.docker.swarm.service.name=web", "--format", "{{.Status}}"
    ).endswith("(healthy)")
    changed = json.loads(json.dumps(inputs))
    changed["taskSpec"]["containerSpec"]["env"] = {"VERSION": "2"}
    changed["mode"] = {"replicated": {"replicas": 2}}
    state = Service(provider).update(log.context(), id_, state, changed)
    containers = machine.run("docker", "ps", "-q", "--filter", "label=com.docker.swarm.service.name=web").split()
    versions = [machine.run("docker", "exec", container, "sh", "-c", "echo $VERSION") for container in containers]
    assert versions == ["2", "2"]
    Service(provider).delete(log.context(), id_, state)
    assert machine.run("docker", "ps", "-aq", "--filter", "label=com.docker.swarm.service.name=web") == ""
    Service(provider).delete(log.context(), id_, state)


def test_a_service_that_never_gets_healthy_fails_soon_and_is_removed(provider, machine, log):
    """The error has the healthcheck's words and the app's last lines; nothing is left, so a second try starts clean."""
    inputs = web("sick", UNHEALTHY, "echo starting up; exec sleep 1000")
    started = time.monotonic()
    with pytest.raises(FlotillaError) as caught:
        Service(provider).create(log.context(), inputs)
    # Twice: start period, retries with their intervals, and stopping; far below convergeConfig's minute.
    assert time.monotonic() - started < 30
    text = str(caught.value)
    assert not isinstance(caught.value, PartialFailureError)
    assert "healthcheck: exit 1: database is missing" in text
    assert "log: starting up" in text
    assert "unhealthy container" in text
    assert machine.run("docker", "service", "ls", "-q") == ""
    assert machine.run("docker", "ps", "-aq", "--filter", "label=com.docker.swarm.service.name=sick") == ""


def test_an_image_that_is_not_there_fails_with_dockers_words(provider, log):
    """No waiting for the timeout."""
    with pytest.raises(FlotillaError, match=r"No such image: registry\.invalid/none:1"):
        Service(provider).create(log.context(), web("gone", container={"image": "registry.invalid/none:1"}))


def test_a_service_that_no_node_takes_fails_at_its_timeout(provider, log):
    """A constraint that nothing meets ends at convergeConfig.timeout, and the error says why no node takes it."""
    inputs = web("nowhere", task={"placement": {"constraints": ["node.labels.nope==1"]}}, convergeConfig={"timeout": "2s"})
    with pytest.raises(FlotillaError, match=r"did not run as asked within 2 s(.|\n)*no suitable node"):
        Service(provider).create(log.context(), inputs)


def test_a_failed_update_keeps_the_service_and_says_why(provider, made, log, machine):
    """Docker puts the old version back where asked; the engine hears of the failure and keeps the service in its state."""
    change = {"failureAction": "rollback", "order": "start-first", "monitor": "500ms"}
    inputs = web("keeps", updateConfig=change, rollbackConfig={"monitor": "0s"})
    id_, state = made.make(Service, **inputs)
    with pytest.raises(PartialFailureError, match=r"put the old version back(.|\n)*database is missing") as caught:
        Service(provider).update(log.context(), id_, state, web("keeps", UNHEALTHY, updateConfig=change))
    assert caught.value.id == id_
    assert machine.run("docker", "service", "ls", "--format", "{{.Name}} {{.Replicas}}") == "keeps 1/1"


def test_a_refresh_sees_exactly_what_changed_behind_its_back(provider, made, machine, log):
    """What nobody changed is no drift, however it was written; another number of replicas is; a removed service is gone."""
    network, _ = made.make(Network, name="drift", driver="overlay")
    id_, state = made.make(
        Service,
        **web(
            "drifts",
            container={
                "capDrops": ["NET_RAW"],
                "readOnly": True,
                "mounts": [{"type": "tmpfs", "target": "/tmp", "tmpfsOptions": {}}],  # noqa: S108 -- in the container
            },
            task={
                "networksAdvanceds": [{"id": network, "aliases": ["b", "a"]}],
                "resources": {"limits": {"memoryBytes": 2**26}},
            },
            labels=[{"label": "z", "value": "1"}, {"label": "a", "value": "2"}],
            mode={"replicated": {"replicas": 1}},
            updateConfig={"delay": "0s", "parallelism": 1},
        ),
    )
    inputs = {key: value for key, value in state.items() if key != "rollbackConfig"}
    service = Service(provider)
    assert service.read(log.context(), id_, inputs) == (inputs, {**state})
    machine.run("docker", "service", "scale", "-d", "drifts=2")
    drifted, _ = service.read(log.context(), id_, inputs)
    assert drifted == {**inputs, "mode": {"replicated": {"replicas": 2}}}
    machine.run("docker", "service", "rm", "drifts")
    assert service.read(log.context(), id_, inputs) is None


def test_an_import_asks_for_the_service_that_is_there(provider, made, log):
    """What an import shows makes no change when a program asks for it."""
    inputs = web("imported", container={"env": {"A": "1"}, "user": "1000", "hosts": [{"host": "db", "ip": "10.0.0.9"}]})
    id_, _ = made.make(Service, **inputs)
    shown, _ = Service(provider).read(log.context(), id_, {})
    service = Service(provider)
    assert all(service.is_same(key, shown.get(key), value) for key, value in inputs.items() if key != "convergeConfig")
    assert shown.keys() <= inputs.keys()


def test_services_meet_on_an_overlay_network_under_their_aliases(made, machine):
    """With dnsrr, an alias answers with every task's own address."""
    network, state = made.make(Network, name="fleet", driver="overlay", attachable=True, labels=[{"label": "a", "value": "b"}])
    assert state["scope"] == "swarm"
    made.make(
        Service,
        **web("app", task={"networksAdvanceds": [{"id": network, "aliases": ["app-a"]}]}, mode={"replicated": {"replicas": 2}}),
    )
    found = machine.run("docker", "run", "--rm", "--network", "fleet", IMAGE, "getent", "ahostsv4", "app-a")
    assert len({line.split()[0] for line in found.splitlines()}) == 2


def test_secrets_and_configs_reach_the_container(made, machine):
    """Data arrives byte for byte, with its owner and mode, for a user without rights and without capabilities."""
    data = base64.b64encode(bytes(range(256))).decode()
    secret, state = made.make(Secret, name="key", data=data, labels=[{"label": "a", "value": "b"}])
    config, _ = made.make(ServiceConfig, name="conf", dataRaw="setting = 1\n")
    assert state["data"] == data
    reference = {"secretId": secret, "secretName": "key", "fileName": "key", "fileUid": "1000", "fileMode": 0o400}
    script = "od -An -tu1 /run/secrets/key | wc -w; cat /app.conf; stat -c '%u %a' /run/secrets/key"
    script += "; grep CapEff /proc/self/status; touch /x; "
    container = {
        "user": "1000",
        "capDrops": ["ALL"],
        "readOnly": True,
        "secrets": [reference],
        "configs": [{"configId": config, "configName": "conf", "fileName": "/app.conf"}],
        "mounts": [{"target": "/tmp", "type": "tmpfs", "tmpfsOptions": {"mode": 0o1777, "sizeBytes": 2**20}}],  # noqa: S108 -- in the container
    }
    made.make(
        Service, **web("reader", script=f"({script}) > /tmp/seen 2>&1; touch /tmp/up; exec sleep 1000", container=container)
    )
    running = machine.run("docker", "ps", "-q", "--filter", "label=com.docker.swarm.service.name=reader")
    seen = machine.run("docker", "exec", running, "cat", "/tmp/seen").splitlines()  # noqa: S108 -- in the container
    assert seen[:3] == ["256", "setting = 1", "1000 400"]
    assert seen[3].split()[1] == "0000000000000000"
    assert "Read-only file system" in seen[4]


def test_what_is_used_is_not_removed_and_is_free_once_its_service_is_gone(provider, made, log):
    """Docker's refusal is the error; after the service's delete, its network, secret and volume go at once."""
    network, network_state = made.make(Network, name="used", driver="overlay")
    secret, secret_state = made.make(Secret, name="used", data="eA==")
    volume, volume_state = made.make(Volume, name="used")
    mounts = [{"type": "volume", "source": "used", "target": "/data"}]
    references = [{"secretId": secret, "secretName": "used", "fileName": "x"}]
    service, state = made.make(
        Service,
        **web("user", container={"secrets": references, "mounts": mounts}, task={"networksAdvanceds": [{"id": network}]}),
    )
    with pytest.raises(docker.errors.APIError) as refused:
        Secret(provider).delete(log.context(), secret, secret_state)
    assert "in use" in (provider.explain(refused.value) or "")
    Service(provider).delete(log.context(), service, state)
    started = time.monotonic()
    Secret(provider).delete(log.context(), secret, secret_state)
    Volume(provider).delete(log.context(), volume, volume_state)
    Network(provider).delete(log.context(), network, network_state)
    assert time.monotonic() - started < 5
    kinds = ((Secret, secret, secret_state), (Volume, volume, volume_state), (Network, network, network_state))
    assert [kind(provider).read(log.context(), id_, state) for kind, id_, state in kinds] == [None, None, None]


def test_data_networks_and_volumes_are_read_as_they_were_asked_for(provider, made, log):
    """No drift for what nobody changed, and what Docker chose itself is none either."""
    cases = [
        (Secret, {"name": "s", "data": "eA==", "labels": [{"label": "b", "value": "1"}, {"label": "a", "value": "2"}]}),
        (ServiceConfig, {"name": "c", "data": "eA=="}),
        (ServiceConfig, {"name": "r", "dataRaw": "x"}),
        (Network, {"name": "n1", "driver": "overlay", "attachable": True, "options": {"encrypted": ""}}),
        (Network, {"name": "n2", "internal": True, "ipamConfigs": [{"subnet": "10.99.0.0/24", "gateway": "10.99.0.1"}]}),
        (
            Volume,
            {
                "name": "vol",
                "driver": "local",
                "driverOpts": {"type": "tmpfs", "device": "tmpfs"},
                "labels": [{"label": "a", "value": "b"}],
            },
        ),
    ]
    for kind, inputs in cases:
        id_, _ = made.make(kind, **inputs)
        found = kind(provider).read(log.context(), id_, inputs)
        assert found is not None
        assert found[0] == inputs


def test_get_network_finds_one_by_name(provider, made):
    """The data source shows what the engine needs to attach to it; a missing one is named."""
    id_, _ = made.make(Network, name="looked-up", driver="overlay")
    found = GetNetwork(provider).invoke({"name": "looked-up"})
    assert (found["id"], found["driver"], found["scope"], found["internal"]) == (id_, "overlay", "swarm", False)
    with pytest.raises(FlotillaError, match="network nowhere: docker at ssh://"):
        GetNetwork(provider).invoke({"name": "nowhere"})


def test_what_an_interrupted_create_left_behind_is_made_anew(provider, made, log, machine):
    """A create whose answer the engine never saw is repeated without a conflict; somebody else's object is not touched."""
    context = log.context(urn="urn:mine")
    for kind, inputs in (
        (Secret, {"name": "half", "data": "eA=="}),
        (Network, {"name": "half", "driver": "overlay"}),
        (Service, web("half")),
    ):
        first, _ = kind(provider).create(context, inputs)
        second, state = kind(provider).create(context, inputs)
        assert first != second
        kind(provider).delete(context, second, state)
    made.make(Secret, name="theirs", data="eA==")
    with pytest.raises(docker.errors.APIError, match="409"):
        Secret(provider).create(context, {"name": "theirs", "data": "eA=="})
    assert machine.run("docker", "secret", "ls", "--format", "{{.Name}}") == "theirs"


def test_a_cancelled_create_leaves_no_service(provider, log, machine):
    """Ctrl-C while a service converges removes it: the engine's state does not have it."""
    cancelled = threading.Event()
    context = log.context(cancelled=cancelled)
    threading.Timer(1.5, cancelled.set).start()
    with pytest.raises(FlotillaError, match="cancelled"):
        Service(provider).create(context, web("stopped", script="exec sleep 1000", health={**HEALTHY, "startPeriod": "1m"}))
    assert machine.run("docker", "service", "ls", "-q") == ""


def test_the_plugin_goes_on_after_its_connection_was_lost(provider, made, machine):
    """A new connection and socket replace the ones that died with the host's end."""
    made.make(Volume, name="before")
    machine.run("pkill", "-f", "sshd: root@notty")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            made.make(Volume, name="after")
            break
        time.sleep(0.2)
    assert set(machine.run("docker", "volume", "ls", "-q").split()) >= {"before", "after"}
