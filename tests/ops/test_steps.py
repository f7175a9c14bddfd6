"""
Workflows: order, conditions, failures, and the way back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ops import steps
from ops.errors import FlotillaError
from ops.steps import Context, Parallel, Sequential, Step, StepStatus


class Journal:
    """
    Makes steps that write down what was done.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(
        self, name: str, *, fails: bool = False, undo_fails: bool = False, is_blocking: bool = True, **more: object
    ) -> Step:
        """
        A step that can be undone.
        """
        return Step(
            name=name,
            run=self._act(name, fails),
            undo=self._act(f"undo {name}", undo_fails),
            is_blocking=is_blocking,
            **more,  # type: ignore[arg-type]
        )

    def _act(self, name: str, fails: bool) -> Callable[[Context], str]:
        def act(_: Context) -> str:
            self.lines.append(name)
            if fails:
                raise FlotillaError(f"{name} failed.")
            return "as asked"

        return act


def statuses(outcomes: tuple[steps.Outcome, ...]) -> list[tuple[str, str]]:
    """
    What became of each.
    """
    return [(outcome.name, outcome.status.value) for outcome in outcomes]


def test_steps_come_one_after_the_other() -> None:
    """In their order, and nothing is undone where all went well."""
    journal = Journal()
    outcomes = steps.run(Sequential(steps=(journal.step("a"), journal.step("b"))), Context(environment="local"))

    assert journal.lines == ["a", "b"]
    assert statuses(outcomes) == [("a", "done"), ("b", "done")]


def test_a_failure_stops_and_undoes_in_reverse() -> None:
    """What was done is undone, the last first; what failed is not, and what came after never began."""
    journal = Journal()
    workflow = Sequential(steps=(journal.step("a"), journal.step("b"), journal.step("c", fails=True), journal.step("d")))

    outcomes = steps.run(workflow, Context(environment="local"))

    assert journal.lines == ["a", "b", "c", "undo b", "undo a"]
    assert statuses(outcomes) == [("a", "done"), ("b", "done"), ("c", "failed"), ("b", "undone"), ("a", "undone")]


def test_what_may_leave_traces_is_undone_when_it_fails() -> None:
    """A step that says so is undone itself, too."""
    journal = Journal()
    steps.run(Sequential(steps=(journal.step("a", fails=True, is_undone_on_failure=True),)), Context(environment="local"))
    assert journal.lines == ["a", "undo a"]


def test_an_undo_that_fails_does_not_keep_the_others_from_it() -> None:
    """It is told, and the rest is undone all the same."""
    journal = Journal()
    workflow = Sequential(steps=(journal.step("a"), journal.step("b", undo_fails=True), journal.step("c", fails=True)))

    outcomes = steps.run(workflow, Context(environment="local"))

    assert statuses(outcomes)[-2:] == [("b", "undo-failed"), ("a", "undone")]


def test_what_is_not_blocking_is_noted_and_the_rest_goes_on() -> None:
    """Nothing is undone because of it."""
    journal = Journal()
    workflow = Sequential(steps=(journal.step("a", fails=True, is_blocking=False), journal.step("b")))

    assert statuses(steps.run(workflow, Context(environment="local"))) == [("a", "failed"), ("b", "done")]


def test_a_condition_sees_what_was_handed_on() -> None:
    """`when` looks at the facts of the steps before; what is left out is told."""

    def look(context: Context) -> None:
        context.facts["is_well"] = False

    journal = Journal()
    workflow = Sequential(
        steps=(
            Step(name="look", run=look),
            journal.step("go on", when=lambda context: context.facts["is_well"]),
            journal.step("mend", when=lambda context: not context.facts["is_well"]),
        )
    )
    assert statuses(steps.run(workflow, Context(environment="local"))) == [
        ("look", "done"),
        ("go on", "skipped"),
        ("mend", "done"),
    ]
    assert journal.lines == ["mend"]


def test_what_is_parallel_runs_at_once() -> None:
    """Two steps that wait for one another both end."""
    meeting = threading.Barrier(2)

    def meet(_: Context) -> None:
        meeting.wait(10)

    workflow = Sequential(steps=(Parallel(steps=(Step(name="a", run=meet), Step(name="b", run=meet))),))
    outcomes = steps.run(workflow, Context(environment="local"))
    assert sorted(statuses(outcomes)) == [("a", "done"), ("b", "done")]


def test_what_had_ended_beside_a_failure_is_undone() -> None:
    """The rest of a parallel group ends, and is undone."""
    journal = Journal()
    group = Parallel(steps=(Sequential(steps=(journal.step("a"), journal.step("b"))), journal.step("c", is_blocking=False)))
    workflow = Sequential(steps=(group, journal.step("d", fails=True)))

    steps.run(workflow, Context(environment="local"))

    undone = journal.lines[journal.lines.index("d") + 1 :]
    assert sorted(undone) == ["undo a", "undo b", "undo c"]
    assert undone.index("undo b") < undone.index("undo a")


def test_an_interruption_undoes_and_is_told() -> None:
    """Ctrl-C in a step is no traceback."""

    def stop(_: Context) -> None:
        raise KeyboardInterrupt

    journal = Journal()
    outcomes = steps.run(Sequential(steps=(journal.step("a"), Step(name="b", run=stop))), Context(environment="local"))
    assert statuses(outcomes) == [("a", "done"), ("b", "interrupted"), ("a", "undone")]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyError("gone")])
def test_a_mistake_in_a_step_is_a_failure(error: Exception) -> None:
    """Nothing escapes: what was done before is undone all the same."""

    def fail(_: Context) -> None:
        raise error

    journal = Journal()
    outcomes = steps.run(Sequential(steps=(journal.step("a"), Step(name="b", run=fail))), Context(environment="local"))
    assert outcomes[1].status is StepStatus.FAILED
    assert type(error).__name__ in outcomes[1].detail
    assert journal.lines[-1] == "undo a"
