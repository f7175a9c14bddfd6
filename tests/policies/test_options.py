"""
Every option of the security pack does what it says.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from policies.framework import Resource, Rule, Stack
from policies.framework.judge import Judge
from policies.security.rules import PACK
from policies.security.rules.caa import caa
from policies.security.rules.certificates import fleet
from policies.security.rules.container import DIGEST, container, service, task
from policies.security.rules.dns import record, server
from policies.security.rules.exposure import port, published
from policies.security.rules.isolation import ADDED
from policies.security.rules.mounts import bind
from policies.security.rules.networks import network
from policies.security.rules.reach import allow, firewall
from policies.security.rules.ssh_keys import ED25519, key, rsa

WORLD = "0.0.0.0/0"
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"
RULES = {rule.id: rule for rule in PACK.rules}
# {(rule, option): (a resource or a stack, is it wrong by default?, the option's other value)}; the verdict turns round.
CASES: dict[tuple[str, str], tuple[Any, bool, Any]] = {
    ("ssh-open-to-world", "ports"): (firewall(allow("2222", WORLD)), False, [2222]),
    ("database-open-to-world", "ports"): (firewall(allow("5433", WORLD)), False, [5433]),
    ("docker-api-open-to-world", "ports"): (firewall(allow("2375", WORLD)), True, []),
    ("any-port-open-to-world", "most"): (firewall(allow("8000-8001", WORLD)), True, 2),
    ("admin-range-too-wide", "ipv4_prefix"): (firewall(allow("22", "203.0.113.0/24")), False, 28),
    ("admin-range-too-wide", "ipv6_prefix"): (firewall(allow("22", "2001:db8::/32")), True, 32),
    ("port-without-role", "everywhere"): (firewall(allow("9100", "203.0.113.0/28")), True, ["tcp/22", "tcp/9100"]),
    ("port-without-role", "ingress"): (firewall(allow("443", WORLD)), False, []),
    ("database-server-exposed", "ports"): (firewall(allow("443", WORLD), roles="db"), True, [443]),
    ("network-range-too-wide", "prefix"): (network("10.0.0.0/12"), True, 12),
    ("server-replaced-by-edit", "properties"): (
        Resource(type="hcloud:index/server:Server", ignore_changes=("image",)),
        True,
        ["image"],
    ),
    ("ssh-key-weak", "kinds"): (key(ED25519), False, ["ssh-rsa"]),
    ("ssh-key-weak", "rsa_bits"): (key(rsa(2048)), True, 2048),
    ("ssh-keys-too-many", "most"): ([key(ED25519, "a"), key(ED25519, "b")], False, 1),
    ("image-from-unknown-registry", "registries"): ([service(image=f"ghcr.io/x/y@{DIGEST}")], False, ["quay.io"]),
    ("container-added-capability", "capabilities"): (service(capAdds=["NET_RAW"]), True, ["NET_RAW"]),
    ("docker-socket-mounted", "sockets"): (bind("/run/podman/podman.sock"), False, ["/run/podman/podman.sock"]),
    ("system-folder-mounted", "folders"): (bind("/opt"), False, ["/opt"]),
    ("host-path-outside-allowed", "folders"): (bind("/srv/shop"), True, ["/srv"]),
    ("container-not-restarted", "refused"): (task(restartPolicy={"condition": "on-failure"}), False, ["on-failure"]),
    ("port-published-past-ingress", "services"): (published(port(443), name="nginx"), True, ["nginx"]),
    ("port-published-past-ingress", "ports"): (published(port(8443), name="caddy"), True, [8443]),
    ("container-secret-in-environment", "entropy_bits"): (service(env={"SALT": "kJ8vQ2xLw9RtZ4mNb7YcD3fGhS6p"}), True, 7.5),
    ("command-secret-in-environment", "entropy_bits"): (
        Resource(type="command:local:Command", props={"environment": {"SALT": "kJ8vQ2xLw9RtZ4mNb7YcD3fGhS6p"}}),
        True,
        7.5,
    ),
    ("dns-wildcard", "names"): (record(name="*.example.com"), True, ["*.example.com"]),
    ("dns-ttl-out-of-bounds", "least"): (record(ttl=30), True, 30),
    ("dns-ttl-out-of-bounds", "most"): (record(ttl=604800), True, 604800),
    ("dns-dangling", "addresses"): ([record("198.51.100.9"), server("203.0.113.7")], True, ["198.51.100.9"]),
    ("dns-caa-unknown-authority", "authorities"): (caa("ca.example.net"), True, ["ca.example.net"]),
    ("certificates-untrusted", "stacks"): (fleet("staging", tls="acme", acmeDirectory=STAGING), False, ["staging"]),
}


def is_wrong(rule_id: str, case: Any, options: dict[str, Any]) -> bool:
    """
    Whether the rule finds anything.
    """
    judge, rule = Judge(pack=PACK, today=date(2026, 12, 1), options={rule_id: options}), RULES[rule_id]
    return bool(judge.check(rule, case) if isinstance(rule, Rule) else judge.check_stack(rule, Stack(case)))


@pytest.mark.parametrize(("rule_id", "option"), CASES)
def test_an_option_turns_the_verdict_round(rule_id: str, option: str) -> None:
    """
    The same resource is right with one value and wrong with another.
    """
    case, is_wrong_by_default, other = CASES[rule_id, option]
    assert is_wrong(rule_id, case, {}) is is_wrong_by_default
    assert is_wrong(rule_id, case, {option: other}) is not is_wrong_by_default


def test_there_is_an_example_for_every_option() -> None:
    """
    A new option comes with a case above.
    """
    assert set(CASES) == {(rule.id, option) for rule in PACK.rules for option in rule.options}


def test_a_schema_tells_the_type_of_an_option_and_its_default() -> None:
    """
    The engine refuses a configuration of another type.
    """
    (option,) = ADDED.options.values()
    assert option.schema == {
        "type": "array",
        "items": {"type": "string"},
        "default": ["NET_BIND_SERVICE"],
        "description": option.description,
    }
    assert RULES["dns-ttl-out-of-bounds"].options["least"].schema["type"] == "integer"
    assert RULES["container-secret-in-environment"].options["entropy_bits"].schema["type"] == "number"


def test_containers_by_themselves_are_held_to_the_same_as_services() -> None:
    """
    What a service may not do a container may not either: their properties have other names only.
    """
    judge = Judge(pack=PACK, today=date(2026, 12, 1))
    found = {
        kind.type: {
            rule.id
            for rule in PACK.rules
            if isinstance(rule, Rule) and {service().type, container().type} <= set(rule.types) and judge.check(rule, kind)
        }
        for kind in (service(image="x:1", capDrops=[]), container(image="x:1", capabilities={"drops": []}, restart="always"))
    }
    assert found[service().type] == found[container().type] != set()
