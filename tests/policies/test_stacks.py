"""
The committed stacks under both packs: what Flotilla builds is right by its own rules.
"""

from __future__ import annotations

import pytest

from policies.catalog import packs
from policies.framework import Level, Rule
from policies.security.rules import PACK
from tests.conftest import COMPUTED, STACKS, Checkout
from tests.policies.conftest import analyzer, judge_program

# Not in these stacks: what people may add to the program.
FOREIGN = {
    "docker:index/container:Container",
    "command:local:Command",
    "hcloud:index/primaryIp:PrimaryIp",
    "hcloud:index/firewallAttachment:FirewallAttachment",
    "hcloud:index/networkRoute:NetworkRoute",
    "hcloud:index/floatingIp:FloatingIp",
    "hcloud:index/floatingIpAssignment:FloatingIpAssignment",
    "flotilla:settings:Environment",  # stands for a file
    "pulumi:providers:hcloud",
    "pulumi:providers:cloudflare",
    "pulumi:pulumi:Stack",
}


@pytest.fixture(autouse=True)
def public_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Servers and load balancers get addresses as in the real cloud; the recording monitor's are the sandbox's.
    """
    for kind, computed in COMPUTED.items():
        known = {name: str(value).replace("127.10.0.", "203.0.113.") for name, value in computed.items()}
        monkeypatch.setitem(COMPUTED, kind, known)


def test_the_committed_stacks_have_nothing_to_be_excused(sample_fleet: Checkout) -> None:
    """
    No false alarm: neither a violation nor an advisory, in any stack, with every project served. And no rule is quiet only
    because it looks at a type that nothing has.
    """
    seen = set()
    for stack in STACKS:
        recording = sample_fleet.program(stack)
        seen |= {registration.type for registration in recording.registrations}
        for pack in packs():
            found = judge_program(analyzer(pack, stack=stack), recording, stack)
            assert not [(stack, one.policyName, one.message) for one in found]
    assert {kind for pack in packs() for rule in pack.rules for kind in rule.types} - FOREIGN <= seen


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_what_is_broken_in_a_real_stack_is_found(sample_fleet: Checkout, stack: str) -> None:
    """
    The same resources with their protections, options and settings taken away: the rules do see them.
    """
    recording = sample_fleet.foundation(stack)
    for registration in recording.registrations:
        registration.request.protect = False
        del registration.request.ignoreChanges[:]
        for name in ("deleteProtection", "rebuildProtection", "firewallIds", "sshKeys", "userData", "healthCheck", "encrypted"):
            if name in registration.request.object.fields:
                del registration.request.object.fields[name]
    found = {one.policyName for one in judge_program(analyzer(PACK, stack=stack), recording, stack)}
    expected = {
        "server-delete-protection",
        "server-rebuild-protection",
        "volume-delete-protection",
        "network-delete-protection",
        "stateful-unprotected",
        "server-replaced-by-edit",
        "server-without-firewall",
        "server-without-ssh-key",
        "user-data-password-login",
    }
    assert expected <= found


def test_the_levels_are_those_that_were_decided() -> None:
    """
    Advice stays rare, and only rules over one resource mend.
    """
    advisory = {rule.id for rule in PACK.rules if rule.level is Level.ADVISORY}
    assert advisory == {"ssh-keys-too-many", "dns-proxy-bypassed", "dns-dangling"}
    assert all(isinstance(rule, Rule) and rule.fix for rule in PACK.rules if rule.level is Level.REMEDIATE)
