import functools
import threading
import time

import pytest

from sandbox.plugins.docker.converge import Limits, judge_tasks, judge_update, wait
from sandbox.plugins.provider import Context

CONTAINER = {"Image": "web@sha256:1"}


def service(replicas=1, condition="any", **more):
    template = {"ContainerSpec": CONTAINER, "RestartPolicy": {"Condition": condition}}
    return {"Spec": {"Name": "web", "Mode": {"Replicated": {"Replicas": replicas}}, "TaskTemplate": template}, **more}


def task(state, desired="running", slot=1, container=CONTAINER, id="t1", **status):
    return {
        "ID": id,
        "Slot": slot,
        "DesiredState": desired,
        "Spec": {"ContainerSpec": container},
        "Status": {"State": state, **status},
    }


def test_a_service_is_done_when_every_replica_runs():
    """One of two is not enough, and the progress says what the other one does."""
    one = judge_tasks(service(2), [task("running"), task("starting", slot=2)])
    assert (one.is_done, one.progress) == (False, "1/2 running, 1 starting")
    assert judge_tasks(service(2), [task("running"), task("running", slot=2)]).is_done


def test_one_failure_of_a_slot_is_forgiven_and_a_second_is_not():
    """A task may fail once, since what it needs may come up later; the reason of the last failure is told."""
    first = task("failed", "shutdown", Err="task: non-zero exit (1)", Timestamp="1")
    second = task("failed", "shutdown", Err="unhealthy container", Timestamp="2")
    assert judge_tasks(service(), [first, task("running")]).is_done
    assert judge_tasks(service(), [first, task("failed", "shutdown", slot=2)]).failure == ""
    assert judge_tasks(service(), [first, second]).failure == "its tasks do not stay up: unhealthy container"


def test_what_failed_before_an_update_does_not_fail_it():
    """A service whose container died twice in a bad hour can still be given another number of replicas, and fail anew."""
    past = [task("failed", "shutdown", id=id, Err="unhealthy") for id in ("t1", "t2")]
    update = functools.partial(judge_update, service(), earlier="", past={"t1", "t2"})
    assert judge_update(service(), [*past, task("running")], "").failure
    assert update([*past, task("running", id="t3")]).is_done
    assert update([*past, task("failed", "shutdown", id="t3"), task("failed", "shutdown", id="t4", Err="new")]).failure


def test_a_service_that_never_restarts_has_one_attempt():
    """With the restart condition none, the first failure is the end."""
    assert "exit" in judge_tasks(service(condition="none"), [task("failed", "shutdown", Err="exit 1")]).failure


def test_tasks_of_an_older_version_count_for_nothing():
    """Old tasks that still run, or that failed long ago, say nothing about the new version."""
    old = {"Image": "web@sha256:0"}
    running_old = task("running", container=old)
    failed_old = [task("failed", "shutdown", container=old), task("failed", "shutdown", container=old)]
    verdict = judge_tasks(service(), [running_old, *failed_old])
    assert (verdict.is_done, verdict.failure) == (False, "")


@pytest.mark.parametrize(
    ("state", "phrase"), [("paused", "stopped half way"), ("rollback_completed", "put the old version back")]
)
def test_a_failed_update_is_told_as_docker_ended_it(state, phrase):
    """An update that Docker paused or rolled back has failed, even where every task runs."""
    updated = service(UpdateStatus={"State": state, "StartedAt": "2", "Message": "because"})
    verdict = judge_update(updated, [task("running")], "1")
    assert phrase in verdict.failure
    assert "because" in verdict.failure


def test_the_status_of_an_earlier_update_means_nothing():
    """Docker shows the last update's status until a new one starts, and none where no task has to change."""
    before = service(UpdateStatus={"State": "paused", "StartedAt": "1"})
    assert judge_update(before, [task("running")], "1").is_done
    assert judge_update(service(), [task("running")], "1").is_done
    running = service(UpdateStatus={"State": "updating", "StartedAt": "2"})
    assert not judge_update(running, [task("running")], "1").is_done


class Docker:
    """Answers from a list, the last answer for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def inspect_service(self, _id):
        return service()

    def tasks(self, filters):
        assert filters == {"service": "s1"}
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def context(**more):
    return Context(urn="u", stack="local", preview=False, timeout_s=9, config={}, log=lambda severity, text: None, **more)


def test_the_wait_is_over_when_its_time_is():
    """A task that hangs while it prepares ends the wait at the timeout, and the text says where it hung."""
    started = time.monotonic()
    problem = wait(Docker([task("preparing")]), "s1", judge_tasks, Limits(timeout_s=0.3, stable_s=0), context())
    assert problem == "it did not run as asked within 0 s (0/1 running, 1 preparing)"
    assert time.monotonic() - started < 2


def test_without_a_healthcheck_a_task_has_to_stay_up_for_the_delay():
    """A container that starts and dies at once is not up, though it ran for a moment."""
    dies = Docker([task("running")], [task("failed", "shutdown", Err="exit 1"), task("failed", "shutdown", Err="exit 1")])
    problem = wait(dies, "s1", judge_tasks, Limits.of({"delay": "400ms", "timeout": "5s"}, has_healthcheck=False), context())
    assert problem == "its tasks do not stay up: exit 1"
    stays = wait(Docker([task("running")]), "s1", judge_tasks, Limits(timeout_s=5, stable_s=0.2), context())
    assert stays == ""


def test_a_cancelled_wait_ends_at_once():
    """Ctrl-C does not wait for a timeout of minutes."""
    cancelled = threading.Event()
    cancelled.set()
    problem = wait(
        Docker([task("starting")]), "s1", judge_tasks, Limits(timeout_s=60, stable_s=0), context(cancelled=cancelled)
    )
    assert "cancelled" in problem


def test_the_limits_come_from_the_converge_config():
    """The real plugin's defaults, and no extra wait for what has a healthcheck."""
    assert Limits.of({}, has_healthcheck=True) == Limits(timeout_s=180, stable_s=0)
    assert Limits.of({"timeout": "90s"}, has_healthcheck=False) == Limits(timeout_s=90, stable_s=7)
