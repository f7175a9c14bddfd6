"""
What a pack answers the engine, and that the library's own server would say the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pulumi.runtime import proto
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ResourceValidationPolicy,
    StackValidationPolicy,
)
from pulumi_policy.policy import _PolicyAnalyzerServicer

from policies.catalog import packs
from policies.framework import Level, Pack, Resource, Rule, StackRule
from policies.framework.judge import WAIVER_RULES, Judge
from policies.framework.rule import Metadata
from policies.framework.wire import properties
from policies.security.rules import PACK
from tests.policies.conftest import TODAY, analyzer, request, stack_request

EXAMPLES = [
    (rule, case) for rule in PACK.rules if isinstance(rule, Rule) for case in (*rule.fixtures.passes, *rule.fixtures.fails)
]
FIREWALL = "hcloud:index/firewall:Firewall"
OPEN_SSH = Resource(
    type=FIREWALL,
    name="app",
    props={"rules": [{"direction": "in", "protocol": "tcp", "port": "22", "sourceIps": ["0.0.0.0/0"]}]},
)
VOLUME = Resource(type="hcloud:index/volume:Volume", name="data", protect=True, props={"size": 10})


def waived(rule: str, until: str) -> dict[str, str]:
    """
    A stack's configuration with one waiver.
    """
    waiver = {"rule": rule, "resource": "app", "reason": "a test", "owner": "alice", "until": until}
    return {"flotilla:environment": json.dumps({"waivers": [waiver]})}


def library(pack: Pack) -> _PolicyAnalyzerServicer:
    """
    The library's own server with the same rules, as `PolicyPack` would run them.
    """
    judge = Judge(pack=pack, today=TODAY)

    def policy(rule: Rule) -> ResourceValidationPolicy:
        def validate(args: Any, report: Any) -> None:
            # Its proxies hide what rules need to see, so that the message's own properties are taken.
            resource = Resource(
                type=args.resource_type,
                name=args.name,
                urn=args.urn,
                stack=args.urn.split(":")[2],
                protect=args.opts.protect,
                ignore_changes=tuple(args.opts.ignore_changes),
                props=current[0],
            )
            for verdict in judge.check(rule, resource):
                report(verdict.message)

        return ResourceValidationPolicy(rule.id, rule.description, validate, EnforcementLevel(rule.level.value))

    current: list[Any] = [None]
    rules = [policy(rule) for rule in pack.rules if isinstance(rule, Rule)]
    made = _PolicyAnalyzerServicer(pack.name, "1.0.0", rules, EnforcementLevel.MANDATORY)
    original = made.Analyze

    def analyze(message: Any, context: Any) -> Any:
        current[0] = properties(message.properties)
        return original(message, context)

    made.Analyze = analyze
    return made


def policy_of(rule: Metadata) -> Policy:
    """
    The rule as one would write it for the library.
    """
    common: dict[str, Any] = {
        "name": rule.id,
        "description": rule.description,
        "validate": lambda *_: None,
        "enforcement_level": EnforcementLevel(rule.level.value),
        "remediation_steps": rule.remediation,
    }
    if rule.options:
        common["config_schema"] = PolicyConfigSchema({name: option.schema for name, option in rule.options.items()})
    if rule.references:
        first = rule.references[0]
        common["framework"] = PolicyComplianceFramework(name=first.document, reference=first.item, specification=first.title)
    return (ResourceValidationPolicy if isinstance(rule, Rule) else StackValidationPolicy)(**common)


def plain(diagnostics: Sequence[Any]) -> list[tuple[Any, ...]]:
    """
    What matters of diagnostics. The library leaves the URN to the engine, which knows whom it asked about.
    """
    found = [(one.policyName, one.policyPackName, one.message, one.description, one.enforcementLevel) for one in diagnostics]
    return sorted(found)


def test_it_says_of_every_example_what_the_librarys_server_says() -> None:
    """
    An index by type and one decoding a resource change how fast the answer comes, not the answer.
    """
    ours, theirs = analyzer(PACK), library(PACK)
    # The library shows every policy every resource; a rule is written for its types.
    by_type = {rule.id: set(rule.types) for rule in PACK.rules}
    for _, case in EXAMPLES[:: max(1, len(EXAMPLES) // 60)]:
        message = request(case)
        expected = [one for one in theirs.Analyze(message, None).diagnostics if case.type in by_type[one.policyName]]
        assert plain(ours.Analyze(message).diagnostics) == plain(expected)


@pytest.mark.parametrize("pack", packs(), ids=lambda pack: pack.name)
def test_it_introduces_each_pack_as_the_librarys_server_would(pack: Pack) -> None:
    """
    The whole message, field by field: the engine has to take one for the other.
    """
    policies = [policy_of(rule) for rule in (*pack.rules, *WAIVER_RULES)]
    theirs = _PolicyAnalyzerServicer(pack.name, "1.0.0", policies, EnforcementLevel.MANDATORY, description=pack.description)
    assert analyzer(pack).GetAnalyzerInfo(None) == theirs.GetAnalyzerInfo(None, None)


def test_a_resource_that_no_rule_looks_at_gets_an_empty_answer() -> None:
    """
    Most resources of a stack are of such types.
    """
    made = analyzer(PACK)
    other = Resource(type="hcloud:index/rdns:Rdns", props={"a": 1})
    assert made.Analyze(request(other)) == proto.AnalyzeResponse()
    assert made.Remediate(request(other)) == proto.RemediateResponse()


def test_a_violation_tells_the_engine_rule_level_resource_and_remedy() -> None:
    """
    Everything that the engine prints is in the diagnostic.
    """
    (one,) = analyzer(PACK).Analyze(request(OPEN_SSH)).diagnostics
    assert (one.policyName, one.policyPackName, one.urn) == ("ssh-open-to-world", "flotilla-security", OPEN_SSH.urn)
    assert one.enforcementLevel == proto.MANDATORY
    assert "app: tcp port 22 is open to 0.0.0.0/0." in one.message
    assert "access.sources" in one.message


def test_waivers_come_with_the_stacks_configuration() -> None:
    """
    They are known before the first resource is, in whatever order resources come.
    """
    made = analyzer(PACK, config=waived("ssh-open-to-world", "2027-01-01"))
    (one,) = made.Analyze(request(OPEN_SSH)).diagnostics
    assert one.enforcementLevel == proto.ADVISORY
    assert "waived by alice until 2027-01-01" in one.message
    assert not made.AnalyzeStack(stack_request([OPEN_SSH])).diagnostics


def test_an_expired_waiver_is_reported_with_the_stack() -> None:
    """
    And the violation that it excused is one again.
    """
    made = analyzer(PACK, config=waived("ssh-open-to-world", "2026-11-30"))
    (one,) = made.Analyze(request(OPEN_SSH)).diagnostics
    assert one.enforcementLevel == proto.MANDATORY
    (expired,) = made.AnalyzeStack(stack_request([OPEN_SSH])).diagnostics
    assert (expired.policyName, expired.enforcementLevel) == ("waiver-expired", proto.MANDATORY)


def test_a_second_run_starts_afresh() -> None:
    """
    What one preview saw or excused has nothing to do with the next one.
    """
    made = analyzer(PACK, config=waived("ssh-open-to-world", "2027-01-01"))
    made.Analyze(request(OPEN_SSH))
    made.ConfigureStack(proto.AnalyzerStackConfigureRequest(config=waived("ssh-open-to-world", "2027-01-01")))
    (unused,) = made.AnalyzeStack(stack_request([])).diagnostics
    assert (unused.policyName, unused.enforcementLevel) == ("waiver-unused", proto.ADVISORY)


def test_only_one_pack_reports_a_waiver_of_no_rule() -> None:
    """
    A misspelt rule excuses nothing, which is told once.
    """
    told = []
    for pack in packs():
        made = analyzer(pack, config=waived("ssh-open-to-the-world", "2027-01-01"), is_strange=lambda _: True)
        told += [one.message for one in made.AnalyzeStack(stack_request([])).diagnostics if "waiver" in one.policyName]
    assert len(told) == 1
    assert "no rule has this id" in told[0]


def test_rules_over_the_stack_see_inputs_although_the_engine_sends_outputs() -> None:
    """
    A component's props never become outputs: they are kept from when each resource was asked about.
    """
    keys = [
        Resource(
            type="hcloud:index/sshKey:SshKey", name=name, props={"publicKey": "ssh-ed25519 AAAA"}, outputs={"fingerprint": "x"}
        )
        for name in ("alice", "bob")
    ]
    made = analyzer(PACK)
    for key in keys:
        made.Analyze(request(key))
    (shared,) = made.AnalyzeStack(stack_request(keys)).diagnostics
    assert (shared.policyName, shared.urn) == ("ssh-key-shared", keys[1].urn)


def test_a_resource_that_was_left_out_of_the_run_is_judged_by_its_outputs() -> None:
    """
    `--target` asks about some resources only, but sends all.
    """
    outputs = {"publicKey": "ssh-ed25519 AAAA"}
    keys = [Resource(type="hcloud:index/sshKey:SshKey", name=name, outputs=outputs) for name in ("alice", "bob")]
    found = analyzer(PACK).AnalyzeStack(stack_request(keys)).diagnostics
    assert [one.policyName for one in found] == ["ssh-key-shared"]


def test_a_remedy_is_sent_as_the_properties_to_use() -> None:
    """
    Everything else about the resource stays, and the check then has nothing to say.
    """
    made = analyzer(PACK)
    (remedy,) = made.Remediate(request(VOLUME)).remediations
    assert (remedy.policyName, properties(remedy.properties)) == (
        "volume-delete-protection",
        {"size": 10, "deleteProtection": True},
    )
    message = request(VOLUME)
    message.properties.CopyFrom(remedy.properties)
    assert not made.Analyze(message).diagnostics
    assert not made.Remediate(message).remediations


def test_two_remedies_of_one_resource_build_on_each_other() -> None:
    """
    The second sees what the first has set.
    """
    server = Resource(type="hcloud:index/server:Server", protect=True, props={"name": "app-1"})
    remedies = analyzer(PACK).Remediate(request(server)).remediations
    assert properties(remedies[-1].properties) == {"name": "app-1", "deleteProtection": True, "rebuildProtection": True}


def test_configuration_reaches_the_rules() -> None:
    """
    Levels and options of `--policy-pack-config`; numbers arrive as the protocol has them.
    """
    made = analyzer(PACK)
    configured = proto.ConfigureAnalyzerRequest()
    configured.policyConfig["ssh-open-to-world"].enforcementLevel = proto.ADVISORY
    configured.policyConfig["ssh-open-to-world"].properties.update({"ports": [2222.0]})
    configured.policyConfig["any-port-open-to-world"].enforcementLevel = proto.DISABLED
    made.Configure(configured)
    assert not made.Analyze(request(OPEN_SSH)).diagnostics
    rule = {"direction": "in", "protocol": "tcp", "port": "1-65535", "sourceIps": ["0.0.0.0/0"]}
    found = made.Analyze(request(Resource(type=FIREWALL, props={"rules": [rule]}))).diagnostics
    told = {one.policyName: one for one in found}
    assert told["ssh-open-to-world"].enforcementLevel == proto.ADVISORY
    assert "tcp port 2222 is open" in told["ssh-open-to-world"].message
    assert "any-port-open-to-world" not in told


@pytest.mark.parametrize("pack", packs(), ids=lambda pack: pack.name)
def test_the_engine_learns_all_about_each_rule(pack: Pack) -> None:
    """
    Name, description, level, kind, options with their defaults, remediation, and the document it comes from.
    """
    info = analyzer(pack).GetAnalyzerInfo(None)
    told = {policy.name: policy for policy in info.policies}
    assert set(told) == {rule.id for rule in pack.rules} | {"waiver-expired", "waiver-unused"}
    assert (info.name, info.supportsConfig) == (pack.name, True)
    levels = {Level.ADVISORY: proto.ADVISORY, Level.MANDATORY: proto.MANDATORY, Level.REMEDIATE: proto.REMEDIATE}
    for rule in pack.rules:
        policy = told[rule.id]
        assert (policy.description, policy.remediation_steps) == (rule.description, rule.remediation)
        assert policy.enforcementLevel == levels[rule.level]
        assert (policy.policy_type == proto.PolicyType.POLICY_TYPE_STACK) is isinstance(rule, StackRule)
        assert set(policy.configSchema.properties.fields) == set(rule.options)
        assert policy.framework.name == (rule.references[0].document if rule.references else "")
