"""
Errors as the Hetzner Cloud API words them: `{"error": {"code", "message", "details"}}`.

Source: the error codes of hetznercloud/hcloud-go (`hcloud/error.go`), read 2026-08.
"""

from __future__ import annotations

from typing import Any


class HetznerError(Exception):
    """
    A request, or an action in the background, that the cloud refuses or could not do.
    """

    def __init__(self, status: int, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def body(self) -> dict[str, Any]:
        """
        The response's JSON.
        """
        return {"error": {"code": self.code, "message": self.message, "details": self.details}}


def unauthorized() -> HetznerError:
    return HetznerError(401, "unauthorized", "unable to authenticate")


def not_found(kind: str, id_or_name: object) -> HetznerError:
    return HetznerError(404, "not_found", f"{kind.replace('_', ' ')} with ID or name '{id_or_name}' not found")


def invalid_input(field: str, message: str) -> HetznerError:
    return HetznerError(
        422,
        "invalid_input",
        f"invalid input in field '{field}': {message}",
        {"fields": [{"name": field, "messages": [message]}]},
    )


def not_unique(field: str, kind: str) -> HetznerError:
    return HetznerError(
        409, "uniqueness_error", f"{kind.replace('_', ' ')} {field} is already used", {"fields": [{"name": field}]}
    )


def protected(kind: str) -> HetznerError:
    return HetznerError(423, "protected", f"{kind.replace('_', ' ')} deletion is protected")


def in_use(message: str) -> HetznerError:
    return HetznerError(409, "resource_in_use", message)


def conflict(message: str) -> HetznerError:
    return HetznerError(409, "conflict", message)


def limit_exceeded(message: str) -> HetznerError:
    return HetznerError(403, "resource_limit_exceeded", message)


def refused(code: str, message: str, status: int = 422) -> HetznerError:
    """
    A refusal with a code of its own, such as `server_not_stopped` or `ip_not_available`.
    """
    return HetznerError(status, code, message)
