"""
Caddy's configuration: certificates for all, and one site per project that hands requests to HAProxy.
"""

from __future__ import annotations

from collections.abc import Sequence

from components import haproxy

CONFIGURATION = "/etc/caddy"
UID = 10002
SITES = f"{CONFIGURATION}/sites"
AUTHORITY = f"{CONFIGURATION}/authority"

_GLOBAL = """\
# Written by Flotilla; changes are lost.
{{
{tls}
	servers {{
		timeouts {{
			read_header 10s
			idle 2m
		}}
	}}
}}

import {sites}/*.caddy"""

# The sandbox's own authority signs an intermediate for Caddy, which signs the sites' certificates.
_OWN_AUTHORITY = f"""\
	skip_install_trust
	local_certs
	pki {{
		ca local {{
			root {{
				cert {AUTHORITY}/root.crt
				key {AUTHORITY}/root.key
			}}
		}}
	}}"""

_SITE = """\
{hostnames} {{
	encode gzip
	header {{
		Strict-Transport-Security "max-age=31536000"
		X-Content-Type-Options nosniff
		?Referrer-Policy strict-origin-when-cross-origin
		-Server
		-Via
	}}
	reverse_proxy haproxy:{port} {{
		header_up {project_header} {project}
		transport http {{
			keepalive 30s
			keepalive_idle_conns_per_host 256
		}}
	}}
}}"""


def own_authority() -> str:
    """
    The Caddyfile when certificates come from an authority of one's own, whose files are beside it.
    """
    return _GLOBAL.format(tls=_OWN_AUTHORITY, sites=SITES)


def acme(email: str, directory: str) -> str:
    """
    The Caddyfile when certificates come from a public authority by ACME.
    """
    return _GLOBAL.format(tls=f"\temail {email}\n\tacme_ca {directory}", sites=SITES)


def site(project: str, hostnames: Sequence[str]) -> str:
    """
    The site of a project: all its names, redirected to HTTPS, with headers that no browser should be without.
    """
    return _SITE.format(
        hostnames=", ".join(hostnames), port=haproxy.PORT, project_header=haproxy.PROJECT_HEADER, project=project
    )
