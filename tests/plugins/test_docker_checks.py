import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.plugins.docker.checks import check_service
from sandbox.plugins.docker.durations import to_ns, to_s, to_text
from sandbox.plugins.provider import UNKNOWN

SOUND = {
    "name": "web",
    "taskSpec": {
        "containerSpec": {
            "image": "a",
            "healthcheck": {"interval": "1m30s", "retries": 3},
            "mounts": [{"type": "tmpfs", "target": "/t"}],
        },
        "networksAdvanceds": [{"id": "n"}],
        "resources": {"reservation": {"genericResources": {"discreteResourcesSpecs": ["SSD=3"]}}},
    },
    "updateConfig": {"maxFailureRatio": "0.5", "order": "start-first"},
    "convergeConfig": {"timeout": "2m"},
}


def test_a_sound_service_passes():
    """What the real plugin takes is taken."""
    assert check_service(SOUND) == []


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"convergeConfig": {"timeout": "2 minutes"}}, "convergeConfig.timeout"),
        ({"updateConfig": {"order": "both"}}, "updateConfig.order"),
        ({"updateConfig": {"maxFailureRatio": "1.5"}}, "updateConfig.maxFailureRatio"),
        ({"rollbackConfig": {"failureAction": "rollback"}}, "rollbackConfig.failureAction"),
        ({"mode": {"replicated": {"replicas": -1}}}, "mode.replicated.replicas"),
        ({"mode": {"global": True}, "convergeConfig": {}}, "convergeConfig"),
        (
            {"endpointSpec": {"ports": [{"targetPort": 1}, {"targetPort": 2, "publishMode": "mesh"}]}},
            "endpointSpec.ports[1].publishMode",
        ),
        (
            {"taskSpec": {"containerSpec": {"mounts": [{"type": "npipe", "target": "/"}]}}},
            "taskSpec.containerSpec.mounts[0].type",
        ),
        (
            {"taskSpec": {"containerSpec": {"healthcheck": {"startPeriod": "-5s"}}}},
            "taskSpec.containerSpec.healthcheck.startPeriod",
        ),
        ({"taskSpec": {"networksAdvanceds": [{"aliases": ["a"]}]}}, "taskSpec.networksAdvanceds[0]"),
        (
            {"taskSpec": {"resources": {"reservation": {"genericResources": {"discreteResourcesSpecs": ["SSD"]}}}}},
            "taskSpec.resources.reservation.genericResources.discreteResourcesSpecs[0]",
        ),
    ],
)
def test_each_wrong_value_is_named_by_its_path(inputs, path):
    """One failure for one fault, at the path where the person wrote it, with a sentence that says what is allowed."""
    failures = check_service(inputs)
    assert [failure.property for failure in failures] == [path]
    assert len(failures[0].reason.split()) >= 4


def test_what_a_preview_cannot_know_is_not_wrong():
    """Unknown values pass at any depth; they are checked when they are known."""
    task = {"containerSpec": UNKNOWN, "networksAdvanceds": [{"id": UNKNOWN}], "restartPolicy": {"delay": UNKNOWN}}
    assert check_service({"taskSpec": task, "mode": UNKNOWN, "convergeConfig": {"timeout": UNKNOWN}}) == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("0s", 0), ("500ms", 0.5), ("1m30s", 90), ("1.5h", 5400), ("2h45m", 9900)]
)
def test_durations_are_read_as_go_reads_them(text, seconds):
    """Units combine and fractions count."""
    assert to_s(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1 s", "1d", "1m30", "five"])
def test_what_is_no_duration_is_refused(text):
    """A number without a unit is as wrong as a word."""
    with pytest.raises(ValueError, match="is not a duration"):
        to_ns(text)


@given(st.integers(min_value=0, max_value=10**15))
def test_durations_survive_being_written(ns):
    """Writing a duration and reading it again changes nothing."""
    assert to_ns(to_text(ns)) == ns
