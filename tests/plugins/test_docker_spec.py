import json
from pathlib import Path

import pytest

from sandbox.plugins.docker import service_spec as spec
from sandbox.plugins.docker.fields import OWNER_LABEL
from sandbox.plugins.docker.provider import DockerProvider
from sandbox.plugins.docker.service import Service
from sandbox.plugins.provider import UNKNOWN

CASES = sorted((Path(__file__).parents[1] / "cases" / "docker").glob("*.json"))
IMAGE = {"containerSpec": {"image": "web@sha256:1"}}


@pytest.fixture
def service():
    return Service(DockerProvider())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_inputs_become_the_recorded_spec(case):
    """Every property lands where Docker's API has it, with the real plugin's defaults, and is shown again as it was meant."""
    golden = json.loads(case.read_text())
    made = spec.service_spec(golden["inputs"])
    assert made == golden["spec"]
    assert spec.service_properties(made) == golden["shown"]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_what_is_shown_asks_for_the_same_service(case):
    """The normal form is a fixed point: an import followed by a preview shows no change."""
    shown = json.loads(case.read_text())["shown"]
    assert spec.normal_form(shown) == shown


DURATIONS = {"interval", "timeout", "startPeriod", "delay", "window", "monitor", "stopGracePeriod"}
# Login and wait are not part of a spec; a network has an id or a name, here the same; global excludes replicas.
ELSEWHERE = {
    "auth",
    "convergeConfig",
    "taskSpec.networksAdvanceds.0.name",
    "taskSpec.networksAdvanceds.0.id",
    "mode.replicated.replicas",
    "mode.replicated",
}


def sample(kind, key, types):
    """A value of a schema's type."""
    if isinstance(kind, dict):
        if "object" in kind:
            return {name: sample(inner, name, types) for name, inner in types[kind["object"]]["inputs"].items()}
        if "list" in kind:
            return [sample(kind["list"], key, types)]
        return {"k": "v"}
    if kind == "string":
        return "3s" if key in DURATIONS else "0.5" if key == "maxFailureRatio" else "k=1"
    return {"boolean": True}.get(kind, 7)


def leaves(value, path=()):
    """The path of every property inside a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from leaves(item, (*path, key))


def without(value, path):
    """A copy that lacks one property."""
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return copy


def test_every_property_the_sdk_takes_is_translated():
    """Leaving out any one property that the SDK's types accept changes what Docker is asked for: none is silently ignored."""
    schema = json.loads((Path(spec.__file__).parents[1] / "schemas" / "docker.json").read_text())
    inputs = schema["resources"][Service.token]["inputs"]
    everything = {key: sample(kind, key, schema["types"]) for key, kind in inputs.items()}
    whole = spec.service_spec(everything)
    required = {"label", "value", "ip", "host"}
    paths = [path for path in leaves(everything) if ".".join(map(str, path)) not in ELSEWHERE and path[0] not in ELSEWHERE]
    ignored = [path for path in paths if path[-1] not in required and spec.service_spec(without(everything, path)) == whole]
    assert len(paths) > 100
    assert ignored == []


def test_labels_of_ours_are_never_shown():
    """The mark that says which resource an object was made for is not a property, so it is no drift."""
    shown = spec.service_properties({"Name": "web", "Labels": {OWNER_LABEL: "urn", "a": "1"}})
    assert shown == {"name": "web", "labels": [{"label": "a", "value": "1"}]}


def test_drift_keeps_the_inputs_as_written_where_nothing_changed():
    """A refresh rewrites only what differs: durations, sets and defaults stay as the program wrote them."""
    inputs = {
        "name": "web",
        "taskSpec": {"containerSpec": {"image": "a", "env": {"A": "1"}, "stopGracePeriod": "60s"}},
        "convergeConfig": {"timeout": "1m"},
    }
    wanted = spec.normal_form(inputs)
    found = json.loads(json.dumps(wanted))
    assert spec.drifted(inputs, wanted, found) == inputs
    found["taskSpec"]["containerSpec"]["env"] = {"A": "2"}
    found["mode"] = {"replicated": {"replicas": 3}}
    assert spec.drifted(inputs, wanted, found) == {
        "name": "web",
        "taskSpec": {"containerSpec": {"image": "a", "env": {"A": "2"}, "stopGracePeriod": "60s"}},
        "convergeConfig": {"timeout": "1m"},
        "mode": {"replicated": {"replicas": 3}},
    }


def test_network_names_and_ids_mean_the_same_network():
    """Docker stores a network's id where a name was given; that is no drift."""
    by_name = {"TaskTemplate": {"Networks": [{"Target": "fleet"}]}}
    by_id = {"TaskTemplate": {"Networks": [{"Target": "abc"}]}}
    assert spec.service_properties(by_name, {"fleet": "abc"}) == spec.service_properties(by_id)


@pytest.mark.parametrize(
    ("old", "new", "replaced"),
    [
        (
            {"networksAdvanceds": [{"id": "a", "aliases": ["x", "y"]}]},
            {"networksAdvanceds": [{"id": "a", "aliases": ["y", "x"]}]},
            False,
        ),
        ({"networksAdvanceds": [{"id": "a"}]}, {"networksAdvanceds": [{"id": "a", "aliases": ["x"]}]}, True),
        ({"containerSpec": {"sysctl": {"a": "1"}}}, {"containerSpec": {"sysctl": {"a": "2"}}}, True),
        ({"containerSpec": {"hosts": [{"host": "a", "ip": "1.1.1.1"}]}}, {"containerSpec": {}}, True),
        ({"containerSpec": {"image": "a"}}, {"containerSpec": {"image": "b"}}, False),
        ({"containerSpec": {"env": {"A": "1"}}}, {"containerSpec": {"env": {"A": "2"}}, "forceUpdate": 1}, False),
    ],
)
def test_only_what_the_real_plugin_cannot_change_replaces_a_service(service, old, new, replaced):
    """Networks, host names and sysctls of the tasks need a new service; image, variables and the rest do not."""
    assert service.must_replace("taskSpec", old, new) is replaced


@pytest.mark.parametrize("key", ["taskSpec", "mode"])
def test_what_is_not_known_replaces_nothing(service, key):
    """An update of some resources only asks so, about those that depend on something that goes."""
    assert service.must_replace(key, {"containerSpec": {"image": "a"}}, UNKNOWN) is False


def test_the_mode_is_changed_in_place_unless_it_becomes_global(service):
    """More replicas are an update; Docker refuses to make a replicated service global."""
    two, three = {"replicated": {"replicas": 2}}, {"replicated": {"replicas": 3}}
    assert not service.must_replace("mode", two, three)
    assert service.must_replace("mode", two, {"global": True})
    assert service.must_replace("name", "a", "b")


def test_different_ways_to_write_the_same_are_no_change(service):
    """60s is 1m, an explicit default is no change, and a set has no order; a list has one."""
    healthcheck = {"tests": ["CMD", "true"], "interval": "60s", "retries": 0}
    old = {"containerSpec": {"image": "a", "healthcheck": healthcheck}}
    new = {"containerSpec": {"image": "a", "healthcheck": {"tests": ["CMD", "true"], "interval": "1m"}}}
    assert service.is_same("taskSpec", old, new)
    labels = [{"label": "a", "value": "1"}, {"label": "b", "value": "2"}]
    assert service.is_same("labels", labels, labels[::-1])
    assert not service.is_same("taskSpec", {"containerSpec": {"args": ["a", "b"]}}, {"containerSpec": {"args": ["b", "a"]}})
