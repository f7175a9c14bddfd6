"""
Who may use the emulator, and how it says no.
"""

from __future__ import annotations

import httpx
import pytest
from cloudflare import Cloudflare, PermissionDeniedError


def headers(authorization: str | None) -> dict[str, str]:
    return {} if authorization is None else {"Authorization": authorization}


def test_the_right_token_is_active(client: Cloudflare) -> None:
    """The client's own token check passes."""
    verified = client.user.tokens.verify()
    assert verified is not None
    assert verified.status == "active"


def test_a_wrong_token_is_refused(base_url: str) -> None:
    """Another token gets Cloudflare's authentication error, code 10000."""
    with (
        Cloudflare(api_token="another", base_url=base_url, max_retries=0) as client,
        pytest.raises(PermissionDeniedError) as caught,
    ):
        client.zones.list()
    assert [error.code for error in caught.value.errors] == [10000]


@pytest.mark.parametrize(
    ("path", "authorization", "status", "code"),
    [
        ("/zones", None, 400, 9106),
        ("/zones", "Basic abc", 400, 6003),
        ("/zones", "Bearer", 400, 6003),
        ("/zones", "Bearer é", 403, 10000),
        ("/user/tokens/verify", "Bearer another", 401, 1000),
    ],
)
def test_each_way_to_lack_the_token_has_its_code(
    base_url: str, path: str, authorization: str | None, status: int, code: int
) -> None:
    """No header, a wrong scheme and a wrong token are told apart as the real API tells them."""
    given = {key: value.encode() for key, value in headers(authorization).items()}
    answer = httpx.get(base_url + path, headers=given)
    body = answer.json()
    assert (answer.status_code, body["success"], body["result"], body["errors"][0]["code"]) == (status, False, None, code)


def test_health_needs_no_token(base_url: str) -> None:
    """The supervisor can ask whether the emulator is up without knowing a secret."""
    assert httpx.get(base_url.replace("/client/v4", "/healthz")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, 7003),
        ("DELETE", "/zones", 405, 10405),
        ("GET", "/zones/flotilla.test", 404, 7003),
        ("GET", f"/zones/{'0' * 32}", 404, 1001),
        ("GET", f"/zones/{'0' * 32}/dns_records", 404, 1001),
    ],
)
def test_a_path_that_leads_nowhere_is_answered_in_the_envelope(
    client: Cloudflare, base_url: str, method: str, path: str, status: int, code: int
) -> None:
    """Unknown routes, methods and identifiers get an error that the client can read."""
    answer = httpx.request(method, base_url + path, headers=client.auth_headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"[" * 100_000, b'{"name": "\\ud800", "type": "TXT", "content": "x"}']
)
def test_a_body_that_is_no_object_is_refused(client: Cloudflare, base_url: str, zone_id: str, body: bytes) -> None:
    """Broken JSON is the client's error, never a crash."""
    answer = httpx.post(
        f"{base_url}/zones/{zone_id}/dns_records",
        content=body,
        headers={**client.auth_headers, "content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 9207)
