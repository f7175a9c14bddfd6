"""
Which authorities may issue certificates: CAA records.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.framework import (
    UNKNOWN,
    Finding,
    Fixtures,
    Level,
    Option,
    Options,
    Resource,
    Rule,
    Stack,
    StackRule,
    get,
    text,
)
from policies.framework.kinds import DNS_RECORD, FLEET

from .dns import ADDRESSES, record
from .references import rfc


def caa(value: Any, tag: Any = "issue", **props: Any) -> Resource:
    """
    An example of a record that says who may issue certificates.
    """
    data = {"flags": "0", "tag": tag, "value": value}
    return Resource(
        type=DNS_RECORD,
        name=f"caa-{tag}",
        props={"zoneId": "zone", "name": "example.com", "type": "CAA", "ttl": 300, "data": data, **props},
    )


def _without_caa(stack: Stack, options: Options) -> Iterator[Finding]:
    if stack.fleet and get(stack.fleet.props, "tls") in ("authority", UNKNOWN):
        return  # no public authority is asked
    records = stack.of(DNS_RECORD)
    # A zone or type that is not known yet may be any.
    protecting = [found for found in records if get(found.props, "type") in ("CAA", UNKNOWN)]
    if any(get(found.props, "zoneId") is UNKNOWN for found in protecting):
        return
    covered = {text(found.props, "zoneId") for found in protecting}
    for found in records:
        zone = text(found.props, "zoneId")
        if text(found.props, "type") in ADDRESSES and zone and zone not in covered:
            covered.add(zone)  # said once for each zone
            yield Finding(resource=found, message="any authority may issue certificates for it: its zone has no CAA record")


def fleet(tls: Any) -> Resource:
    """
    An example of the environment's component.
    """
    return Resource(type=FLEET, name="production", props={"tls": tls})


NO_CAA = StackRule(
    id="dns-caa-missing",
    description="Every zone says which authorities may issue certificates for its names.",
    level=Level.MANDATORY,
    types=(DNS_RECORD, FLEET),
    remediation="List them in `dns.authorities` in Pulumi.<stack>.yaml; with ACME it is letsencrypt.org by default.",
    references=(rfc(8659, "DNS Certification Authority Authorization"),),
    check=_without_caa,
    fixtures=Fixtures(
        passes=[[record(), caa("letsencrypt.org")], [fleet("authority"), record()], [record("x", type="TXT")]],
        fails=[[record()], [fleet("acme"), record(), caa("letsencrypt.org", zoneId="another")]],
        unknown=[[record(zoneId=UNKNOWN, type=UNKNOWN)], [record(), caa("letsencrypt.org", zoneId=UNKNOWN)]],
        absent=[[fleet("acme")]],
        absent_fails=False,
    ),
)


def _foreign_caa(resource: Resource, options: Options) -> Iterator[str]:
    value, tag = text(resource.props, "data.value"), text(resource.props, "data.tag")
    authority = value.partition(";")[0].strip()
    if text(resource.props, "type") != "CAA" or tag not in ("issue", "issuewild"):
        return
    if authority and authority not in options["authorities"]:
        yield f"{authority} may issue certificates for {text(resource.props, 'name') or 'it'}"


FOREIGN_CAA = Rule(
    id="dns-caa-unknown-authority",
    description="Only authorities that are used may issue certificates.",
    level=Level.MANDATORY,
    types=(DNS_RECORD,),
    remediation="Take it out of `dns.authorities` in Pulumi.<stack>.yaml, or name it in this rule's option `authorities`.",
    references=(rfc(8659, "DNS Certification Authority Authorization"),),
    options={"authorities": Option(("letsencrypt.org",), "Authorities that may be named.")},
    check=_foreign_caa,
    fixtures=Fixtures(
        passes=[caa("letsencrypt.org"), caa("letsencrypt.org;validationmethods=http-01"), caa(";", "issuewild"), record()],
        fails=[caa("ca.example.net"), caa("ca.example.net", "issuewild")],
        unknown=[caa(UNKNOWN), caa("ca.example.net", tag=UNKNOWN)],
        absent=[Resource(type=DNS_RECORD, props={"type": "CAA"})],
        absent_fails=False,
    ),
)

RULES = (NO_CAA, FOREIGN_CAA)
