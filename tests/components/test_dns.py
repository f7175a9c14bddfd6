"""
Records: each in its zone, none twice, and who may issue certificates.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from components import dns
from components.dns import Dns, DnsArgs, Record
from settings import Settings
from settings.environment import RecordType
from tests.complete_fleet import complete
from tests.conftest import Checkout, Recording, record, zone_id

DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
ZONES = {zone: zone_id(zone) for zone in ("example.com", "shop.example.com", "example.org")}


def made(*records: Record) -> Recording:
    return record(lambda: Dns("names", DnsArgs(zone_ids=ZONES, records=records)))


def a(name: str, **changes: object) -> Record:
    return Record(name=name, kind=RecordType.A, content="192.0.2.1", ttl_s=300, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("example.com", "example.com"),
        ("www.example.com", "example.com"),
        ("a.shop.example.com", "shop.example.com"),
        ("myshop.example.com", "example.com"),
        ("example.org", "example.org"),
    ],
)
def test_a_name_goes_into_the_zone_that_fits_best(name: str, zone: str) -> None:
    """The longest zone that it is in, not one that merely ends alike."""
    (found,) = made(a(name)).of(DNS_RECORD)

    assert found.inputs["zoneId"] == ZONES[zone]


def test_the_same_record_twice_is_one_record() -> None:
    """Cloudflare would refuse the second."""
    mail = Record(name="example.com", kind=RecordType.MX, content="mail.example.com", ttl_s=300, priority=10, detail="mail")

    assert len(made(a("example.com"), a("example.com"), mail, mail).of(DNS_RECORD)) == 2


def test_a_proxied_record_has_no_ttl_of_its_own() -> None:
    """Cloudflare takes `automatic` only where it answers itself."""
    (found,) = made(a("example.com", proxied=True)).of(DNS_RECORD)

    assert (found.inputs["proxied"], found.inputs["ttl"]) == (True, 1)


def test_a_caa_record_is_said_in_parts() -> None:
    """As the provider wants it: data, and no content."""
    content = '128 issuewild "ca.example.net; validationmethods=http-01"'
    (found,) = made(Record(name="example.com", kind=RecordType.CAA, content=content, ttl_s=60, detail=content)).of(DNS_RECORD)

    assert found.inputs["data"] == {"flags": 128, "tag": "issuewild", "value": "ca.example.net; validationmethods=http-01"}
    assert "content" not in found.inputs


def apexes(checkout: Checkout, names: Sequence[str], **environment: object) -> list[str]:
    checkout.change_environment("production", lambda found: found.update(environment))
    return list(dns.apexes(checkout.settings("production").environment, names))


def test_the_owner_of_a_zone_says_so_at_its_apex(checkout: Checkout) -> None:
    """The environment whose domain is the zone itself."""
    assert apexes(checkout, ["shop.example.com"], domain="example.com", zone="example.com") == ["example.com"]


def test_an_environment_below_says_so_below(checkout: Checkout) -> None:
    """Two environments in one zone never write the same record."""
    assert apexes(checkout, ["shop.test.example.com"], domain="test.example.com", zone="example.com") == ["test.example.com"]


def test_a_further_zone_has_its_own(checkout: Checkout) -> None:
    """The nearest name above all that the environment has there; a zone without names has none."""
    found = apexes(
        checkout,
        ["a.shop.example.org", "b.shop.example.org"],
        domain="example.com",
        zone="example.com",
        zones=["example.org", "example.net"],
    )

    assert found == ["example.com", "shop.example.org"]


def _settings(checkout: Checkout, **dns_settings: object) -> Settings:
    checkout.change_environment("production", lambda found: found.update(dns=dns_settings))
    return checkout.settings("production")


def test_with_acme_only_lets_encrypt_may_issue(checkout: Checkout) -> None:
    """Unless the settings name others; with an authority of one's own nobody is named."""
    named = _settings(checkout, authorities=["ca.example.net", "letsencrypt.org"])
    silent = _settings(checkout)

    assert [found.content for found in dns.of_environment(silent, [])] == ['0 issue "letsencrypt.org"']
    assert [found.content for found in dns.of_environment(named, [])] == [
        '0 issue "ca.example.net"',
        '0 issue "letsencrypt.org"',
    ]
    assert dns.of_environment(checkout.settings("local"), []) == []


def test_further_records_are_written_as_they_are(checkout: Checkout) -> None:
    """With their own TTL or the environment's, and the priority of an MX."""
    domain = checkout.settings("production").environment.domain
    settings = _settings(
        checkout,
        authorities=[],
        ttl_s=600,
        records=[
            {"name": domain, "type": "MX", "content": "mail.example.net", "priority": 10},
            {"name": domain, "type": "TXT", "content": "v=spf1 -all", "ttl_s": 60},
        ],
    )
    mail, text = dns.of_environment(settings, [])

    assert (mail.kind, mail.content, mail.priority, mail.ttl_s) == (RecordType.MX, "mail.example.net", 10, 600)
    assert (text.kind, text.content, text.ttl_s) == (RecordType.TXT, "v=spf1 -all", 60)


def test_every_name_leads_to_the_entry_by_both_protocols(checkout: Checkout) -> None:
    """Main names and redirects, A and AAAA."""
    records = complete(checkout).program("production").of(DNS_RECORD)
    named = {(found.inputs["name"].partition(".")[0], found.inputs["type"]) for found in records}

    for name in ("shop", "old-shop", "docs"):
        assert {(name, "A"), (name, "AAAA")} <= named
