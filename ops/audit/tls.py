"""
Check `tls`: can visitors trust what they see?
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ops.audit.network import curl
from ops.audit.rule import Check, Fault, critical, degraded, unknown, warning
from ops.audit.scene import Scene, Site
from ops.report import Status

CHECK = Check(name="tls", title="Visitors can trust what they see")

DAY_S = 86_400
# A certificate is renewed when a third of its time is left; by then it should have been, whoever issued it and for how long.
RENEWAL_SHARE, LATE_SHARE = 1 / 4, 1 / 8
OLD_PROTOCOLS = ("TLSv1", "TLSv1.1")
HSTS_MINIMUM_S = 180 * DAY_S
HEADERS = {"x-content-type-options": "nosniff"}


def _show(site: Site) -> str:
    return shlex.join(["openssl", "s_client", "-connect", f"{site.address}:443", "-servername", site.name, "-showcerts"])


@CHECK.rule("expired", Site, worst=Status.CRITICAL, holds="no certificate has ended, or is left to end")
def expired(site: Site, scene: Scene) -> Iterator[Fault]:
    """
    Critical when it has, degraded when an eighth of its time is left, a warning at a quarter.
    """
    found = site.see("tls")
    if not found["not_after"]:
        return
    left_s, whole_s = found["not_after"] - scene.now, found["not_after"] - found["not_before"]
    if left_s > whole_s * RENEWAL_SHARE:
        return
    make = critical if left_s <= 0 else degraded if left_s <= whole_s * LATE_SHARE else warning
    said = (
        f"its certificate ended {-left_s / DAY_S:.1f} days ago"
        if left_s <= 0
        else f"its certificate ends in {left_s / DAY_S:.1f} days"
    )
    yield make(message=said, evidence=f"issued by {found['issuer']} for {whole_s / DAY_S:.1f} days", fix=_show(site))


@CHECK.rule(
    "untrusted", Site, worst=Status.CRITICAL, holds="every certificate is for its name, by an authority that visitors trust"
)
def untrusted(site: Site, scene: Scene) -> Iterator[Fault]:
    """
    The whole chain. One that has merely ended is said by the other rule.
    """
    found = site.see("tls")
    if not found["is_trusted"] and not (found["not_after"] and found["not_after"] <= scene.now):
        yield critical(message="its certificate is not to be trusted", evidence=found["reason"], fix=_show(site))


@CHECK.rule("protocol-old", Site, worst=Status.DEGRADED, holds="no protocol before TLS 1.2 is spoken")
def protocol_old(site: Site, scene: Scene) -> Iterator[Fault]:
    """
    Tried for real. Source: RFC 8996.
    """
    found = site.see("tls")["protocols"]
    spoken = [version for version in OLD_PROTOCOLS if found[version]]
    untried = [version for version in OLD_PROTOCOLS if found[version] is None]
    if spoken:
        yield degraded(message="it speaks protocols that are broken", evidence=", ".join(spoken), fix=_show(site))
    if untried:
        yield unknown(message=f"{', '.join(untried)} could not be tried", evidence=site.address, fix=_show(site))


@CHECK.rule("protocol-new-missing", Site, worst=Status.WARNING, holds="TLS 1.3 is spoken")
def protocol_new_missing(site: Site, scene: Scene) -> Iterator[Fault]:
    """
    By the version that was agreed on.
    """
    version = site.see("tls")["version"]
    if version != "TLSv1.3":
        yield warning(message="TLS 1.3 is not spoken", evidence=f"agreed on {version}", fix=_show(site))


@CHECK.rule("headers-missing", Site, worst=Status.WARNING, holds="answers tell browsers to stay with TLS, and to guess nothing")
def headers_missing(site: Site, scene: Scene) -> Iterator[Fault]:
    """
    Strict-Transport-Security for half a year at least, and X-Content-Type-Options.
    """
    answer = site.see("https")
    if not answer["is_answered"]:
        return
    headers = answer["headers"]
    missing = [f"{name}: {value}" for name, value in HEADERS.items() if headers.get(name, "").lower() != value]
    if _hsts_s(headers.get("strict-transport-security", "")) < HSTS_MINIMUM_S:
        missing.append(f"strict-transport-security: max-age={HSTS_MINIMUM_S}")
    if missing and not site.target:
        yield warning(
            message="its answers lack headers that protect visitors",
            evidence=", ".join(missing),
            fix=curl(site),
        )


def _hsts_s(value: str) -> int:
    parts = (part.strip().partition("=") for part in value.lower().split(";"))
    ages = [number.strip('"') for name, _, number in parts if name == "max-age"]
    return int(ages[0]) if ages and ages[0].isdecimal() else 0
