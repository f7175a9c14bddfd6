"""
The outputs document: complete, of the shape that its schema says, and without anybody's secret.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from components.outputs_shape import SCHEMA, render_schema
from tests.complete_fleet import PLANTED, complete
from tests.conftest import STACKS, Checkout


def whole(value: Any) -> Any:
    """
    As the engine prints it: the monitor's numbers are all fractions.
    """
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def outputs(checkout: Checkout, stack: str) -> dict[str, Any]:
    return dict(whole(checkout.foundation(stack).stack_outputs))


def test_the_schema_is_what_the_types_say() -> None:
    """`python -m components.outputs_shape` writes the file; nobody edits it."""
    assert Path(SCHEMA).read_text() == render_schema()


def test_the_schema_is_a_schema() -> None:
    """Tools may rely on it."""
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("stack", STACKS)
def test_every_stacks_outputs_have_the_shape_of_the_schema(sample_fleet: Checkout, stack: str) -> None:
    """Of the whole sample fleet, with all that is optional there and not there."""
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(outputs(sample_fleet, stack))


def test_a_complete_fleets_outputs_have_the_shape_of_the_schema(checkout: Checkout) -> None:
    """Databases, backups, monitoring, jobs, promises, a load balancer."""
    document = outputs(complete(checkout), "production")

    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert document["entry"]["kind"] == "load-balancer"
    assert document["projects"]["shop"]["database"]["server"] == "db-1"
    assert document["projects"]["shop"]["backup"]["covers"] == ["database:shop", "volume:uploads"]
    assert document["backup"]["covers"] == ["volume:certificates-app-1", "volume:certificates-app-2"]
    assert document["projects"]["shop"]["processes"]["report"]["schedule"] == "15 3 * * 1"
    assert document["monitoring"]["receivers"] == [{"name": "ops", "kind": "email"}, {"name": "chat", "kind": "slack"}]


def test_something_unknown_in_the_document_is_refused(checkout: Checkout) -> None:
    """The schema is exact: what is added there has to be added here."""
    document = outputs(checkout, "local") | {"colour": "red"}

    assert not Draft202012Validator(json.loads(SCHEMA.read_text())).is_valid(document)


def test_no_secret_is_in_any_output(checkout: Checkout) -> None:
    """Not of the stack, and not of a component: secrets are planted wherever one fits, and looked for everywhere."""
    recording = complete(checkout).program("production")
    found = json.dumps(recording.outputs, default=str)

    assert [secret for secret in PLANTED if secret in found] == []


def test_secrets_are_inputs_only_where_they_are_encrypted(checkout: Checkout) -> None:
    """Each planted secret does arrive somewhere, and only in inputs that the engine keeps encrypted."""
    recording = complete(checkout).program("production")
    arrived = set()
    for found in recording.registrations:
        for key, value in found.inputs.items():
            text = json.dumps(value, default=str)
            here = {secret for secret in PLANTED if secret in text}
            arrived |= here
            assert not here or key in found.secrets, f"{found.urn} {key}"

    assert "the secret at secrets.notifications.chat" in arrived


def test_the_outputs_of_the_sandbox_are_complete(checkout: Checkout) -> None:
    """Version 2, as tools and documents read it."""
    document = outputs(checkout, "local")
    project = document["projects"]["guestbook"]

    assert document["version"] == 2
    assert document["environment"]["name"] == document["environment"]["stack"] == "local"
    assert document["entry"] == {"kind": "server", "ipv4": "127.10.0.11"}
    assert document["servers"]["app-1"]["private_ip"] == "10.0.1.2"
    assert project["owner"] == "web-team"
    assert project["processes"]["web"]["urls"] == ["https://guestbook.flotilla.test"]
    assert project["releases"] == [
        {"images": {"web": f"registry.flotilla.test:5000/guestbook@sha256:{'1' * 64}"}, "slot": "a", "weight": 100}
    ]
