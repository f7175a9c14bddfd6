"""
The Hetzner Cloud API through the official client: JSON in, JSON out, actions awaited, retries capped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import hcloud
import requests

from ops.errors import FlotillaError
from sandbox.plugins.provider import Context

Json = dict[str, Any]

TIMEOUT_S: Final = (3.05, 30.0)
RETRIES: Final = 5
"""Source: terraform-provider-hcloud internal/util/control, DefaultRetries."""
NULL: Final = object()
"""For a field of a request that is to be null, and not just left out."""
ADVICE: Final = {
    "unauthorized": "Check the token: load the sandbox's environment (. ./env.sh), or unset hcloud:token in the stack's config",
    "uniqueness_error": "Choose another name, or take what exists into the stack: pulumi import",
    "protected": "Turn its protection off first (delete_protection=False, pulumi up), then do this again",
    "not_found": "See what is really there: pulumi refresh",
    "resource_in_use": "Detach or delete what uses it first",
    "server_not_stopped": "Stop the server first",
}


class ApiError(FlotillaError):
    """
    The API refused a request, or an action it had accepted failed.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Polling:
    """
    Seconds between two looks at an action: from `first_s`, growing to `longest_s`.
    """

    first_s: float
    longest_s: float


class Api:
    """
    One configured client. Safe to share between threads.
    """

    def __init__(self, endpoint: str, token: str, polling: Polling) -> None:
        self.endpoint = endpoint
        self._polling = polling
        self._client = hcloud.Client(
            token=token, api_endpoint=endpoint, application_name="flotilla-stand-in", timeout=TIMEOUT_S
        )

    def request(self, method: str, path: str, **body: Any) -> Json:
        """
        Send a request; `body` is the JSON document, without what is None. Raises ApiError.
        """
        given = {key: None if value is NULL else value for key, value in body.items() if value is not None}
        return self._send(method, path, json=given if method in ("POST", "PUT") else None)

    def act(self, context: Context, path: str, **body: Any) -> Json:
        """
        Start an action, trying again while the resource is locked by another, and wait for its end.
        """
        reply = self.patiently(context, lambda: self.request("POST", path, **body))
        self.settle(context, reply)
        return reply

    def find(self, path: str, key: str) -> Json | None:
        """
        One document, or None where there is none.
        """
        try:
            found: Json = self._send("GET", path)[key]
        except ApiError as error:
            if error.code == "not_found":
                return None
            raise
        return found

    def pages(self, path: str, key: str, **query: Any) -> Iterator[Json]:
        """
        Every document of a list.
        """
        page: int | None = 1
        while page:
            reply = self._send("GET", path, params={**query, "page": page, "per_page": 50})
            yield from reply[key]
            page = ((reply.get("meta") or {}).get("pagination") or {}).get("next_page")

    def settle(self, context: Context, reply: Json) -> None:
        """
        Wait for every action in a reply. Raises ApiError where one fails or the time is over.
        """
        actions = [reply.get("action"), *(reply.get("next_actions") or []), *(reply.get("actions") or [])]
        deadline = time.monotonic() + context.timeout_s
        for action in actions:
            if action:
                self._await(context, action, deadline)

    def patiently(self, context: Context, call: Callable[[], Json], *codes: str) -> Json:
        """
        Try a call again, at most five times and a second longer each time, while it fails with `locked` or a given code.
        """
        for attempt in range(1, RETRIES + 1):
            try:
                return call()
            except ApiError as error:
                if error.code not in ("locked", *codes) or attempt == RETRIES or context.cancelled.wait(attempt):
                    raise
        raise AssertionError("unreachable")

    def _await(self, context: Context, action: Json, deadline: float) -> None:
        pause_s = self._polling.first_s
        while action["status"] == "running":
            if context.cancelled.wait(pause_s):
                raise ApiError(
                    "cancelled", f"{_title(action)} was still running when the update was cancelled. Refresh: pulumi refresh."
                )
            if time.monotonic() > deadline:
                raise ApiError(
                    "timeout", f"{_title(action)} did not end within {context.timeout_s:.0f} s. See flotilla sandbox logs."
                )
            pause_s = min(pause_s * 1.5, self._polling.longest_s)
            action = self._send("GET", f"/actions/{action['id']}")["action"]
        if action["status"] == "error":
            error = action.get("error") or {}
            code = error.get("code", "action_failed")
            raise ApiError(
                code, f"{_title(action)} failed: {_sentence(error.get('message', ''), code)} See flotilla sandbox logs."
            )

    def _send(self, method: str, path: str, **options: Any) -> Json:
        try:
            return self._client.request(method, path, **options)
        except hcloud.APIException as error:
            raise _refused(method, path, error) from error
        except requests.RequestException as error:
            raise ApiError(
                "unreachable",
                f"{method} {self.endpoint}{path}: the sandbox's Hetzner API does not answer ({type(error).__name__})."
                " It is not known whether the request was carried out. Start the sandbox, then run this again:"
                " flotilla sandbox start.",
            ) from error


def _refused(method: str, path: str, error: hcloud.APIException) -> ApiError:
    code = str(error.code)
    fields = error.details.get("fields") if isinstance(error.details, dict) else None
    message = error.message
    for field in fields or []:
        message += f"; {field.get('name')}: {', '.join(map(str, field.get('messages') or []))}"
    advice = ADVICE.get(code, "Correct it and run this again")
    return ApiError(code, f"{method} {path}: {_sentence(message, code)} Nothing was changed by it. {advice}.")


def _sentence(message: str, code: str) -> str:
    return f"{message.rstrip('.')} ({code})."


def _title(action: Json) -> str:
    subjects = ", ".join(f"{item['type']} {item['id']}" for item in action.get("resources") or [])
    return f"action {action['id']} ({action['command']}{' on ' + subjects if subjects else ''})"
