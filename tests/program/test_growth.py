"""
A fleet grows and shrinks by its counts: what was there stays what it was. The engine's side of this is in tests/e2e.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.plugins.cloudflare.provider import CloudflareProvider
from sandbox.plugins.command.provider import CommandProvider
from sandbox.plugins.docker.provider import DockerProvider
from sandbox.plugins.hcloud.provider import HcloudProvider
from sandbox.plugins.provider import Resource
from tests.complete_fleet import complete
from tests.conftest import STACKS, Checkout, Recording, Registration

# Who says which change makes another resource, by type.
PLUGINS: Mapping[str, type[Resource]] = {
    resource.token: resource
    for provider in (CloudflareProvider, CommandProvider, DockerProvider, HcloudProvider)
    for resource in provider.resources
}
# Address of the entry: names move to the load balancer's, in place.
DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"


def grown(checkout: Checkout, count: int) -> Recording:
    checkout.change_environment("local", lambda found: found["servers"]["app"].update(count=count))
    return checkout.program()


def replaced(before: Registration, after: Registration) -> set[str]:
    """
    The properties for which the engine would make another resource.
    """
    if not before.request.custom:
        return set()
    effective = set(before.inputs) | set(after.inputs)
    changed = {key for key in effective if before.inputs.get(key) != after.inputs.get(key)}
    ignored = set(after.request.ignoreChanges)
    trigger = {"replacement_trigger"} if before.request.replacement_trigger != after.request.replacement_trigger else set()
    if before.type.startswith("pulumi:providers:"):
        return trigger
    kind = PLUGINS[before.type]
    plugin = kind.__new__(kind)  # asked for its rules only: needs no provider
    return {
        key for key in changed - ignored if plugin.must_replace(key, before.inputs.get(key), after.inputs.get(key))
    } | trigger


def test_from_one_server_to_three_nothing_is_replaced_or_removed(checkout: Checkout) -> None:
    """Only creates, and updates in place: a count is raised without touching what serves."""
    before, after = grown(checkout, 1), grown(checkout, 3)
    later = {found.urn: found for found in after.registrations}

    assert {found.urn for found in before.registrations} <= set(later)
    assert {found.urn: replaced(found, later[found.urn]) for found in before.registrations} == {
        found.urn: set() for found in before.registrations
    }


def test_what_a_growing_fleet_updates_is_the_way_in_and_nothing_of_the_servers(checkout: Checkout) -> None:
    """The first server itself, its disk and its place in the swarm are asked for exactly as before; names move."""
    before, after = grown(checkout, 1), grown(checkout, 3)
    later = {found.urn: found for found in after.registrations}
    updated = {found.name for found in before.registrations if found.inputs != later[found.urn].inputs}
    records = {found.inputs["content"] for found in after.of(DNS_RECORD) if found.inputs["type"] == "A"}

    assert "guestbook-web-11111111" not in updated
    assert not [name for name in updated if name.startswith("app-1-")]
    assert records == {"127.10.0.31"}


def test_every_new_server_gets_all_that_the_first_one_has(checkout: Checkout) -> None:
    """Disk, declaration, node, ingress files, sites and routes: each name with `app-1` in it has its like."""
    recording = grown(checkout, 3)
    names = {found.name for found in recording.registrations if "settled" not in found.name}
    own = {name for name in names if "app-1" in name and name not in ("local-app-1", "local-app-1-group")}

    assert {name.replace("app-1", "app-3") for name in own} <= names


def test_a_further_database_server_takes_no_database_away(checkout: Checkout) -> None:
    """Databases stay on the first one."""
    made = complete(checkout)
    before = made.foundation("production")
    made.change_environment("production", lambda found: found["servers"]["db"].update(count=2))
    after = made.foundation("production")

    def homes(recording: Recording) -> dict[str, Any]:
        return {found.name: found.inputs["server"] for found in recording.of("flotilla:data:Database")}

    assert homes(before) == homes(after) == {"shop": "db-1"}


@pytest.mark.parametrize("stack", STACKS)
def test_the_sample_fleet_builds_in_every_stack(sample_fleet: Checkout, stack: str) -> None:
    """Every project that lives there is served, and policies see the fleet first."""
    recording = sample_fleet.program(stack)
    living = set(sample_fleet.settings(stack).projects)

    assert set(recording.stack_outputs["projects"]) == living
    assert recording.registrations[0].type == "flotilla:fleet:Fleet"
    assert recording.registrations[0].inputs["stack"] == stack
