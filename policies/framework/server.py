# ruff: noqa: N802, ARG002 -- the method names and signatures are the service's
"""
Serves a pack to the engine: the library's policy server, with an index from a resource's type to the rules that look at it.

The library decodes every resource once for each policy, and once more for each policy of the stack: with sixty rules and a
thousand resources that is most of a preview. Here a resource that no rule looks at costs one look into a dictionary, and any
other is decoded once. Levels, configuration and metadata remain the library's business.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import partial
from threading import Event
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ResourceValidationPolicy,
    StackValidationPolicy,
)
from pulumi_policy.policy import _GRPC_CHANNEL_OPTIONS, _PolicyAnalyzerServicer

from policies.framework.judge import WAIVER_RULES, Judge, Verdict
from policies.framework.resource import Resource, Stack
from policies.framework.rule import Level, Metadata, Pack, Rule, StackRule
from policies.framework.waivers import waivers_of
from policies.framework.wire import Late, properties, whole, with_changes

VERSION = "1.0.0"  # the engine shows the one of PulumiPolicy.yaml
CALLS_AT_ONCE = 4


def policy_of(rule: Metadata) -> Policy:
    """
    The rule as the library and the engine know it: what it is called, its level, its options, where it comes from.
    """
    common: dict[str, Any] = {
        "name": rule.id,
        "description": rule.description,
        "enforcement_level": EnforcementLevel(rule.level.value),
        "remediation_steps": rule.remediation,
    }
    if rule.options:
        common["config_schema"] = PolicyConfigSchema({name: option.schema for name, option in rule.options.items()})
    if rule.references:
        first = rule.references[0]
        common["framework"] = PolicyComplianceFramework(name=first.document, reference=first.item, specification=first.title)
    if isinstance(rule, Rule):
        return ResourceValidationPolicy(**common, validate=_judged, remediate=_judged if rule.fix else None)
    return StackValidationPolicy(**common, validate=_judged)


def _judged(*_: object) -> NoReturn:
    """
    The library's callback cannot tell of a waived finding; `Analyzer` asks the judge instead.
    """
    raise TypeError("this callback is for the library's own server")


class Analyzer(_PolicyAnalyzerServicer):
    """
    The service of one pack in one run of the engine.
    """

    def __init__(
        self, pack: Pack, *, today: Callable[[], date] | None = None, is_strange: Callable[[str], bool] = lambda _: False
    ) -> None:
        self.policies = {rule.id: policy_of(rule) for rule in (*pack.rules, *WAIVER_RULES)}
        super().__init__(
            pack.name, VERSION, list(self.policies.values()), EnforcementLevel.MANDATORY, description=pack.description
        )
        self.pack = pack
        self._today = today or _today
        self._is_strange = is_strange
        self._config: dict[str, str] = {}
        self._rules: dict[str, list[Rule]] = {}
        self._stack_rules = [rule for rule in pack.rules if isinstance(rule, StackRule)]
        self._stack_types = {kind for rule in self._stack_rules for kind in rule.types}
        for rule in pack.rules:
            if isinstance(rule, Rule):
                for kind in rule.types:
                    self._rules.setdefault(kind, []).append(rule)
        self._begin()

    def _begin(self) -> None:
        """
        Forget what was seen: a run begins.
        """
        self._seen: dict[str, Resource] = {}
        self.judge = Judge(
            pack=self.pack,
            today=self._today(),
            waivers=waivers_of(self._config),
            levels={name: Level(self._get_enforcement_level(policy).value) for name, policy in self.policies.items()},
            options={name: whole(config) for name in self.policies if (config := self._get_policy_config(name))},
            is_strange=self._is_strange,
        )

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        """
        The stack's configuration, with the waivers in it.
        """
        self._config = dict(request.config)
        response = super().ConfigureStack(request, context)
        self._begin()
        return response

    def Configure(self, request: Any, context: Any) -> Any:
        """
        The pack's configuration: levels and options.
        """
        response = super().Configure(request, context)  # type: ignore[no-untyped-call]
        self._begin()
        return response

    def Remediate(self, request: Any, context: Any) -> Any:
        """
        The properties as the rules of level `remediate` set them, one after the other.
        """
        response = proto.RemediateResponse()
        message = request.properties
        for rule in self._rules.get(request.type, ()):
            if rule.fix is None:
                continue
            changes = self.judge.fix(rule, resource_of(request, message))
            if changes:
                message = with_changes(message, changes)
                response.remediations.add(
                    policyName=rule.id,
                    policyPackName=self.pack.name,
                    policyPackVersion=VERSION,
                    description=rule.description,
                    properties=message,
                )
        return response

    def Analyze(self, request: Any, context: Any) -> Any:
        """
        What the rules for this type find, and the inputs kept for the rules over the whole stack.
        """
        response = proto.AnalyzeResponse()
        rules = self._rules.get(request.type, ())
        if rules or request.type in self._stack_types:
            resource = self._seen[request.urn] = resource_of(request, request.properties)
            for rule in rules:
                self._report(response, self.judge.check(rule, resource))
        return response

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        """
        What the rules over the whole stack find, and what is wrong with the waivers.
        """
        response = proto.AnalyzeResponse()
        stack = Stack(self._resources(request.resources))
        for rule in self._stack_rules:
            self._report(response, self.judge.check_stack(rule, stack))
        self._report(response, self.judge.check_waivers())
        return response

    def _resources(self, messages: Iterable[Any]) -> Iterator[Resource]:
        """
        The stack's resources that stack rules look at. Here the engine sends outputs; the inputs were seen before, except those
        of resources that `--target` left out.
        """
        for message in messages:
            if message.type in self._stack_types:
                seen = self._seen.get(message.urn)
                outputs = Late(partial(properties, message.properties))
                yield resource_of(
                    message,
                    message.properties,
                    props=seen.props if seen else outputs,
                    outputs=outputs,
                    dependencies=tuple(message.dependencies),
                )

    def _report(self, response: Any, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            report = self._create_report_violation(
                response, verdict.rule.id, verdict.rule.description, EnforcementLevel(verdict.level.value)
            )
            report(verdict.message, verdict.urn)


def resource_of(message: Any, sent: Any, **known: Any) -> Resource:
    """
    A resource of a request, with the properties that were sent unless they are known.
    """
    urn: str = message.urn
    options = message.options
    return Resource(
        **{
            "type": message.type,
            "name": message.name,
            "stack": urn.removeprefix("urn:pulumi:").partition("::")[0],
            "urn": urn,
            "protect": options.protect,
            "ignore_changes": tuple(options.ignoreChanges),
            "secret_outputs": tuple(options.additionalSecretOutputs),
            "parent": options.parent,
            "props": None if "props" in known else properties(sent),
            **known,
        }
    )


def _today() -> date:
    return datetime.now(UTC).date()


def serve(pack: Pack, is_strange: Callable[[str], bool] = lambda _: False) -> NoReturn:
    """
    Answer the engine until it ends this process, as the library's `PolicyPack` does.
    """
    server = grpc.server(ThreadPoolExecutor(CALLS_AT_ONCE), options=_GRPC_CHANNEL_OPTIONS)
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(pack, is_strange=is_strange), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    Event().wait()
    sys.exit()
