"""
Caddy's configuration as text. That Caddy takes it, and does what it says, is in tests/integration/test_ingress.py.
"""

from __future__ import annotations

import ipaddress

from components import caddyfile
from components.caddyfile import CLOUDFLARE, Front


def test_every_name_is_served_over_tls_and_redirected_from_plain_http() -> None:
    """The names of a process, those that lead to it, and the same ones without TLS."""
    text = caddyfile.site("shop-web", ["shop.example.com", "shop.example.org"], ["www.example.com"])

    assert "shop.example.com, shop.example.org {\n\timport process shop-web\n}" in text
    assert "http://shop.example.com, http://shop.example.org {\n\timport plain\n}" in text
    assert "www.example.com {\n\timport common\n\tredir https://shop.example.com{uri} 308\n}" in text
    assert "http://www.example.com {\n\timport plain\n}" in text


def test_without_redirects_there_is_one_site() -> None:
    """No empty block, which Caddy would take for every name."""
    assert caddyfile.site("shop-web", ["shop.example.com"], []).count("{\n") == 2


def test_a_balancers_word_counts_only_from_the_private_network_and_only_if_there_is_one() -> None:
    """The PROXY header, which says who the visitor is, is believed from nowhere else."""
    assert "proxy_protocol" not in caddyfile.own_authority(Front())
    assert "allow 10.0.0.0/16" in caddyfile.own_authority(Front(balancer="10.0.0.0/16"))


def test_http_3_is_not_offered_where_udp_does_not_get_through() -> None:
    """A load balancer passes TCP on; an offer of HTTP/3 would cost each visitor a failed attempt."""
    assert "protocols h1 h2\n" in caddyfile.own_authority(Front(balancer="10.0.0.0/16"))
    assert "protocols" not in caddyfile.own_authority(Front())


def test_cloudflare_is_believed_only_where_it_answers() -> None:
    """Its header with the visitor's address counts when records are proxied, from its own ranges."""
    assert "trusted_proxies" not in caddyfile.own_authority(Front())
    assert f"trusted_proxies static {CLOUDFLARE}" in caddyfile.own_authority(Front(is_proxied=True))
    assert all(ipaddress.ip_network(network).is_global for network in CLOUDFLARE.split())


def test_with_acme_the_tls_challenge_is_off() -> None:
    """It cannot be passed on to another server, so no authority may ask for it."""
    text = caddyfile.acme("ops@example.com", "https://ca.example.com/directory", Front())

    assert "email ops@example.com" in text
    assert "cert_issuer acme https://ca.example.com/directory {\n\t\tdisable_tlsalpn_challenge\n\t}" in text


def test_a_challenge_is_passed_on_to_every_peer_and_never_back() -> None:
    """Each peer comes first once, the others follow if it is down; what was passed on is answered here or not at all."""
    text = caddyfile.own_authority(Front(peers=["10.0.1.2", "10.0.1.3"]))

    assert "reverse_proxy 10.0.1.2:80 10.0.1.3:80 {" in text
    assert "reverse_proxy 10.0.1.3:80 10.0.1.2:80 {" in text
    assert text.index("@passed header X-Flotilla-Passed *") < text.index("respond @passed 404") < text.index("10.0.1.2:80")
    assert text.count("header_up X-Flotilla-Passed 1") == 2


def test_logs_have_neither_headers_nor_query_strings() -> None:
    """Both may hold secrets; what is logged is allow-listed by leaving the rest out."""
    text = caddyfile.own_authority(Front())

    for field in ("request>headers delete", "resp_headers delete", r"request>uri regexp \?.* ?"):
        assert field in text
