"""
Check `network`: do visitors get in, and get what they came for?
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ops.audit.exposure import declared_ports
from ops.audit.rule import Check, Fault, critical, degraded, warning
from ops.audit.scene import Host, Scene, Site
from ops.report import Status

CHECK = Check(name="network", title="Visitors get in, and get what they came for")

SLOW_WARNING_S, SLOW_DEGRADED_S = 2.0, 5.0
REDIRECTS = (301, 302, 307, 308)
SERVER_ERROR, CLIENT_ERROR = 500, 400
UNAVAILABLE = 503


def curl(site: Site, scheme: str = "https") -> str:
    """
    The command that asks the same question.
    """
    port = 443 if scheme == "https" else 80
    resolved = f"{site.name}:{port}:{site.address}"
    return shlex.join(["curl", "-sSI", "--max-time", "10", "--resolve", resolved, f"{scheme}://{site.name}{site.path}"])


@CHECK.rule("port-closed", Host, worst=Status.DEGRADED, holds="every port that the firewall declares is open from here")
def port_closed(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    SSH is not asked for: it is open to administrators only, and answered this audit.
    """
    ports = host.see("ports")
    for port in sorted(declared_ports(host) - {22}):
        if ports.get(str(port)) is False:
            yield degraded(
                at=f"tcp/{port}",
                message=f"port {port} does not answer from here",
                evidence=f"no connection to {host.address}:{port}",
                fix=host.command("ss", "-lntp", f"sport = :{port}"),
            )


@CHECK.rule("site-failing", Site, worst=Status.CRITICAL, holds="every site answers well")
def site_failing(site: Site, scene: Scene) -> Iterator[Fault]:
    """
    No answer and an error of ours are critical; one that blames the visitor is a warning, since the page may be closed to all.
    """
    if site.target:
        return
    answer = site.see("https")
    status = answer["status"]
    in_maintenance = scene.outputs["projects"][site.project]["maintenance"] and status == UNAVAILABLE
    if not answer["is_answered"] or (status >= SERVER_ERROR and not in_maintenance):
        yield critical(
            message="it does not answer" if not answer["is_answered"] else f"it answers with {status}",
            evidence=answer["reason"] or f"HTTP {status} from {site.address}",
            fix=curl(site),
        )
    elif CLIENT_ERROR <= status < SERVER_ERROR:
        yield warning(message=f"it answers with {status}", evidence=f"HTTP {status} from {site.address}", fix=curl(site))


@CHECK.rule("site-slow", Site, worst=Status.DEGRADED, holds="every site answers within two seconds")
def site_slow(site: Site, scene: Scene) -> Iterator[Fault]:
    """
    Connection and handshake included.
    """
    answer = site.see("https")
    if answer["is_answered"] and answer["seconds"] >= SLOW_WARNING_S:
        make = degraded if answer["seconds"] >= SLOW_DEGRADED_S else warning
        yield make(message=f"it took {answer['seconds']:.1f} s to answer", evidence=f"HTTP {answer['status']}", fix=curl(site))


@CHECK.rule("plain-http", Site, worst=Status.DEGRADED, holds="whoever comes without TLS is sent to the same name with it")
def plain_http(site: Site, scene: Scene) -> Iterator[Fault]:
    """
    Nobody is served anything in the open.
    """
    answer = site.see("http")
    location = answer["location"]
    is_sent = answer["status"] in REDIRECTS and location.startswith(f"https://{site.name}/")
    if answer["is_answered"] and not is_sent:
        yield degraded(
            message="whoever comes without TLS is not sent to it",
            evidence=f"HTTP {answer['status']} {location}".strip(),
            fix=curl(site, "http"),
        )


@CHECK.rule("redirect-wrong", Site, worst=Status.DEGRADED, holds="every name that only redirects leads to the main one")
def redirect_wrong(site: Site, scene: Scene) -> Iterator[Fault]:
    """
    As the settings say.
    """
    if not site.target:
        return
    answer = site.see("https")
    if answer["status"] not in REDIRECTS or not answer["location"].startswith(f"{site.target}/"):
        yield degraded(
            message=f"it does not lead to {site.target}",
            evidence=answer["reason"] or f"HTTP {answer['status']} {answer['location']}".strip(),
            fix=curl(site),
        )
