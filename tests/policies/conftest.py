"""
What the engine sends to a policy pack, made from resources as rules see them or from a recorded program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pytest
from pulumi.runtime import proto

from policies.framework import Pack, Resource
from policies.framework.analyzer import Analyzer
from policies.framework.wire import encoded
from tests.conftest import Recording

TODAY = date(2026, 12, 1)


def analyzer(pack: Pack, *, config: Mapping[str, str] | None = None, stack: str = "production", **options: Any) -> Analyzer:
    """
    A pack's server as the engine has it once it has introduced the stack.
    """
    made = Analyzer(pack, today=lambda: TODAY, **options)
    made.ConfigureStack(proto.AnalyzerStackConfigureRequest(stack=stack, project="flotilla", config=config or {}))
    made.Configure(proto.ConfigureAnalyzerRequest())
    return made


def request(resource: Resource) -> Any:
    """
    The question about one resource.
    """
    message = proto.AnalyzeRequest(type=resource.type, urn=resource.urn, name=resource.name)
    message.properties.update(encoded(resource.props))
    message.options.protect = resource.protect
    message.options.ignoreChanges.extend(resource.ignore_changes)
    return message


def stack_request(resources: Iterable[Resource]) -> Any:
    """
    The question about all resources, with the outputs that the engine knows then.
    """
    message = proto.AnalyzeStackRequest()
    for resource in resources:
        sent = message.resources.add(type=resource.type, urn=resource.urn, name=resource.name)
        sent.properties.update(encoded(resource.outputs))
        sent.dependencies.extend(resource.dependencies)
    return message


def judge_program(made: Analyzer, recording: Recording, stack: str) -> list[Any]:
    """
    All diagnostics about a recorded program, in the engine's order: each resource, then the stack.
    """

    def named(urn: str) -> str:
        return f"urn:pulumi:{stack}::{urn.partition('::')[2]}"  # the recording monitor's stack has another name

    whole, found = proto.AnalyzeStackRequest(), []
    for registration in recording.registrations:
        sent, urn = registration.request, named(registration.urn)
        question = proto.AnalyzeRequest(type=sent.type, urn=urn, name=sent.name, properties=sent.object)
        question.options.protect = sent.protect
        question.options.ignoreChanges.extend(sent.ignoreChanges)
        question.options.parent = named(sent.parent)
        found += made.Analyze(question).diagnostics
        last = whole.resources.add(type=sent.type, urn=urn, name=sent.name)
        last.options.CopyFrom(question.options)
        last.dependencies.extend(map(named, sent.dependencies))
    return [*found, *made.AnalyzeStack(whole).diagnostics]


@pytest.fixture(scope="session")
def today() -> date:
    """The day on which all tests are."""
    return TODAY
