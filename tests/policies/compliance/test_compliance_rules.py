"""
What the compliance rules say beyond their own examples: sums, places, schedules, and the files of other stacks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from policies.compliance.rules import PACK, environments
from policies.compliance.rules.costs import price
from policies.compliance.rules.declared import Pool, pools
from policies.compliance.rules.examples import POOLS, backup, fleet, made, server
from policies.compliance.rules.region import region_of
from policies.framework import UNKNOWN, Finding, Level, Resource, Rule, Stack, StackRule
from policies.framework.kinds import FLOATING_IP, LOAD_BALANCER, PRIMARY_IP, SERVER, VOLUME
from settings.care import DataRegion
from settings.catalog import LOCATIONS, SERVER_TYPES, is_sold
from settings.prices import current

RULES = {rule.id: rule for rule in PACK.rules}


def said_of(name: str, resource: Resource, **options: object) -> list[str]:
    """What a rule says of one resource."""
    rule = RULES[name]
    assert isinstance(rule, Rule)
    return list(rule.check(resource, {**rule.defaults(), **options}))


def found_in(name: str, *resources: Resource, **options: object) -> list[Finding]:
    """What a rule finds in a stack."""
    rule = RULES[name]
    assert isinstance(rule, StackRule)
    return list(rule.check(Stack(resources), {**rule.defaults(), **options}))


def test_advice_is_rare_and_named() -> None:
    """Only what an operator may have on purpose is advice: single servers, spare memory, a canary, maintenance."""
    assert {rule.id for rule in PACK.rules if rule.level is Level.ADVISORY} == {
        "approval-unused",
        "availability-app",
        "availability-ingress",
        "availability-location",
        "canary-left-on",
        "cost-idle-servers",
        "cost-lonely-balancer",
        "cost-oversized",
        "maintenance-left-on",
    }


def test_there_are_enough_rules_and_most_say_who_asks() -> None:
    """At least 26 rules, each with a document that asks for it."""
    assert len(PACK.rules) >= 26
    assert all(rule.references for rule in PACK.rules)


@pytest.mark.parametrize("location", sorted(LOCATIONS))
def test_each_location_is_in_a_region(location: str) -> None:
    """Every location that settings know belongs to a region that settings can declare, and so do its datacenters."""
    assert region_of(location) == region_of(f"{location}-dc14") == region_of(LOCATIONS[location])
    assert region_of(location) in set(DataRegion)


def test_other_places_have_the_region_that_is_configured() -> None:
    """A place of another provider is in no region until somebody says so."""
    assert region_of("paris") == ""
    assert region_of("paris", ["paris=eu"]) == "eu"
    copies = backup(offsite={"kind": "s3", "location": "paris"})
    assert len(found_in("region-offsite", fleet(), copies)) == 1
    assert found_in("region-offsite", fleet(), copies, places=["paris=eu"]) == []


@pytest.mark.parametrize("server_type", sorted(SERVER_TYPES))
def test_each_server_type_has_a_price(server_type: str) -> None:
    """The budget counts every type that settings allow, each with its address."""
    location = next(place for place in LOCATIONS if is_sold(server_type, place))
    there = server(serverType=server_type, location=location)
    listed = current()
    assert price(there) == listed.servers[server_type][location].eur + listed.primary_ipv4[location]
    assert not said_of("budget-priced", there)


def test_what_is_not_sold_there_has_no_price() -> None:
    """A type that the price list does not have for a location is not guessed from another one."""
    assert said_of("budget-priced", server(serverType="cx23", location="ash")) == ["nobody knows what a cx23 costs in ash"]


def test_prices_add_up() -> None:
    """A server's backups cost a fifth more, one without IPv4 costs no address, the rest costs what the table says."""
    listed = current()
    cx33 = listed.servers["cx33"]["fsn1"].eur
    assert price(server(backups=True)) == cx33 * Decimal("1.2") + listed.primary_ipv4["fsn1"]
    assert price(server(publicNets=[{"ipv4Enabled": False, "ipv6Enabled": True}])) == cx33
    assert price(made(VOLUME, size=100)) == 100 * listed.volume_gb
    assert price(made(FLOATING_IP, type="ipv4")) == listed.floating_ipv4["fsn1"]
    assert price(made(LOAD_BALANCER, loadBalancerType="lb11")) == listed.load_balancers["lb11"]["fsn1"].eur
    assert price(made(PRIMARY_IP, type="ipv6")) == 0
    assert price(made(VOLUME, size=UNKNOWN)) is None


def test_the_budget_is_held_to_the_cent() -> None:
    """What costs exactly the budget passes, a cent more does not, and the message has the sum and the dearest part."""
    cost = float(price(server()) or 0)
    assert found_in("budget-exceeded", fleet(budgetEur=cost), server()) == []
    [finding] = found_in("budget-exceeded", fleet(budgetEur=cost - 0.01), server())
    assert f"costs {cost:.2f} EUR" in finding.message
    assert "app-1-server alone" in finding.message


