"""
What the tests of remote state run against: an S3-compatible server on loopback, a key service, and checkouts that share them.
"""

from __future__ import annotations

import base64
import http.server
import json
import os
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from toolchain.object_storage import provide

CHECKOUT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 15.0
REGION = "hel1"
PROGRAM = """\
import pathlib, time
import pulumi
config = pulumi.Config()
class Thing(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("probe:index:Thing", "thing", {"token": config.require_secret("token")})
        self.register_outputs({})
Thing()
pulumi.export("plain", config.get("plain") or "here")
pulumi.export("token", config.require_secret("token"))
gate = pathlib.Path(config.get("gate") or "/")
pathlib.Path("running").touch()
while not gate.exists():
    time.sleep(0.05)
"""


@dataclass(frozen=True)
class ObjectStorage:
    """
    A bucket called `state`. `data` holds the objects as they are kept.
    """

    data: Path
    address: str
    access_key: str
    secret_key: str

    @property
    def url(self) -> str:
        """
        The bucket as the engine is told of it.
        """
        return f"s3://state?endpoint=http://{self.address}&use_path_style=true&region={REGION}"

    @property
    def login(self) -> dict[str, str]:
        """
        The variables that the engine logs in with.
        """
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}

    def everything(self) -> bytes:
        """
        All bytes of all objects.
        """
        return b"\n".join(path.read_bytes() for path in sorted((self.data / "state").rglob("*")) if path.is_file())


@contextmanager
def object_storage(folder: Path) -> Iterator[ObjectStorage]:
    """
    Serve an empty bucket from this folder until the block ends.
    """
    program = provide(os.environ)
    data, metadata = folder / "data", folder / "metadata"
    (data / "state").mkdir(parents=True)
    metadata.mkdir()
    served = ObjectStorage(data, f"127.0.0.1:{_free_port()}", "AKFLOTILLA", secrets.token_hex(20))
    environment = {
        "ROOT_ACCESS_KEY": served.access_key,
        "ROOT_SECRET_KEY": served.secret_key,
        "VGW_REGION": REGION,
    }
    command = [program, "--quiet", "--port", served.address, "posix", "--sidecar", metadata, data]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _await_listening(served.address, process)
        yield served
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_listening(address: str, process: subprocess.Popen[bytes]) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        assert process.poll() is None, "the object storage ended"
        assert time.monotonic() < deadline, "the object storage does not listen"
        try:
            socket.create_connection((host, int(port)), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return


@dataclass(frozen=True)
class Checkout:
    """
    A person's own copy of a project, with a home of its own; `environment` is what this person has set.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, backend: str, **environment: str) -> Checkout:
        """
        Lay the project out.
        """
        folder.mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(
            f"name: probe\nruntime:\n  name: python\n  options:\n    virtualenv: {CHECKOUT}/.venv\n"
        )
        (folder / "__main__.py").write_text(PROGRAM)
        path = f"{CHECKOUT}/.flotilla/toolchain/bin:{os.environ['PATH']}"
        return cls(
            folder,
            {
                "PATH": path,
                "HOME": str(folder),
                "PULUMI_HOME": str(folder / ".home"),
                "PULUMI_BACKEND_URL": backend,
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "AWS_EC2_METADATA_DISABLED": "true",
                "PULUMI_CONFIG_PASSPHRASE": "horse",
                **environment,
            },
        )

    def pulumi(self, *arguments: str, given: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """
        Run the engine; with `check`, a failure shows what was said.
        """
        process = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not check or process.returncode == 0, process.stdout + process.stderr
        return process

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """
        Run the engine on the side.
        """
        return subprocess.Popen(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def up(self) -> None:
        """
        `pulumi up` without questions.
        """
        self.pulumi("up", "--yes", "--skip-preview", "--stack", "production")

    def outputs(self) -> Any:
        """
        The stack's outputs with their secrets.
        """
        return json.loads(self.pulumi("stack", "output", "--json", "--show-secrets", "--stack", "production").stdout)


@contextmanager
def key_service() -> Iterator[str]:
    """
    The two calls of Vault's transit engine that the engine makes, with a real key; yields the address.
    """
    key = AESGCM(AESGCM.generate_key(256))

    class Transit(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/v1/transit/encrypt/flotilla":
                nonce = os.urandom(12)
                sealed = nonce + key.encrypt(nonce, base64.b64decode(body["plaintext"]), None)
                data = {"ciphertext": "vault:v1:" + base64.b64encode(sealed).decode()}
            else:
                sealed = base64.b64decode(body["ciphertext"].removeprefix("vault:v1:"))
                data = {"plaintext": base64.b64encode(key.decrypt(sealed[:12], sealed[12:], None)).decode()}
            answer = json.dumps({"data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_PUT  # noqa: N815 - as http.server calls it

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Transit)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
