"""
A load balancer as HAProxy's configuration, and health as HAProxy tells it.
"""

from dataclasses import replace

import pytest

from sandbox.cloud.machines.haproxy import health, node_of, quoted, render
from sandbox.cloud.machines.model import BalancerSpec, Check, Cookie, Health, HttpCheck, Service, Target

CHECK = Check(port=80, interval_s=15, timeout_s=10, retries=3)
TCP = Service(listen_port=443, destination_port=8443, proxy_protocol=False, check=CHECK)
SPEC = BalancerSpec(
    balancer_id=1,
    name="entry",
    algorithm="round_robin",
    services=(TCP,),
    targets=(Target(server_id=7, private_ip="10.0.1.2"), Target(server_id=8, private_ip=None)),
)
COLUMNS = "# pxname,svname,status,check_status,check_code,"


def lines(spec: BalancerSpec, uplinks: dict[int, str] | None = None) -> list[str]:
    return [line.strip() for line in render(spec, uplinks or {}).splitlines()]


def test_private_and_public_targets() -> None:
    """Private targets are reached at their private address, public ones where they are now; one that is off has none."""
    assert "server server-7 10.0.1.2:8443 check port 80 inter 15s fall 3 rise 3" in lines(SPEC)
    assert not any("server-8" in line for line in lines(SPEC))
    assert any(line.startswith("server server-8 172.18.0.5:8443 ") for line in lines(SPEC, {8: "172.18.0.5"}))


@pytest.mark.parametrize(("algorithm", "balance"), [("round_robin", "roundrobin"), ("least_connections", "leastconn")])
def test_algorithm(algorithm: str, balance: str) -> None:
    """Both of Hetzner's algorithms are HAProxy's own."""
    assert f"balance {balance}" in lines(replace(SPEC, algorithm=algorithm))


def test_proxy_protocol() -> None:
    """Targets are told the client's address; the check says so too where it asks the port that expects it, and only there."""
    service = replace(TCP, proxy_protocol=True, destination_port=80)
    assert "server server-7 10.0.1.2:80 check port 80 inter 15s fall 3 rise 3 send-proxy-v2 check-send-proxy" in lines(
        replace(SPEC, services=(service,))
    )
    elsewhere = replace(service, check=replace(CHECK, port=9000))
    assert not any("check-send-proxy" in line for line in lines(replace(SPEC, services=(elsewhere,))))


def test_http_service_with_check_and_cookie() -> None:
    """HTTP services keep clients to their target by cookie, tell targets who asked, and are checked by what they answer."""
    http = HttpCheck(domain="a.test", path="/health?x='1'", response="it's well", status_codes=("2??", "404"), tls=True)
    service = Service(
        listen_port=80, destination_port=80, proxy_protocol=False, check=replace(CHECK, http=http), idle_s=50,
        cookie=Cookie(name="HCLBSTICKY", lifetime_s=300),
    )  # fmt: skip
    found = lines(replace(SPEC, services=(service,)))
    for expected in (
        "mode http",
        "option forwardfor",
        "cookie 'HCLBSTICKY' insert indirect nocache maxlife 300s",
        "http-check send meth GET uri '/health?x='\\''1'\\''' ver HTTP/1.1 hdr Host 'a.test'",
        "http-check expect rstatus '^(2..|404)$'",
        "http-check expect string 'it'\\''s well'",
        "server server-7 10.0.1.2:80 check port 80 inter 15s fall 3 rise 3 check-ssl verify none cookie 7",
    ):
        assert expected in found


def test_check_without_a_domain() -> None:
    """Without a domain the check sends no Host header, in the version of HTTP that needs none."""
    http = HttpCheck(domain="", path="/", response="", status_codes=("2??",), tls=False)
    found = lines(replace(SPEC, services=(replace(TCP, check=replace(CHECK, http=http)),)))
    assert "http-check send meth GET uri '/' ver HTTP/1.0" in found
    assert not any("expect string" in line for line in found)


def test_node_tells_configurations_apart() -> None:
    """Every change of the configuration changes its node, and the same spec gives the same text."""
    text = render(SPEC, {})
    assert node_of(text) == node_of(render(SPEC, {}))
    assert len(node_of(text)) == 16
    assert node_of(text) != node_of(render(replace(SPEC, algorithm="least_connections"), {}))


def test_quoting_leaves_nothing_to_interpret() -> None:
    """Whatever a text holds, it stays one word."""
    assert quoted("a b # $HOME \\ \" '") == "'a b # $HOME \\ \" '\\'''"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("UP,L4OK,,", Health(status="healthy")),
        ("UP 1/3,L7OK,200,", Health(status="healthy")),
        ("UP,INI,,", Health(status="unknown")),
        ("DOWN,L4CON,,", Health(status="unhealthy", detail="layer4_no_connection")),
        ("DOWN,* L4TOUT,,", Health(status="unhealthy", detail="layer4_timeout")),
        ("DOWN,L7TOUT,,", Health(status="unhealthy", detail="layer7_timeout")),
        ("DOWN,L7STS,503,", Health(status="unhealthy", detail="unexpected_http_status", http_status_code=503)),
        ("DOWN,L7RSP,200,", Health(status="unhealthy", detail="unexpected_http_content")),
        ("DOWN,L6RSP,,", Health(status="unhealthy", detail="unspecified")),
    ],
)
def test_health(row: str, expected: Health) -> None:
    """What HAProxy says of a target becomes one of the API's three states, with the API's reason."""
    statistics = f"{COLUMNS}\nservice-80,FRONTEND,OPEN,,,\nservice-80,server-7,{row}\nservice-80,BACKEND,UP,,,\n"
    assert health(statistics) == {(80, 7): expected}