@pytest.mark.parametrize(
    ("schedule", "is_enough"),
    [
        ("30 2 * * *", True),
        ("0 */6 * * *", True),
        ("0 1,13 * * *", True),
        ("0 2 * * 1-5", False),
        ("0 2 1 * *", False),
        ("0 2 * * 0", False),
        ("@daily", False),
        ("", False),
    ],
)
def test_schedules_are_judged_by_their_longest_gap(schedule: str, is_enough: bool) -> None:
    """A backup on working days only leaves a weekend unprotected."""
    assert (said_of("backup-frequency", backup(schedule=schedule)) == []) is is_enough


def test_an_approval_counts_from_its_day() -> None:
    """What is approved for tomorrow is not approved; a place of another provider has to be, unless its region is known."""
    today = datetime.now(UTC).date()
    abroad = {"pools": {"app": {**POOLS["app"], "location": "sin"}}}
    for days, is_right in ((-1, True), (0, True), (1, False)):
        entry = {"what": "region:sin", "by": "dpo", "date": f"{today + timedelta(days=days)}", "reason": "customers there"}
        assert (said_of("approval-region", fleet(**abroad, approvals=[entry])) == []) is is_right
    copies = fleet(backup={"offsite": {"kind": "s3", "location": "paris"}})
    assert said_of("approval-region", copies) == [
        "copies of the backups are in paris, in a region unknown here, and nobody has approved `region:paris`"
    ]
    assert said_of("approval-region", copies, places=["paris=eu"]) == []


def test_a_waivers_term_counts_from_today() -> None:
    """The last day that is allowed is allowed."""
    today = datetime.now(UTC).date()
    entry = {"rule": "names-pattern", "resource": "app-1", "reason": "renamed", "owner": "web-team"}
    for days, is_right in ((0, True), (90, True), (91, False)):
        waiver = {**entry, "until": (today + timedelta(days=days)).isoformat()}
        assert (said_of("waiver-term", fleet(waivers=[waiver])) == []) is is_right


def test_pools_are_read_from_components_and_from_files() -> None:
    """The Fleet's spelling and the settings' give the same pools; a pool without a location has the environment's."""
    declared = {"location": "nbg1", "pools": {"app": {"type": "cx33", "count": 2, "roles": ["app"], "volumeGb": 10}}}
    written = {"location": "nbg1", "servers": {"app": {"type": "cx33", "count": 2, "roles": ["app"], "volume_gb": 10}}}
    expected = Pool(name="app", type="cx33", count=2, roles=frozenset({"app"}), location="nbg1", volume_gb=10)
    assert pools(declared) == pools(written) == [expected]
    assert (expected.memory_gb, expected.cores) == (16, 8)
    assert pools({"pools": UNKNOWN}) == pools({"pools": {"app": {"count": UNKNOWN}}}) == pools(None) == []


@pytest.fixture
def other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose stacks' files a test writes."""
    monkeypatch.setattr(environments, "CHECKOUT", tmp_path)
    environments.committed.cache_clear()
    yield tmp_path
    environments.committed.cache_clear()


def test_staging_is_compared_with_productions_file(other_files: Path) -> None:
    """The other stack is read as it is committed, from either side."""
    small = {"app": {**POOLS["app"], "count": 1}}
    environment = {"config": {"flotilla:environment": {"location": "fsn1", "servers": small}}}
    (other_files / "Pulumi.production.yaml").write_text(yaml.safe_dump(environment))
    messages = [finding.message for finding in found_in("staging-not-larger", fleet(stack="staging"))]
    assert "staging has 36 GB of memory, production has 8" in messages
    (other_files / "Pulumi.staging.yaml").write_text(yaml.safe_dump(environment))
    assert found_in("staging-not-larger", fleet()) == []


@pytest.mark.parametrize("content", [None, "", "[", "config: 3", "config: {flotilla:environment: []}", "\x00"])
def test_a_file_that_says_nothing_is_no_finding(other_files: Path, content: str | None) -> None:
    """A missing or broken file of the other stack is that stack's program's to complain about."""
    if content is not None:
        (other_files / "Pulumi.production.yaml").write_text(content)
    assert found_in("staging-not-larger", fleet(stack="staging")) == []
    assert found_in("environments-alike", fleet(stack="staging")) == []


def test_levels_of_a_stack_can_be_chosen() -> None:
    """The rules about production count for the stacks that the configuration names."""
    alone = fleet(stack="live", pools={"app": {**POOLS["app"], "count": 1}})
    assert found_in("availability-app", alone) == []
    assert len(found_in("availability-app", alone, stacks=["live", "live-*"])) == 1


def test_a_sandbox_is_not_held_to_what_data_needs() -> None:
    """A rehearsal on one's own machine needs no region, backups, monitoring or budget."""
    bare = fleet(stack="local", compliance=None, backup=None, monitoring=None, budgetEur=None)
    for name in ("region-declared", "log-retention", "monitoring-present", "budget-set"):
        assert said_of(name, bare) == []
    assert found_in("monitoring-servers", made(SERVER, name="app-1", stack="local")) == []
    assert found_in("backup-disks", made(VOLUME, stack="local")) == []
