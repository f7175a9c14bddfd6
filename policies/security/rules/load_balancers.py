"""
Load balancers: whom they ask, what they take, and how they reach their servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Options, Resource, Rule, get, lacks, text
from policies.framework.kinds import LOAD_BALANCER_SERVICE, LOAD_BALANCER_TARGET

from .certificates import ENCRYPTED
from .references import cwe


def balanced(**props: Any) -> Resource:
    """
    An example of a port of a load balancer.
    """
    return Resource(type=LOAD_BALANCER_SERVICE, name="entry-443", props={"protocol": "tcp", "listenPort": 443, **props})


CHECKED = {"protocol": "http", "port": 80, "interval": 5, "timeout": 3, "retries": 2}


def _unchecked(resource: Resource, options: Options) -> Iterator[str]:
    if lacks(resource.props, "healthCheck"):
        yield "it sends requests to servers whether they can answer or not"


UNCHECKED = Rule(
    id="load-balancer-without-health-check",
    description="A load balancer knows which servers can answer.",
    level=Level.MANDATORY,
    types=(LOAD_BALANCER_SERVICE,),
    remediation="Give the service a `health_check`.",
    check=_unchecked,
    fixtures=Fixtures(
        passes=[balanced(healthCheck=CHECKED)],
        fails=[balanced(healthCheck={})],
        unknown=[balanced(healthCheck=UNKNOWN)],
        absent=[balanced()],
        absent_fails=True,
    ),
)


def _balanced_http(resource: Resource, options: Options) -> Iterator[str]:
    protocol, redirects = text(resource.props, "protocol"), get(resource.props, "http.redirectHttp")
    if protocol == "http":
        yield "it takes requests over HTTP and passes them on"
    elif protocol == "https" and redirects not in (True, UNKNOWN):
        yield "it leaves visitors of port 80 alone instead of sending them to HTTPS"


BALANCED_HTTP = Rule(
    id="load-balancer-plain-http",
    description="A load balancer passes connections on as they are, or takes HTTPS and sends HTTP there.",
    level=Level.MANDATORY,
    types=(LOAD_BALANCER_SERVICE,),
    remediation="Use protocol `tcp` and let Caddy do TLS, or `https` with `redirect_http`.",
    references=(cwe(319, "cleartext transmission of sensitive information"), ENCRYPTED),
    check=_balanced_http,
    fixtures=Fixtures(
        passes=[balanced(), balanced(protocol="https", http={"redirectHttp": True})],
        fails=[balanced(protocol="http", listenPort=80), balanced(protocol="https", http={"redirectHttp": False})],
        unknown=[balanced(protocol=UNKNOWN), balanced(protocol="https", http=UNKNOWN)],
        absent=[Resource(type=LOAD_BALANCER_SERVICE, props={})],
        absent_fails=False,
    ),
)


def target(**props: Any) -> Resource:
    """
    An example of a server behind a load balancer.
    """
    return Resource(type=LOAD_BALANCER_TARGET, name="entry-app-1", props={"type": "server", **props})


def _public_target(resource: Resource, options: Options) -> Iterator[str]:
    if text(resource.props, "type") == "server" and get(resource.props, "usePrivateIp") not in (True, UNKNOWN):
        yield "it is reached through its public address"


PUBLIC_TARGET = Rule(
    id="load-balancer-public-target",
    description="A load balancer reaches its servers through the private network.",
    level=Level.MANDATORY,
    types=(LOAD_BALANCER_TARGET,),
    remediation="Set `use_private_ip`.",
    references=(ENCRYPTED,),
    check=_public_target,
    fixtures=Fixtures(
        passes=[target(usePrivateIp=True), target(type="ip", ip="203.0.113.7")],
        fails=[target(usePrivateIp=False)],
        unknown=[target(usePrivateIp=UNKNOWN)],
        absent=[target()],
        absent_fails=True,
    ),
)

RULES = (UNCHECKED, BALANCED_HTTP, PUBLIC_TARGET)
