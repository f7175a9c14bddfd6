"""
TLS: sites, certificates, what is configured on servers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, get, is_sandbox, text
from policies.framework.kinds import (
    FLEET,
    LOCAL_COMMAND,
    REMOTE_COMMAND,
    SITE,
)

from .references import anssi_hygiene, cwe, rfc

ENCRYPTED = anssi_hygiene(21, "use secure network protocols whenever they exist")


def site(**props: Any) -> Resource:
    """
    An example of a project's site.
    """
    return Resource(type=SITE, name="shop", props={"project": "shop", "hostnames": ["shop.example.com"], **props})


def _plain_http(resource: Resource, options: Options) -> Iterator[str]:
    if get(resource.props, "httpsOnly") not in (True, UNKNOWN):
        yield "it answers over HTTP without sending visitors to HTTPS"


PLAIN_HTTP = Rule(
    id="site-plain-http",
    description="Sites answer over HTTPS, and HTTP is sent there.",
    level=Level.MANDATORY,
    types=(SITE,),
    remediation="Keep `httpsOnly`: Caddy redirects by itself unless its configuration says otherwise.",
    references=(cwe(319, "cleartext transmission of sensitive information"), ENCRYPTED),
    check=_plain_http,
    fixtures=Fixtures(
        passes=[site(httpsOnly=True)],
        fails=[site(httpsOnly=False)],
        unknown=[site(httpsOnly=UNKNOWN)],
        absent=[site()],
        absent_fails=True,
    ),
)


def _without_hsts(resource: Resource, options: Options) -> Iterator[str]:
    if get(resource.props, "hsts") not in (True, UNKNOWN):
        yield "browsers are not told to come back over HTTPS only"


HSTS = Rule(
    id="site-without-hsts",
    description="Browsers that were here once never speak plain HTTP to a site again.",
    level=Level.MANDATORY,
    types=(SITE,),
    remediation="Keep `hsts`: the site sends the header Strict-Transport-Security.",
    references=(rfc(6797, "HTTP Strict Transport Security"),),
    check=_without_hsts,
    fixtures=Fixtures(
        passes=[site(hsts=True)],
        fails=[site(hsts=False)],
        unknown=[site(hsts=UNKNOWN)],
        absent=[site()],
        absent_fails=True,
    ),
)


def fleet(stack: str = "production", **props: Any) -> Resource:
    """
    An example of the environment's component.
    """
    return Resource(type=FLEET, name=stack, stack=stack, props=props)


def _untrusted(resource: Resource, options: Options) -> Iterator[str]:
    if is_sandbox(resource.stack):
        return
    if text(resource.props, "tls") == "authority":
        yield "certificates are the sandbox authority's, which no browser trusts"
    elif resource.stack in options["stacks"] and "staging" in text(resource.props, "acmeDirectory"):
        yield f"certificates come from {text(resource.props, 'acmeDirectory')}, which no browser trusts"


UNTRUSTED = Rule(
    id="certificates-untrusted",
    description="Visitors' browsers trust the certificates.",
    level=Level.MANDATORY,
    types=(FLEET,),
    remediation="Set `ingress.tls.acme` in Pulumi.<stack>.yaml, in production without a staging directory.",
    references=(cwe(295, "improper certificate validation"),),
    options={"stacks": Option(("production",), "Stacks in which staging authorities are refused too.")},
    check=_untrusted,
    fixtures=Fixtures(
        passes=[
            fleet(tls="acme", acmeDirectory="https://acme-v02.api.letsencrypt.org/directory"),
            fleet("staging", tls="acme", acmeDirectory="https://acme-staging-v02.api.letsencrypt.org/directory"),
            fleet("local", tls="authority"),
        ],
        fails=[
            fleet(tls="authority"),
            fleet("staging", tls="authority"),
            fleet(tls="acme", acmeDirectory="https://acme-staging-v02.api.letsencrypt.org/directory"),
        ],
        unknown=[fleet(tls=UNKNOWN), fleet(tls="acme", acmeDirectory=UNKNOWN)],
        absent=[fleet()],
        absent_fails=False,
    ),
)

# Caddy's `protocols tls1.0 tls1.3`, HAProxy's `ssl-min-ver TLSv1.1`, nginx' `ssl_protocols TLSv1.1 TLSv1.2`.
WEAK_VERSION = re.compile(
    r"\bprotocols\s+tls1\.[01]\b|\bssl-min-ver\s+(?:SSLv3|TLSv1\.[01])\b"
    r"|\bssl_protocols\b[^;\n]*\bTLSv1(?:\.1)?(?![.\d])"
)
NO_REDIRECT = re.compile(r"\bauto_https\s+(?:off|disable_redirects)\b")
# With `disable_redirects`, the configuration may redirect by itself, for more names than it has certificates for.
REDIRECT = re.compile(r"\bredir\s+https://")
UNVERIFIED = re.compile(r"\btls_insecure_skip_verify\b|\bssl\s+verify\s+none\b")
NEEDLES = ("tls", "ssl", "auto_https")


def _configuration(resource: Resource, options: Options) -> Iterator[str]:
    for name in ("stdin", "create"):
        written = text(resource.props, name)
        if not any(needle in written for needle in NEEDLES):
            continue
        if found := WEAK_VERSION.search(written):
            yield f"it configures versions of TLS that are broken (`{' '.join(found[0].split())}`)"
        if found := UNVERIFIED.search(written):
            yield f"it configures TLS that believes anybody (`{found[0]}`)"
        if (found := NO_REDIRECT.search(written)) and not REDIRECT.search(written):
            yield f"it configures Caddy to leave visitors on HTTP (`{found[0]}`)"


def step(**props: Any) -> Resource:
    """
    An example of a step that writes a configuration.
    """
    return Resource(type=REMOTE_COMMAND, name="shop-caddy", props={"create": "cat > /etc/flotilla/caddy/shop", **props})


WEAK_TLS = Rule(
    id="weak-tls",
    description="What is configured on servers uses TLS 1.2 or newer, and believes certificates only.",
    level=Level.MANDATORY,
    types=(REMOTE_COMMAND, LOCAL_COMMAND),
    remediation="Leave it out: the servers' own defaults are right.",
    references=(rfc(8996, "deprecating TLS 1.0 and TLS 1.1"), ENCRYPTED),
    check=_configuration,
    fixtures=Fixtures(
        passes=[
            step(stdin="tls {\n protocols tls1.2 tls1.3\n}\nssl_protocols TLSv1.2 TLSv1.3;"),
            step(stdin="{\n  auto_https disable_redirects\n}\nhttp:// {\n  redir https://{host}{uri} permanent\n}"),
        ],
        fails=[
            step(stdin="tls {\n  protocols tls1.0 tls1.3\n}"),
            step(stdin=UNKNOWN, create="echo 'ssl_protocols TLSv1.1 TLSv1.2;' > /etc/nginx.conf"),
            step(stdin="{\n  auto_https off\n}"),
            step(stdin="transport http { tls_insecure_skip_verify }"),
        ],
        unknown=[step(stdin=UNKNOWN)],
        absent=[step()],
        absent_fails=False,
    ),
)


RULES = (PLAIN_HTTP, HSTS, UNTRUSTED, WEAK_TLS)
