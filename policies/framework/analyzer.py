# ruff: noqa: N802 -- the method names are the service's
"""
What a pack answers the engine: the library's `Analyzer` service, with an index from a resource's type to the rules for it.

The library decodes every resource once for each policy, and once more for each policy of the stack: with sixty rules and a
thousand resources that is most of a preview. Here a resource that no rule looks at costs one look into a dictionary, and any
other is decoded once. The library itself is not loaded, which would take longer than judging a small fleet; a test holds the
answers against its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from google.protobuf import empty_pb2  # type: ignore[import-untyped]

from policies.framework.judge import WAIVER_RULES, Judge, Verdict
from policies.framework.resource import Resource, Stack
from policies.framework.rule import Level, Metadata, Pack, Rule, StackRule
from policies.framework.waivers import waivers_of
from policies.framework.wire import Late, properties, with_changes
from toolchain.protocol import load

analyzer_pb2, plugin_pb2 = load("analyzer_pb2", "plugin_pb2")

VERSION = "1.0.0"  # the engine shows the one of PulumiPolicy.yaml
LEVELS = {
    Level.ADVISORY: analyzer_pb2.ADVISORY,
    Level.MANDATORY: analyzer_pb2.MANDATORY,
    Level.REMEDIATE: analyzer_pb2.REMEDIATE,
    Level.DISABLED: analyzer_pb2.DISABLED,
}
LEVELS_SENT = {sent: level for level, sent in LEVELS.items()}
Request = Any  # the generated messages carry no types once their packages are bare
Response = Any


def info_of(rule: Metadata) -> Any:
    """
    The rule as the engine knows it: what it is called, its level, its options, where it comes from.
    """
    types = analyzer_pb2.PolicyType
    info = analyzer_pb2.PolicyInfo(
        name=rule.id,
        description=rule.description,
        enforcementLevel=LEVELS[rule.level],
        policy_type=types.POLICY_TYPE_RESOURCE if isinstance(rule, Rule) else types.POLICY_TYPE_STACK,
        remediation_steps=rule.remediation,
    )
    if rule.options:
        info.configSchema.properties.update({name: option.schema for name, option in rule.options.items()})
    if rule.references:
        first = rule.references[0]
        info.framework.name, info.framework.reference, info.framework.specification = first.document, first.item, first.title
    return info


class Analyzer:
    """
    The service of one pack in one run of the engine. Not for several threads.
    """

    def __init__(
        self, pack: Pack, *, today: Callable[[], date] | None = None, is_strange: Callable[[str], bool] = lambda _: False
    ) -> None:
        self.pack = pack
        self._today = today or _today
        self._is_strange = is_strange
        self._config: dict[str, str] = {}
        self._levels: dict[str, Level] = {}
        self._options: dict[str, dict[str, Any]] = {}
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
            levels=self._levels,
            options=self._options,
            is_strange=self._is_strange,
        )

    def GetPluginInfo(self, _: Request) -> Response:
        """
        Packs are plugins to the engine.
        """
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(self, _: Request) -> Response:
        """
        The pack and all about each rule.
        """
        return analyzer_pb2.AnalyzerInfo(
            name=self.pack.name,
            version=VERSION,
            supportsConfig=True,
            description=self.pack.description,
            policies=[info_of(rule) for rule in (*self.pack.rules, *WAIVER_RULES)],
        )

    def ConfigureStack(self, request: Request) -> Response:
        """
        The stack's configuration, with the waivers in it.
        """
        self._config = dict(request.config)
        self._begin()
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Configure(self, request: Request) -> Response:
        """
        The pack's configuration: levels and options.
        """
        self._levels = {name: LEVELS_SENT[sent.enforcementLevel] for name, sent in request.policyConfig.items()}
        self._options = {name: properties(sent.properties) for name, sent in request.policyConfig.items()}
        self._begin()
        return empty_pb2.Empty()

    def Remediate(self, request: Request) -> Response:
        """
        The properties as the rules of level `remediate` set them, one after the other.
        """
        response = analyzer_pb2.RemediateResponse()
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

    def Analyze(self, request: Request) -> Response:
        """
        What the rules for this type find, and the inputs kept for the rules over the whole stack.
        """
        response = analyzer_pb2.AnalyzeResponse()
        rules = self._rules.get(request.type, ())
        if rules or request.type in self._stack_types:
            resource = self._seen[request.urn] = resource_of(request, request.properties)
            for rule in rules:
                self._report(response, self.judge.check(rule, resource))
        return response

    def AnalyzeStack(self, request: Request) -> Response:
        """
        What the rules over the whole stack find, and what is wrong with the waivers.
        """
        response = analyzer_pb2.AnalyzeResponse()
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

    def _report(self, response: Response, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            response.diagnostics.add(
                policyName=verdict.rule.id,
                policyPackName=self.pack.name,
                policyPackVersion=VERSION,
                message=f"{verdict.rule.description}\n{verdict.message}",
                urn=verdict.urn,
                description=verdict.rule.description,
                enforcementLevel=LEVELS[verdict.level],
            )


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
