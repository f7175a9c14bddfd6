"""
Asking the sandbox's own name server, without touching this computer's.
"""

from __future__ import annotations

from dnslib import QTYPE, DNSError, DNSRecord  # type: ignore[import-untyped]

from sandbox.addresses import DNS_PORT
from sandbox.instance import Instance

TIMEOUT_S = 2


def resolve(instance: Instance, hostname: str, kind: str = "A") -> str | None:
    """
    The first address of a name, or None where it has none or no server answers.
    """
    question = DNSRecord.question(hostname, kind)
    try:
        answer = DNSRecord.parse(question.send(instance.services_ip, DNS_PORT, timeout=TIMEOUT_S))
    except (OSError, DNSError):
        return None
    return next((str(row.rdata) for row in answer.rr if QTYPE[row.rtype] == kind), None)
