"""
The envelope that every answer of Cloudflare's API comes in, and the errors that fill it.

Source of the codes and texts, read 2026-11: real answers quoted in public issues, and Cloudflare's note that since October 2024
a DNS validation error is answered directly, no longer wrapped in `1004 DNS Validation Error` (cloudflare/cloudflare-docs pull
request 15317). No quoted answer was found for the numbers 1001, 9007, 9039, 9101, 9106, 9207, 9300, 10405 and 81056: they are
from memory, so nothing should depend on them. Code 1004 stands for rules of the real API whose code is not known at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi.responses import JSONResponse

Envelope = dict[str, Any]

SAME_NAME = "<https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/>"
MX_RECORDS = "<https://developers.cloudflare.com/dns/manage-dns-records/how-to/email-records/#add-mx-records>"


class ApiError(Exception):
    """
    A request that is refused, with the HTTP status and the entries of `errors` that the client is to see.
    """

    def __init__(self, status: int, *errors: tuple[int, str], chain: tuple[int, str] | None = None) -> None:
        super().__init__("; ".join(f"{message} ({code})" for code, message in errors))
        self.status = status
        self.errors = errors
        self.chain = chain

    def response(self) -> JSONResponse:
        """
        The answer that tells the client about this error.
        """
        errors: list[Envelope] = [{"code": code, "message": message} for code, message in self.errors]
        if self.chain is not None:
            errors[0]["error_chain"] = [{"code": self.chain[0], "message": self.chain[1]}]
        return JSONResponse({"result": None, "success": False, "errors": errors, "messages": []}, self.status)


def invalid(code: int, message: str) -> ApiError:
    """
    A record that breaks a rule.
    """
    return ApiError(400, (code, message))


def missing(field: str) -> ApiError:
    """
    A record without a field that its type needs.
    """
    return invalid(9100, f"{field} is a required field.")


def unreadable_body() -> ApiError:
    """
    A body that is not a JSON object.
    """
    return ApiError(400, (9207, "Failed to parse request body, content-type must be application/json"))


def unroutable(path: str) -> ApiError:
    """
    A path that leads nowhere, or holds something that is no identifier.
    """
    shown = path.encode("ascii", "replace").decode("ascii")
    return ApiError(404, (7003, f"Could not route to {shown}, perhaps your object identifier is invalid?"))


def success(result: Any, messages: Sequence[Envelope] = ()) -> Envelope:
    """
    The answer to a request that was carried out.
    """
    return {"result": result, "success": True, "errors": [], "messages": list(messages)}


def page_of(items: Sequence[Any], page: int, per_page: int) -> Envelope:
    """
    One page of a list with its `result_info`; a page after the last is empty, which is how clients notice the end.
    """
    shown = list(items[(page - 1) * per_page : page * per_page])
    pages = -(-len(items) // per_page)
    info = {"page": page, "per_page": per_page, "count": len(shown), "total_count": len(items), "total_pages": pages}
    return {**success(shown), "result_info": info}
