"""
Where the ingress' Caddy comes from: the pinned release, else the pinned module, else an error that says how to get it.
"""

from __future__ import annotations

import platform
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ops.errors import MissingToolError, RefusedError
from sandbox.images import caddy_program


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A release host on loopback: what it answers, by file name."""
    answers: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = answers.get(self.path.rpartition("/")[2])
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setattr(caddy_program, "RELEASES", f"http://127.0.0.1:{server.server_address[1]}")
    yield answers
    server.shutdown()
    server.server_close()


def made(folder: Path) -> list[Path]:
    """
    Programs in a user's cache.
    """
    return [path for path in folder.rglob("caddy") if path.is_file()]


def test_one_version_is_pinned_in_every_way() -> None:
    """The release, the module and the code name the same one."""
    module = (caddy_program.FOLDER / "go.mod").read_text()
    archives = re.findall(r"caddy_(\S+?)_linux_(\S+?)\.tar\.gz", caddy_program.PINS.read_text())

    assert f"github.com/caddyserver/caddy/v2 v{caddy_program.VERSION}" in module
    assert set(archives) == {(caddy_program.VERSION, "amd64"), (caddy_program.VERSION, "arm64")}


def test_another_byte_is_refused_and_nothing_else_is_tried(releases: dict[str, bytes], tmp_path: Path) -> None:
    """A release that is not the pinned one is not followed by a build: somebody has to look."""
    for machine in ("amd64", "arm64"):
        releases[f"caddy_{caddy_program.VERSION}_linux_{machine}.tar.gz"] = b"not Caddy"

    with pytest.raises(RefusedError, match=r"sandbox/images/caddy/releases\.sha512"):
        caddy_program.provide({"XDG_CACHE_HOME": str(tmp_path), "PATH": str(tmp_path)})

    assert made(tmp_path) == []


def test_where_neither_way_is_open_the_error_names_both(releases: dict[str, bytes], tmp_path: Path) -> None:
    """The release host does not have it, and there is no Go."""
    with pytest.raises(MissingToolError) as failed:
        caddy_program.provide({"XDG_CACHE_HOME": str(tmp_path), "PATH": str(tmp_path)})

    assert "404" in str(failed.value)
    assert "Go is not on PATH" in str(failed.value)
    assert "make up" in str(failed.value)
    assert made(tmp_path) == []


def test_what_was_made_once_is_used(releases: dict[str, bytes], tmp_path: Path) -> None:
    """The second time neither the network nor Go is asked."""
    folder = tmp_path / "flotilla" / "caddy" / f"{caddy_program.VERSION}-{platform.machine()}"
    folder.mkdir(parents=True)
    (folder / "caddy").write_text("made before")

    assert caddy_program.provide({"XDG_CACHE_HOME": str(tmp_path), "PATH": ""}).read_text() == "made before"
