"""
The official archive: taken only when every byte is the pinned one.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ops.errors import RefusedError, SettingsError
from toolchain import release
from toolchain.version import ENGINE_VERSION


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


GOOD = archive({"pulumi/pulumi": b"the engine", "pulumi/pulumi-language-python": b"its host"})


@pytest.fixture
def served() -> Iterator[tuple[str, dict[str, tuple[int, bytes]]]]:
    """
    A release host on loopback: its address, and what it answers by path as (announced length, bytes).
    """
    answers: dict[str, tuple[int, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in answers:
                self.send_error(404)
                return
            length, content = answers[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", answers
    server.shutdown()
    server.server_close()


def test_the_pinned_archive_is_unpacked(served: tuple[str, dict[str, tuple[int, bytes]]], tmp_path: Path) -> None:
    """
    An archive with the pinned checksum yields its executables and nothing else.
    """
    base, answers = served
    answers["/a"] = (len(GOOD), GOOD)
    release.install(f"{base}/a", hashlib.sha256(GOOD).hexdigest(), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "pulumi": b"the engine",
        "pulumi-language-python": b"its host",
    }
    assert all(path.stat().st_mode & 0o111 for path in tmp_path.iterdir())


@pytest.mark.parametrize("position", [0, len(GOOD) // 2, len(GOOD) - 1])
def test_one_changed_byte_is_refused(served: tuple[str, dict[str, tuple[int, bytes]]], tmp_path: Path, position: int) -> None:
    """
    Wherever the byte lies, nothing of the archive is kept, and the error names both checksums.
    """
    base, answers = served
    changed = bytearray(GOOD)
    changed[position] ^= 1
    answers["/a"] = (len(GOOD), bytes(changed))
    with pytest.raises(RefusedError) as error:
        release.install(f"{base}/a", hashlib.sha256(GOOD).hexdigest(), tmp_path)
    assert hashlib.sha256(GOOD).hexdigest() in str(error.value)
    assert hashlib.sha256(changed).hexdigest() in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_download_is_not_mistaken_for_a_changed_archive(
    served: tuple[str, dict[str, tuple[int, bytes]]], tmp_path: Path
) -> None:
    """
    A connection that ends early is a network fault: the next source is tried instead of refusing.
    """
    base, answers = served
    answers["/a"] = (len(GOOD), GOOD[:-1])
    with pytest.raises(release.UnreachableError, match="of "):
        release.install(f"{base}/a", hashlib.sha256(GOOD).hexdigest(), tmp_path)


def test_a_missing_archive_is_unreachable(served: tuple[str, dict[str, tuple[int, bytes]]], tmp_path: Path) -> None:
    """
    A host without the archive counts as one that cannot be reached, and the reason is told.
    """
    base, _ = served
    with pytest.raises(release.UnreachableError, match="404"):
        release.install(f"{base}/a", "0" * 64, tmp_path)


def test_no_path_outside_of_the_folder_can_come_out_of_an_archive(
    served: tuple[str, dict[str, tuple[int, bytes]]], tmp_path: Path
) -> None:
    """
    Members that climb out, are absolute, or lie deeper are passed over.
    """
    base, answers = served
    tricky = archive(
        {"pulumi/../../pulumi-out": b"x", "/pulumi/pulumi-abs": b"x", "pulumi/a/pulumi": b"x", "pulumi/pulumi": b"y"}
    )
    answers["/a"] = (len(tricky), tricky)
    folder = tmp_path / "folder"
    folder.mkdir()
    release.install(f"{base}/a", hashlib.sha256(tricky).hexdigest(), folder)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == ["folder/pulumi"]


def test_a_mirror_without_tls_is_refused() -> None:
    """
    Only loopback may be asked without TLS.
    """
    name = "pulumi.tar.gz"
    assert (
        release.address(name, {release.RELEASES_VARIABLE: "http://127.0.0.1:1/"})
        == f"http://127.0.0.1:1/v{ENGINE_VERSION}/{name}"
    )
    for mirror in ("http://mirror.example", "file:///etc", "ftp://mirror.example"):
        with pytest.raises(SettingsError, match="not an https address"):
            release.address(name, {release.RELEASES_VARIABLE: mirror})


def test_every_platform_has_a_pin_of_the_pinned_version() -> None:
    """
    The table goes with the version, and holds a whole sha256 for each archive.
    """
    lines = [line.split() for line in release.PINS.read_text().splitlines()]
    assert {name for _, name in lines} == {
        f"pulumi-v{ENGINE_VERSION}-{system}-{machine}.tar.gz" for system in ("linux", "darwin") for machine in ("x64", "arm64")
    }
    assert all(len(bytes.fromhex(sha256)) == 32 for sha256, _ in lines)
    assert len({sha256 for sha256, _ in lines}) == len(lines)
