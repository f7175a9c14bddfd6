"""
What the engine writes to its event log, and what is read of it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.events import SECRET, UNKNOWN, Change, Diagnostic, Finished, Step, Summary, Violation, event_of, parse

URN = "urn:pulumi:local::flotilla::flotilla:compute:Server$hcloud:index/server:Server::app-1-server"
SECRET_VALUE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}


def step(operation: str, **metadata: Any) -> dict[str, Any]:
    """
    An event before a resource is changed.
    """
    return {"resourcePreEvent": {"metadata": {"op": operation, "urn": URN, "type": "hcloud:index/server:Server", **metadata}}}


def test_an_update_tells_what_changes() -> None:
    """Both inputs, the paths that differ, and protection before and after."""
    old = {"inputs": {"serverType": "cx23", "labels": {"a": "1"}}, "protect": True, "id": "7", "parent": "p"}
    new = {"inputs": {"serverType": "cx33", "labels": {"a": "2"}}, "parent": "p"}
    differing = {"serverType": {"diffKind": "update"}, "labels.a": {"diffKind": "update"}}
    found = event_of(step("update", old=old, new=new, detailedDiff=differing, diffs=["labels", "serverType"]))
    assert isinstance(found, Step)
    assert (found.change, found.name, found.id, found.parent) == (Change.UPDATE, "app-1-server", "7", "p")
    assert found.properties == {"serverType", "labels"}
    assert (found.before["serverType"], found.after["serverType"]) == ("cx23", "cx33")
    assert (found.was_protected, found.is_protected) == (True, False)


def test_a_component_has_no_paths_but_names() -> None:
    """Where no provider was asked, the properties that differ are known by name."""
    found = event_of(
        step("update", old={"inputs": {"size": 1}}, new={"inputs": {"size": 2}}, diffs=["size"], detailedDiff=None)
    )
    assert isinstance(found, Step)
    assert found.properties == {"size"}


def test_secrets_and_what_is_not_known_yet_are_marked() -> None:
    """Wherever they are; the engine's own marks reach nobody."""
    inputs = {"data": SECRET_VALUE, "list": [{"id": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}]}
    found = event_of(step("create", old=None, new={"inputs": inputs}))
    assert isinstance(found, Step)
    assert found.after == {"data": SECRET, "list": [{"id": UNKNOWN}]}


@pytest.mark.parametrize("operation", ["create-replacement", "delete-replaced", "remove-pending-replace"])
def test_a_replacement_is_told_once(operation: str) -> None:
    """Its parts are no steps of their own."""
    assert event_of(step(operation, old={}, new={})) is None


def test_an_operation_that_nobody_knows_is_an_update() -> None:
    """A later engine may have another; it must not pass as nothing."""
    found = event_of(step("transmogrify", old={}, new={}))
    assert isinstance(found, Step)
    assert found.change is Change.UPDATE


def test_what_was_done_and_what_failed() -> None:
    """Two kinds of events with one shape."""
    metadata = {"op": "create", "urn": URN, "type": "hcloud:index/server:Server"}
    done = event_of({"resOutputsEvent": {"metadata": metadata}})
    failed = event_of({"resOpFailedEvent": {"metadata": metadata, "status": 1}})
    assert done == Finished(operation="create", urn=URN, type="hcloud:index/server:Server")
    assert isinstance(failed, Finished)
    assert not failed.is_ok


def test_messages_policies_and_the_end() -> None:
    """Colours are taken out; what a display shows for a moment, and debugging, are left out."""
    said = {"severity": "error", "message": "<{%fg 1%}>bad<{%reset%}>\n", "urn": URN}
    policy = {"policyPackName": "p", "policyName": "r", "enforcementLevel": "mandatory", "message": "no"}
    summary = {"result": "failed", "isPreview": True, "resourceChanges": {"create": 2}, "PolicyPacks": {"p|local|/x": "1"}}
    lines = [
        json.dumps({"diagnosticEvent": said}),
        json.dumps({"diagnosticEvent": {**said, "ephemeral": True}}),
        json.dumps({"diagnosticEvent": {**said, "severity": "debug"}}),
        json.dumps({"policyEvent": policy}),
        json.dumps({"preludeEvent": {"config": {}}}),
        json.dumps({"summaryEvent": summary}),
        '{"summaryEvent": {"res',
    ]
    violation = Violation(pack="p", policy="r", level="mandatory", message="no", urn="")
    assert violation.is_stopping
    assert list(parse(lines)) == [
        Diagnostic(severity="error", message="bad", urn=URN),
        violation,
        Summary(is_ok=False, is_preview=True, changes={"create": 2}, packs=("p",)),
    ]


@pytest.mark.parametrize(
    ("found", "differing"),
    [
        ({"new": {"inputs": {}}, "diffs": ["content"]}, ("content",)),
        ({"new": {"inputs": {}}, "detailedDiff": {"rules[0].port": {}, "name": {}}}, ("name", "rules[0].port")),
        ({"new": {"inputs": {}}}, ()),
        ({"new": None}, ("it is gone",)),
    ],
)
def test_what_a_refresh_finds_is_known_once_the_cloud_has_answered(found: dict[str, Any], differing: tuple[str, ...]) -> None:
    """Of the event that ends it; of what is done otherwise, that is no drift."""
    metadata = {"urn": "urn:pulumi:local::p::t::n", "type": "t", "op": "refresh", "old": {"inputs": {}}} | found
    finished = event_of({"resOutputsEvent": {"metadata": metadata}})
    updated = event_of({"resOutputsEvent": {"metadata": metadata | {"op": "update"}}})

    assert isinstance(finished, Finished) and finished.differing == differing
    assert isinstance(updated, Finished) and updated.differing == ()
