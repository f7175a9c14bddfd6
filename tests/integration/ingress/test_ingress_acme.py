"""
Certificates for several ingress servers from a real ACME server (Pebble, Let's Encrypt's own for tests), by HTTP-01.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from components import caddyfile
from components.caddyfile import Front
from ops.errors import MissingToolError
from sandbox.images import MACHINE, tag
from tests.integration.ingress_stand import PROCESS, Caddy, Stand, eventually
from toolchain import go_build
from toolchain.cache import Cache

MODULE = Path(__file__).parent / "pebble"
PACKAGE = "github.com/letsencrypt/pebble/v2/cmd/pebble"
DIRECTORY = "https://pebble:14000/dir"
SERVERS = ("one", "two", "three")
SHOP, LATER = "shop.example.test", "later.example.test"
ISSUED_S = 60.0


@pytest.fixture(scope="session")
def pebble_program() -> Path:
    """Pebble, built once per user from its pinned module."""
    no_go = go_build.why_not(os.environ, MODULE)
    if no_go:
        raise MissingToolError(f"Pebble: {no_go}. Certificates cannot be tested. Install Go from https://go.dev/dl/.")
    version = next(
        line.split()[1] for line in (MODULE / "go.mod").read_text().splitlines() if "letsencrypt/pebble/v2 v" in line
    )
    cache = Cache(Cache.of_user(os.environ).root.parent / "pebble")
    build = cache.make(f"{version}-{platform.machine()}", lambda draft: go_build.build_tool(MODULE, PACKAGE, draft, os.environ))
    return build / "pebble"


@pytest.fixture(scope="module")
def authority(stand: Stand) -> Path:
    """Pebble's own certificate, which the Caddys trust."""
    folder = Path(tempfile.mkdtemp(dir=stand.folder))
    folder.chmod(0o755)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=pebble", "-addext", "subjectAltName=DNS:pebble"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
    ports = {"listenAddress": "0.0.0.0:14000", "managementListenAddress": "0.0.0.0:15000", "httpPort": 80, "tlsPort": 443}
    files = {"certificate": "/pebble/cert.pem", "privateKey": "/pebble/key.pem"}
    (folder / "config.json").write_text(json.dumps({"pebble": {**ports, **files}}))
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


@pytest.fixture(scope="module")
def caddys(stand: Stand, authority: Path, pebble_program: Path) -> list[Caddy]:
    """Three ingress servers that know each other; every name leads to the first."""
    made = []
    for name in SERVERS:
        text = caddyfile.acme("ops@example.com", DIRECTORY, Front(peers=[peer for peer in SERVERS if peer != name]))
        made.append(stand.caddy(name, text, {}, {"SSL_CERT_FILE": "/etc/caddy/ca.pem"}))
        made[-1].put("ca.pem", (authority / "cert.pem").read_text())
    start_pebble(stand, authority, pebble_program, {name: stand.address(made[0].container) for name in (SHOP, LATER)})
    return made


def start_pebble(stand: Stand, authority: Path, program: Path, names: dict[str, str]) -> Any:
    """
    The authority, to whom these names lead to these addresses.
    """
    return stand.run(
        "pebble",
        tag(MACHINE),
        ["-config", "/pebble/config.json"],
        entrypoint=["/usr/local/bin/pebble"],
        environment={"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"},
        extra_hosts=names,
        volumes=[f"{program}:/usr/local/bin/pebble:ro", f"{authority}:/pebble:ro"],
    )


def serve(caddy: Caddy, hostname: str) -> None:
    """
    Give a server a site.
    """
    caddy.put(f"sites/{hostname}.caddy", caddyfile.site(PROCESS, [hostname], []))
    eventually(caddy.reload, 20, "Caddy did not take its configuration")


def issuer(caddy: Caddy, hostname: str) -> str:
    """
    Who issued the certificate that a Caddy shows for a name; empty while it has none.
    """
    pem = caddy.certificate(hostname)
    shown = subprocess.run(["openssl", "x509", "-noout", "-issuer"], input=pem, capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def test_every_server_gets_a_certificate_for_a_name_that_leads_to_one(caddys: list[Caddy]) -> None:
    """The authority asks the first server, whoever ordered: the first passes the question on to the others."""
    for caddy in caddys:
        serve(caddy, SHOP)
    for caddy in caddys:
        found = eventually(lambda caddy=caddy: issuer(caddy, SHOP), ISSUED_S, "no certificate was issued")  # type: ignore[misc]
        assert "Pebble Intermediate" in found

    answered = [sum("served key authentication" in line for line in caddy.logs().splitlines()) for caddy in caddys]
    assert all(answered), answered


def test_a_server_that_is_down_keeps_no_other_from_its_certificate(caddys: list[Caddy]) -> None:
    """A later name, while the second server is down: the first asks the third all the same."""
    first, second, third = caddys
    second.container.stop(timeout=1)
    for caddy in (first, third):
        serve(caddy, LATER)

    for caddy in (first, third):
        found = eventually(lambda caddy=caddy: issuer(caddy, LATER), ISSUED_S, "no certificate was issued")  # type: ignore[misc]
        assert "Pebble Intermediate" in found
