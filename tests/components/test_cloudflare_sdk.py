"""
The short way to Cloudflare's provider says exactly what the SDK says.
"""

from __future__ import annotations

import subprocess
import sys

import pulumi
import pytest

from components.cloudflare_sdk import DNS_RECORD, DnsRecord, ZoneLookups
from tests.conftest import Recording, record


def _short() -> None:
    DnsRecord(
        "record",
        zone_id=ZoneLookups(["example.com"]).ids()["example.com"],
        name="www.example.com",
        kind="A",
        content="192.0.2.1",
        ttl_s=300,
        proxied=False,
        opts=pulumi.ResourceOptions(),
    )
    DnsRecord(
        "authorities",
        zone_id="1",
        name="example.com",
        kind="CAA",
        data={"flags": 0, "tag": "issue", "value": "letsencrypt.org"},
        ttl_s=300,
        proxied=False,
        opts=pulumi.ResourceOptions(),
    )
    DnsRecord(
        "mail",
        zone_id="1",
        name="example.com",
        kind="MX",
        content="mail.example.com",
        priority=10,
        ttl_s=300,
        proxied=False,
        opts=pulumi.ResourceOptions(),
    )


def _long() -> None:
    import pulumi_cloudflare as cloudflare

    found = cloudflare.get_zone(filter=cloudflare.GetZoneFilterArgs(match="all", name="example.com"))
    cloudflare.DnsRecord(
        "record", zone_id=found.zone_id, name="www.example.com", type="A", content="192.0.2.1", ttl=300, proxied=False
    )
    caa = cloudflare.DnsRecordDataArgs(flags=0, tag="issue", value="letsencrypt.org")
    cloudflare.DnsRecord("authorities", zone_id="1", name="example.com", type="CAA", data=caa, ttl=300, proxied=False)
    cloudflare.DnsRecord(
        "mail", zone_id="1", name="example.com", type="MX", content="mail.example.com", priority=10, ttl=300, proxied=False
    )


def _said(recording: Recording) -> dict[str, object]:
    # Each resource is sent by a task of its own, so they arrive in any order.
    records, invoke = sorted(recording.of(DNS_RECORD), key=lambda found: found.name), recording.invokes[0]
    record_request = records[0].request
    return {
        "inputs": [found.inputs for found in records],
        "version": record_request.version,
        "plugin": record_request.pluginDownloadURL,
        "function": (invoke.tok, dict(invoke.args), invoke.version, invoke.pluginDownloadURL),
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own, on import
def test_record_and_zone_lookup_are_what_the_sdk_sends() -> None:
    """Type, properties and provider version, for the resource and for the lookup."""
    assert _said(record(_short)) == _said(record(_long))


def test_the_program_does_not_load_the_sdk() -> None:
    """Importing all components leaves Cloudflare's two seconds of types alone."""
    program = "import sys, components.fleet, components.outputs; sys.exit('pulumi_cloudflare' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
