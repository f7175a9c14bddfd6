"""
The Cloudflare API through the official client: JSON in, JSON out, retries capped by the client.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import cloudflare
import httpx

from ops.errors import FlotillaError

Json = dict[str, Any]

TIMEOUT_S: Final = 30.0
RETRIES: Final = 3
PAGE: Final = 50
TOKEN_ADVICE: Final = (
    "Check the token: load the sandbox's environment (. ./env.sh), or unset cloudflare:apiToken in the stack's config"
)
ADVICE: Final = {
    81057: "Take the record that exists into the stack: pulumi import",
    81058: "Take the record that exists into the stack: pulumi import",
    81044: "See what is really there: pulumi refresh",
}


class ApiError(FlotillaError):
    """
    The API refused a request.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Api:
    """
    One configured client. Safe to share between threads.
    """

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url = base_url
        self._client = cloudflare.Cloudflare(base_url=base_url, max_retries=RETRIES, timeout=TIMEOUT_S, api_token=token)

    def request(self, method: str, path: str, body: Json | None = None, **query: Any) -> Json:
        """
        Send a request; returns the envelope, with `result` and `result_info`. Raises ApiError.
        """
        options: Any = {"params": query} if query else {}
        try:
            if method == "get":
                response = self._client.get(path, cast_to=httpx.Response, options=options)
            else:
                response = getattr(self._client, method)(path, cast_to=httpx.Response, body=body, options=options)
        except cloudflare.APIStatusError as error:
            raise _refused(method, path, error) from error
        except cloudflare.APIConnectionError as error:
            raise ApiError(0, self._unreachable(method, path, error)) from error
        envelope: Json = response.json()
        return envelope

    def find(self, path: str) -> Json | None:
        """
        One document, or None where there is none.
        """
        try:
            found: Json = self.request("get", path)["result"]
        except ApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise
        return found

    def pages(self, path: str, **query: Any) -> Iterator[Json]:
        """
        Every document of a list.
        """
        page, total = 1, 1
        while page <= total:
            envelope = self.request("get", path, **query, page=page, per_page=PAGE)
            yield from envelope["result"]
            total = (envelope.get("result_info") or {}).get("total_pages") or 1
            page += 1

    def close(self) -> None:
        """
        Release connections.
        """
        self._client.close()

    def _unreachable(self, method: str, path: str, error: Exception) -> str:
        return (
            f"{method.upper()} {self.base_url}{path}: the sandbox's Cloudflare API does not answer ({type(error).__name__})."
            " It is not known whether the request was carried out. Start the sandbox, then run this again:"
            " flotilla sandbox start."
        )


def _refused(method: str, path: str, error: cloudflare.APIStatusError) -> ApiError:
    body = error.body if isinstance(error.body, dict) else {}
    problems = [item for item in body.get("errors") or [] if isinstance(item, dict)]
    facts = [f"{str(item.get('message', '')).rstrip('.')} ({item.get('code')})" for item in problems]
    fact = "; ".join(facts) or f"HTTP {error.status_code}"
    advice = next((ADVICE[item["code"]] for item in problems if item.get("code") in ADVICE), "Correct it and run this again")
    if error.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        advice = TOKEN_ADVICE
    return ApiError(error.status_code, f"{method.upper()} {path}: {fact}. Nothing was changed by it. {advice}.")
