"""
The site's files, all in memory: nothing that a client sends is ever a path on the disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from journal.messages import HTML, Request, Response, json_response

# What stands in the generated files for addresses that differ by environment; reserved names (RFC 2606) that never resolve.
SITE_ORIGIN = "https://site.invalid"
API_ORIGIN = "https://api.invalid"
CONTENT_TYPES = {
    ".html": HTML,
    ".css": "text/css; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_WHILE = "public, max-age=60"
NEVER = "no-store"


@dataclass(frozen=True, kw_only=True)
class File:
    """
    One file as it is sent.
    """

    body: bytes
    content_type: str
    etag: str
    cache_control: str


class Site:
    """
    Answers with the files of a folder, read once at the start. `origins` is {name in the files: address}.
    """

    def __init__(self, folder: Path, origins: Mapping[str, str], facts: Mapping[str, str]) -> None:
        self.is_stopping = False
        self._facts = dict(facts)
        self._files = {path: file for name in sorted(folder.rglob("*")) for path, file in _read(folder, name, origins)}
        if "/" not in self._files or "/404.html" not in self._files:
            raise ValueError(f"CONTENT_DIR: {folder} has no index.html and 404.html")
        self._headers = {
            # A form goes to the API, and is sent back to this site: browsers ask whether both are allowed.
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {origins[API_ORIGIN]}; "
                "base-uri 'none'; frame-ancestors 'none'"
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
        }

    def respond(self, request: Request) -> Response:
        """
        The file, or that the client has it already, or that there is none.
        """
        if request.method not in {"GET", "HEAD"}:
            return Response(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET, HEAD", **self._headers})
        if request.path == "/up":
            status = HTTPStatus.SERVICE_UNAVAILABLE if self.is_stopping else HTTPStatus.OK
            return Response(
                status=status, body=b"stopping\n" if self.is_stopping else b"ok\n", headers={"Cache-Control": NEVER}
            )
        if request.path == "/version":
            return json_response(self._facts, headers={"Cache-Control": NEVER})
        if (file := self._files.get(request.path)) is not None:
            return self._send(file, request.headers.get("if-none-match", ""))
        if f"{request.path}/" in self._files:
            return Response(status=HTTPStatus.PERMANENT_REDIRECT, headers={"Location": f"{request.path}/", **self._headers})
        missing = self._files["/404.html"]
        headers = {"Cache-Control": NEVER, **self._headers}
        return Response(status=HTTPStatus.NOT_FOUND, body=missing.body, content_type=HTML, headers=headers)

    def _send(self, file: File, known: str) -> Response:
        headers = {"ETag": file.etag, "Cache-Control": file.cache_control, **self._headers}
        # An ingress that compresses marks the tag as weak; it is the same file.
        if file.etag in {tag.strip().removeprefix("W/") for tag in known.split(",")} or known.strip() == "*":
            return Response(status=HTTPStatus.NOT_MODIFIED, content_type=file.content_type, headers=headers)
        return Response(body=file.body, content_type=file.content_type, headers=headers)


def _read(folder: Path, path: Path, origins: Mapping[str, str]) -> list[tuple[str, File]]:
    """
    A file with the address that it has; `index.html` is its folder's.
    """
    if not path.is_file() or path.is_symlink() or path.suffix not in CONTENT_TYPES:
        return []
    body = path.read_bytes()
    for name, origin in origins.items():
        body = body.replace(name.encode(), origin.encode())
    address = f"/{path.relative_to(folder)}"
    file = File(
        body=body,
        content_type=CONTENT_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        cache_control=FOR_EVER if address.startswith("/assets/") else FOR_A_WHILE,
    )
    return [(address.removesuffix("index.html"), file)]
