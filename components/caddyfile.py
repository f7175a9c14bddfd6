"""
Caddy's configuration: certificates for all, what every site has in common, and one file of sites per project.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components import haproxy, readiness

CONFIGURATION = "/etc/caddy"
UID = 10002
# On the server: its accounts and certificates are in `data`.
STATE = "/var/lib/flotilla/caddy"
DATA = f"{STATE}/data"
# In there. Written anew every few seconds by whoever asks for a certificate, and gone afterwards.
LOCKS = "caddy/locks"
SITES = f"{CONFIGURATION}/sites"
AUTHORITY = f"{CONFIGURATION}/authority"
PASSED_HEADER = "X-Flotilla-Passed"
HSTS = "max-age=31536000"
MAXIMUM_BODY = "64MB"

# Where Cloudflare's requests come from. Source: cloudflare.com/ips, as public projects quote it on 2026-11-21.
CLOUDFLARE = (
    "173.245.48.0/20 103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 141.101.64.0/18 108.162.192.0/18 190.93.240.0/20 "
    "188.114.96.0/20 197.234.240.0/22 198.41.128.0/17 162.158.0.0/15 104.16.0.0/13 104.24.0.0/14 172.64.0.0/13 "
    "131.0.72.0/22 2400:cb00::/32 2606:4700::/32 2803:f800::/32 2405:b500::/32 2405:8100::/32 2a06:98c0::/29 2c0f:f248::/32"
)


@dataclass(frozen=True, kw_only=True)
class Front:
    """
    What stands before this Caddy. `peers` are the private addresses of the other ingress servers; `balancer` is where a load
    balancer's connections come from, with the PROXY protocol; `is_proxied`: Cloudflare answers visitors.
    """

    peers: Sequence[str] = ()
    balancer: str | None = None
    is_proxied: bool = False


# Requests are logged without headers and without query strings: both may hold what nobody should read later.
_GLOBAL = """\
# Written by Flotilla; changes are lost.
{{
{tls}
	auto_https disable_redirects
	log {{
		output stdout
		exclude admin.api
		format filter {{
			wrap json
			fields {{
				request>headers delete
				request>tls delete
				request>uri regexp \\?.* ?
				resp_headers delete
			}}
		}}
	}}
	servers {{
{servers}
		timeouts {{
			read_body 5m
			read_header 10s
			idle 2m
		}}
		max_header_size 16KB
	}}
}}

