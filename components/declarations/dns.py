"""
Names that projects use, as the world sees them: public resolvers are asked whether each leads where it is declared to.

In the sandbox names lead to loopback addresses, and machines cannot reach what answers for them: nothing is asked there.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from components.declarations import targets
from components.declarations.alert import critical, warning
from settings import Settings
from settings.stacks import is_sandbox

JOB = "probe-dns"
PORT = 53
# Nobody remembers an answer for a shorter time.
INTERVAL_S = 60

_ASKED = f'{{job="{JOB}"}}'
_BY = "by (project, instance, record)"
_NOBODY = f"max {_BY} (probe_success{_ASKED}) == 0"
_EVERYBODY_ANSWERS = f"min {_BY} (probe_dns_query_succeeded{_ASKED}) == 1"
_SOMETHING_ELSE = f"max {_BY} (probe_dns_answer_rrs{_ASKED}) > 0"
_WRONG = f"{_NOBODY} and ({_EVERYBODY_ANSWERS} or {_SOMETHING_ELSE})"

# A name is right where every resolver says so, wrong where none does and they have answered, and unknown otherwise.
RULES = (
    critical(
        name="DnsWrong",
        expression=_WRONG,
        # After an intended change, others remember the old address for `dns.ttl_s`: five minutes, unless the settings say else.
        hold="10m",
        summary="{{ $labels.instance }} does not lead where it is declared to ({{ $labels.record }})",
        runbook="dns-wrong",
    ),
    warning(
        name="DnsUnknown",
        expression=f"min {_BY} (probe_success{_ASKED}) == 0 unless ({_WRONG})",
        hold="15m",
        summary="not every resolver says that {{ $labels.instance }} leads where it is declared to ({{ $labels.record }})",
        runbook="dns-unknown",
    ),
)


class Name(NamedTuple):
    """
    One name and kind of record (`A`, `AAAA`), with the address that is declared for it.
    """

    hostname: str
    project: str
    record: str
    address: str

    @property
    def module(self) -> str:
        """
        What blackbox exporter calls the question.
        """
        return f"dns-{self.record.lower()}-{self.hostname}"


def are_asked(settings: Settings) -> bool:
    """
    Whether there are names that the world can resolve.
    """
    return bool(settings.served) and settings.environment.monitoring is not None and not is_sandbox(settings.stack)


def names(settings: Settings, entry: Mapping[str, str]) -> list[Name]:
    """
    Every name that leads to a project. `entry` is where they are declared to lead, {kind of record: address}.
    """
    if not are_asked(settings):
        return []
    return [
        Name(hostname, project.name, record, str(ipaddress.ip_address(address)))
        for project, _ in settings.served
        for process in project.all_processes().values()
        for hostname in (*settings.hostnames(process), *settings.redirects(process))
        for record, address in sorted(entry.items())
    ]


def with_names(declared: Mapping[str, Any], settings: Settings, entry: Mapping[str, str]) -> dict[str, Any]:
    """
    What is declared for a monitoring server, with the questions about names: where they are to lead is known only when that is
    there.
    """
    found = names(settings, entry)
    return {
        **declared,
        "blackbox_modules": {**declared["blackbox_modules"], **{name.module: _module(settings, name) for name in found}},
        "scrape_configs": [*declared["scrape_configs"], *([_job(settings, found)] if found else [])],
    }


def _module(settings: Settings, name: Name) -> dict[str, Any]:
    """
    The question, with what has to be in the answer: the declared address and no other. Behind Cloudflare's proxy, any address.
    """
    prefix = rf"\tIN\t{name.record}\t"
    if settings.environment.dns.proxied:
        valid = {"fail_if_none_matches_regexp": [prefix]}
    else:
        valid = {"fail_if_not_matches_regexp": [f"{prefix}{re.escape(name.address)}$"]}
    question = {"query_name": name.hostname, "query_type": name.record, "valid_rcodes": ["NOERROR"]}
    protocol = {"preferred_ip_protocol": "ip4", "ip_protocol_fallback": False}
    return {
        "prober": "dns",
        "timeout": f"{targets.PROBE_TIMEOUT_S}s",
        "dns": {**question, "validate_answer_rrs": valid, **protocol},
    }


def _job(settings: Settings, found: list[Name]) -> dict[str, Any]:
    monitoring = settings.environment.monitoring
    resolvers = monitoring.resolvers if monitoring else ()
    return {
        **targets.probe(JOB, [_target(name, resolver) for name in found for resolver in resolvers]),
        "scrape_interval": f"{INTERVAL_S}s",
    }


def _target(name: Name, resolver: str) -> dict[str, Any]:
    """
    A question to one resolver: `__param_module` says which.
    """
    labels = {
        "project": name.project,
        "record": name.record,
        "resolver": resolver,
        "__param_target": f"{resolver}:{PORT}",
        "__param_module": name.module,
    }
    return {"targets": [name.hostname], "labels": labels}
