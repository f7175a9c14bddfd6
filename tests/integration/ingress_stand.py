"""
The ingress as its own images run it, in containers on one network: Caddys, HAProxy, and an application.

Each is reached by published ports on loopback; among themselves they have addresses like servers in a private network.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components import caddyfile, haproxy
from components.caddyfile import Front
from sandbox.images import CADDY, MACHINE, PLATFORM, tag
from settings import Process
from tests.integration.docker_engine import client_with, ran

# Outside 127.10.0.0/16, which the sandbox's instances share out.
ADDRESS = "127.11.0.2"
PROCESS = "shop-web"
# The same application, for clients that ask no more than so many times a second.
LIMITED, RATE_LIMIT = "limited-web", 1

# Says what it was asked, and sends headers of its own on /strict.
APPLICATION = """
import http.server, json, sys
STRICT = {"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Permissions-Policy": "camera=(self)",
          "Strict-Transport-Security": "max-age=1", "X-Powered-By": "tests", "Server": "secret/1.0"}
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps({"headers": {k.lower(): v for k, v in self.headers.items()}}).encode()
        self.send_response_only(200)
        for name, value in (STRICT if self.path.startswith("/strict") else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_PUT = do_GET
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""


def eventually(check: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """
    What the check returns once that is true.
    """
    deadline = time.monotonic() + timeout_s
    while not (found := check()):
        assert time.monotonic() < deadline, f"{what} within {timeout_s} s"
        time.sleep(0.1)
    return found


@dataclass
class Stand:
    """
    One network with what runs in it. Everything goes when the test is over.
    """

    client: Any
    folder: Path
    name: str = field(default_factory=lambda: f"flotilla-test-{uuid.uuid4().hex[:8]}")
    containers: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.network = self.client.networks.create(self.name, labels={"flotilla.test": self.name})
        self.network.reload()
        self.subnet = self.network.attrs["IPAM"]["Config"][0]["Subnet"]

    def run(self, name: str, image: str, command: Sequence[str], **options: Any) -> Any:
        """
        Start a container that the others know by this name.
        """
        container = self.client.containers.create(
            image,
            list(command),
            name=f"{self.name}-{name}",
            labels={"flotilla.test": self.name},
            network=self.name,
            networking_config={self.name: self.client.api.create_endpoint_config(aliases=[name])},
            **options,
        )
        self.containers.append(container)
        container.start()
        container.reload()
        return container

    def address(self, container: Any) -> str:
        """
        The address of a container in the stand's network.
        """
        return str(container.attrs["NetworkSettings"]["Networks"][self.name]["IPAddress"])

    def caddy(self, name: str, text: str, sites: Mapping[str, str], env: Mapping[str, str] | None = None) -> Caddy:
        """
        A Caddy as the ingress runs it: no root, nothing writable, one capability.
        """
        configuration = self.folder / name
        (configuration / "sites").mkdir(parents=True)
        (configuration / "Caddyfile").write_text(f"{text}\n")
        (configuration / "unavailable.html").write_text(haproxy.page())
        for site, content in sites.items():
            (configuration / "sites" / f"{site}.caddy").write_text(f"{content}\n")
        for path in (configuration, *configuration.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        container = self.run(
            name,
            tag(CADDY),
            ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
            user=f"{caddyfile.UID}:{caddyfile.UID}",
            read_only=True,
            cap_drop=["ALL"],
            cap_add=["NET_BIND_SERVICE"],
            tmpfs={"/data": f"uid={caddyfile.UID}", "/config": f"uid={caddyfile.UID}", "/tmp": ""},  # noqa: S108 - its own
            volumes=[f"{configuration}:/etc/caddy:ro", f"{self.entrance}:{haproxy.ENTRANCE}:ro"],
            ports={"80/tcp": (ADDRESS, None), "443/tcp": (ADDRESS, None)},
            environment=dict(env or {}),
        )
        return Caddy(container, configuration)

    @property
    def entrance(self) -> Path:
        """
        The folder of the socket between Caddy and HAProxy.
        """
        path = self.folder / "entrance"
        path.mkdir(exist_ok=True)
        path.chmod(0o777)
        return path

    def haproxy(self, weights: Mapping[str, int]) -> Haproxy:
        """
        HAProxy as the ingress runs it, with one process.
        """
        configuration, run = self.folder / "haproxy", self.folder / "run"
        for path in (configuration, run):
            path.mkdir()
            path.chmod(0o777)
        (run / "servers.state").write_text("1\n")
        files = {"base.cfg": haproxy.base(), "unavailable.html": haproxy.page(), f"{PROCESS}.cfg": backend(weights)}
        limited = backend(weights, rate_limit=RATE_LIMIT).replace(f"backend {PROCESS}", f"backend {LIMITED}", 1)
        files[f"{LIMITED}.cfg"] = limited
        for name, content in files.items():
            (configuration / name).write_text(content)
            (configuration / name).chmod(0o644)
        container = self.run(
            "haproxy",
            tag("haproxy"),
            ["haproxy", "-W", "-db", "-S", f"{haproxy.RUN}/master.sock,mode,600", "-f", haproxy.CONFIGURATION],
            user=f"{haproxy.UID}:{haproxy.UID}",
            read_only=True,
            cap_drop=["ALL"],
            volumes=[
                f"{configuration}:{haproxy.CONFIGURATION}:ro",
                f"{run}:{haproxy.RUN}",
                f"{self.entrance}:{haproxy.ENTRANCE}",
            ],
        )
        return Haproxy(container)

    def application(self) -> Any:
        """
        An application in slot a of the one process.
        """
        alias = haproxy.service_alias(PROCESS, "a")  # type: ignore[arg-type]
        return self.run(alias, tag(MACHINE), ["-c", APPLICATION], entrypoint=["python3"])

    def remove(self) -> None:
        """
        Take it all away.
        """
        for container in self.containers:
            container.remove(force=True, v=True)
        self.network.remove()


def backend(weights: Mapping[str, int], **changes: object) -> str:
    """
    The process' backend.
    """
    document = {"image": "shop", "port": 8000, "health": {"path": "/"}, "domains": ["shop.example.test"], **changes}
    return haproxy.backend(PROCESS, Process.model_validate(document), "shop.example.test", weights)


@dataclass(frozen=True)
class Caddy:
    """
    One Caddy; `folder` is its configuration.
    """

    container: Any
    folder: Path

    def port(self, number: int) -> int:
        """
        Where a port of it is on this machine.
        """
        self.container.reload()
        return int(self.container.ports[f"{number}/tcp"][0]["HostPort"])

    def curl(self, hostname: str, path: str = "/", *arguments: str, scheme: str = "https") -> str:
        """
        What curl shows of a request to it, headers first; nothing if there was no answer. Any certificate will do.
        """
        port = self.port(443 if scheme == "https" else 80)
        known = f"{hostname}:{port}:{ADDRESS}"
        command = ["curl", "-ksSi", "-m", "20", "--resolve", known, *arguments, f"{scheme}://{hostname}:{port}{path}"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def through_balancer(self, hostname: str, visitor: str) -> str:
        """
        The answer to a request that a load balancer passed on, which says first whom it is from (PROXY protocol, version 1).
        """
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection((ADDRESS, self.port(443)), 5) as plain:
            plain.sendall(f"PROXY TCP4 {visitor} 203.0.113.1 4000 443\r\n".encode())
            with context.wrap_socket(plain, server_hostname=hostname) as wrapped:
                wrapped.sendall(f"GET / HTTP/1.1\r\nHost: {hostname}\r\nConnection: close\r\n\r\n".encode())
                return b"".join(iter(lambda: wrapped.recv(65536), b"")).decode()

    def certificate(self, hostname: str) -> str:
        """
        The PEM of the certificate that it shows for a name; empty while it has none.
        """
        with contextlib.suppress(OSError, ssl.SSLError):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with (
                socket.create_connection((ADDRESS, self.port(443)), 5) as plain,
                context.wrap_socket(plain, server_hostname=hostname) as wrapped,
            ):
                return ssl.DER_cert_to_PEM_cert(wrapped.getpeercert(binary_form=True) or b"")
        return ""

    def put(self, name: str, content: str) -> None:
        """
        Write one of its files.
        """
        (self.folder / name).write_text(f"{content}\n")
        (self.folder / name).chmod(0o644)

    def reload(self) -> bool:
        """
        As the steps do it. False while it does not run yet, or refuses.
        """
        code, _ = ran(self.container, "caddy", "reload", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile")
        return code == 0

    def logs(self) -> str:
        """
        All that it said.
        """
        return str(self.container.logs().decode())


@dataclass(frozen=True)
class Haproxy:
    """
    The HAProxy of the stand.
    """

    container: Any

    def ask(self, command: str, name: str = "runtime.sock") -> str:
        """
        What it answers to one command.
        """
        _, said = ran(self.container, "sh", "-c", f"echo '{command}' | socat - {haproxy.RUN}/{name}")
        return said


def echoed(answer: str) -> dict[str, str]:
    """
    The headers that the application saw.
    """
    return dict(json.loads(answer.splitlines()[-1])["headers"])


def headers(answer: str) -> dict[str, str]:
    """
    The headers of the last answer in curl's output; one that came twice is joined by ` + `.
    """
    found: dict[str, str] = {}
    for line in answer.replace("\r\n", "\n").partition("\n\n")[0].splitlines()[1:]:
        name, _, value = line.partition(": ")
        found[name.lower()] = f"{found[name.lower()]} + {value}" if name.lower() in found else value
    return found


def own(front: Front) -> str:
    """
    The Caddyfile with certificates that Caddy makes for itself: an authority's files are another matter.
    """
    text = caddyfile.own_authority(front)
    before, _, after = text.partition("\tpki {")
    return before + after.partition("\n\t}\n")[2]


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """
    An empty stand.
    """
    folder = Path(tempfile.mkdtemp(prefix="flotilla-stand-"))
    folder.chmod(0o755)
    client = client_with(folder, *PLATFORM, MACHINE)
    made = Stand(client, folder)
    try:
        yield made
    finally:
        made.remove()
        client.close()
        shutil.rmtree(folder, ignore_errors=True)