(challenge) {{
	handle /.well-known/acme-challenge/* {{
		@passed header {passed} *
		respond @passed 404
{challenge}
	}}
}}

(plain) {{
	header -Server
	import challenge
	handle {{
		redir https://{{host}}{{uri}} 308
	}}
}}

(common) {{
	log
	log_append user_agent {{http.request.header.User-Agent}}
	encode
	header {{
		Strict-Transport-Security "{hsts}"
		X-Content-Type-Options nosniff
		-Server
		-Via
		-X-Powered-By
	}}
	header ?Referrer-Policy strict-origin-when-cross-origin
	header ?X-Frame-Options SAMEORIGIN
	header ?Permissions-Policy "camera=(), geolocation=(), microphone=()"
	handle_errors {{
		@unserved `{{err.status_code}} in [502, 503, 504]`
		handle @unserved {{
			root {configuration}
			rewrite /unavailable.html
			header Retry-After {retry_after_s}
			file_server {{
				status 503
			}}
		}}
		handle {{
			respond "{{err.status_code}} {{err.status_text}}"
		}}
	}}
}}

(process) {{
	import common
	request_body {{
		max_size {maximum_body}
	}}
	reverse_proxy unix/{socket} {{
		header_up {process_header} {{args[0]}}
		header_up X-Real-IP {{client_ip}}
		lb_try_duration 5s
		lb_try_interval 100ms
		transport http {{
			dial_timeout 1s
			keepalive 30s
			keepalive_idle_conns_per_host 256
		}}
	}}
}}

http:// {{
	header {{
		-Server
		-Via
	}}
	import challenge
	handle {ready_path} {{
		@ready file {{
			root {configuration}
			try_files {ready_file}
		}}
		handle @ready {{
			rewrite {alive_path}
			reverse_proxy unix/{socket}
		}}
		respond 503
	}}
	handle {{
		respond 404
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

# No TLS-ALPN: its handshake could reach another ingress server, which cannot pass it on as it passes on an HTTP challenge.
_ACME = """\
	email {email}
	cert_issuer acme {directory} {{
		disable_tlsalpn_challenge
	}}"""

_SITE = """\
{hostnames} {{
	import process {process}
}}
{plain_hostnames} {{
	import plain
}}"""

_REDIRECTS = """\
{hostnames} {{
	import common
	redir https://{main}{{uri}} 308
}}
{plain_hostnames} {{
	import plain
}}"""


def own_authority(front: Front) -> str:
    """
    The Caddyfile when certificates come from an authority of one's own, whose files are beside it.
    """
    return _caddyfile(_OWN_AUTHORITY, front)


def acme(email: str, directory: str, front: Front) -> str:
    """
    The Caddyfile when certificates come from a public authority by ACME.
    """
    return _caddyfile(_ACME.format(email=email, directory=directory), front)


def _caddyfile(tls: str, front: Front) -> str:
    return _GLOBAL.format(
        tls=tls,
        servers=_indented(_servers(front), 2),
        passed=PASSED_HEADER,
        challenge=_indented(_ask(front.peers), 2),
        hsts=HSTS,
        configuration=CONFIGURATION,
        retry_after_s=haproxy.RETRY_AFTER_S,
        maximum_body=MAXIMUM_BODY,
        socket=haproxy.SOCKET,
        process_header=haproxy.PROCESS_HEADER,
        ready_path=readiness.PATH,
        ready_file=readiness.FILE,
        alive_path=haproxy.ALIVE_PATH,
        sites=SITES,
    )


def _servers(front: Front) -> str:
    """
    Who is believed about the visitor's address, and which protocols are offered: a load balancer passes no UDP on.
    """
    lines = []
    if front.balancer:
        lines += ["protocols h1 h2", "listener_wrappers {", "\tproxy_protocol {", "\t\ttimeout 2s"]
        lines += [f"\t\tallow {front.balancer}", "\t}", "\ttls", "}"]
    if front.is_proxied:
        lines += [f"trusted_proxies static {CLOUDFLARE}", "trusted_proxies_strict", "client_ip_headers CF-Connecting-IP"]
    return "\n".join(lines)


def _ask(peers: Sequence[str], turn: int = 0) -> str:
    """
    Ask one peer after the other for a challenge that is not this Caddy's own, until one has it; a peer that is down is skipped.
    """
    if turn == len(peers):
        return "respond 404"
    in_turn = " ".join(f"{peer}:80" for peer in [*peers[turn:], *peers[:turn]])
    return f"""\
reverse_proxy {in_turn} {{
	header_up {PASSED_HEADER} 1
	lb_policy first
	lb_retries {len(peers)}
	fail_duration 10s
	transport http {{
		dial_timeout 1s
	}}
	@unknown_{turn} status 4xx 5xx
	handle_response @unknown_{turn} {{
{_indented(_ask(peers, turn + 1), 2)}
	}}
}}"""


def _indented(text: str, tabs: int) -> str:
    return "\n".join("\t" * tabs + line for line in text.splitlines() if line)


def site(process: str, hostnames: Sequence[str], redirects: Sequence[str]) -> str:
    """
    The sites of a process: its names, those that lead to the first of them, and plain HTTP for all, which leads to HTTPS.
    """
    text = _SITE.format(hostnames=", ".join(hostnames), plain_hostnames=_plain(hostnames), process=process)
    if redirects:
        own, plain = ", ".join(redirects), _plain(redirects)
        text += "\n" + _REDIRECTS.format(hostnames=own, plain_hostnames=plain, main=hostnames[0])
    return text


def _plain(hostnames: Sequence[str]) -> str:
    return ", ".join(f"http://{hostname}" for hostname in hostnames)
