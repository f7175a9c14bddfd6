"""
The JSON API, for programs that have the token. Whatever changes the books is repeated safely with the same `Idempotency-Key`.
"""

from __future__ import annotations

import hmac
import re
from http import HTTPStatus
from typing import Any

from ledger import books, imports, schema
from ledger.entry import Account, AccountKind, Entry, RefusedError
from ledger.http import Handler, HttpError, Request, Response, Site, json_response
from ledger.identity import Identity
from ledger.storage import Storage

_KEY = re.compile(r"[A-Za-z0-9._~:-]{8,80}", re.ASCII)
NEWEST = 50


class Api:
    """
    What the API answers. `is_stopping` makes it unhealthy, so that no new requests are sent to it.
    """

    def __init__(self, storage: Storage, identity: Identity, token: bytes) -> None:
        self.storage = storage
        self.identity = identity
        self.is_stopping = False
        self._token = token

    def site(self) -> Site:
        """
        The API as a WSGI application.
        """
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/up", self._health),
            ("GET", "/version", self._version),
            ("GET", "/v1/accounts", self._guarded(self._accounts)),
            ("POST", "/v1/accounts", self._guarded(self._open_account)),
            ("GET", "/v1/entries", self._guarded(self._entries)),
            ("POST", "/v1/entries", self._guarded(self._post)),
            ("GET", "/v1/trial-balance", self._guarded(self._trial_balance)),
            ("POST", "/v1/imports", self._guarded(self._import)),
            ("GET", "/v1/imports/([0-9a-f]{32})", self._guarded(self._show_import)),
        ]
        return Site(routes, _refused, {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"})

    def _guarded(self, handler: Handler) -> Handler:
        def guarded(request: Request, *arguments: str) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._token):
                raise HttpError(HTTPStatus.UNAUTHORIZED, "Send the token.", headers={"WWW-Authenticate": "Bearer"})
            try:
                return handler(request, *arguments)
            except RefusedError as refusal:
                raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, *refusal.reasons) from None

        return guarded

    def _health(self, _request: Request) -> Response:
        if self.is_stopping:
            raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "stopping")
        schema.check(self.storage)
        return json_response({"status": "ok"})

    def _version(self, _request: Request) -> Response:
        return json_response(self.identity.facts())

    def _accounts(self, _request: Request) -> Response:
        with self.storage.reading() as work:
            return json_response({"accounts": [vars(account) for account in books.accounts(work)]})

    def _open_account(self, request: Request) -> Response:
        given = request.json()
        if not isinstance(given, dict) or given.keys() != {"code", "name", "kind"} or not _are_texts(given):
            raise RefusedError(["an account has `code`, `name` and `kind`, all texts"])
        if given["kind"] not in set(AccountKind):
            raise RefusedError([f"kind is one of: {', '.join(AccountKind)}"])
        account = Account(code=given["code"], name=given["name"].strip(), kind=AccountKind(given["kind"]))
        with self.storage.writing() as work:
            is_new = books.open_account(work, account)
        return json_response(vars(account), HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    def _entries(self, request: Request) -> Response:
        with self.storage.reading() as work:
            found = books.search(work, request.parameter("q"), NEWEST)
        return json_response({"entries": [entry_document(entry) for entry in found]})

    def _post(self, request: Request) -> Response:
        key = request.headers.get("idempotency-key", "")
        if not _KEY.fullmatch(key):
            raise HttpError(HTTPStatus.BAD_REQUEST, "Send an Idempotency-Key of 8 to 80 letters, digits and . _ ~ : -")
        draft = imports.read_entry(request.json())
        try:
            with self.storage.writing() as work:
                entry, is_new = books.post(work, draft, key=f"api:{key}")
        except books.KeyReusedError:
            raise HttpError(HTTPStatus.CONFLICT, "This Idempotency-Key was used for another entry.") from None
        return json_response(entry_document(entry), HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    def _trial_balance(self, _request: Request) -> Response:
        with self.storage.reading() as work:
            balances = books.trial_balance(work)
        rows = [{"account": balance.account.code, "cents": balance.cents} for balance in balances]
        return json_response({"balances": rows, "sum_cents": sum(balance.cents for balance in balances)})

    def _import(self, request: Request) -> Response:
        given = request.json()
        if not isinstance(given, dict) or given.keys() != {"kind", "payload"} or not isinstance(given["kind"], str):
            raise RefusedError(["an import has `kind` and `payload`"])
        with self.storage.writing() as work:
            name = imports.queue(work, given["kind"], given["payload"])
        return json_response({"id": name, "state": "queued"}, HTTPStatus.ACCEPTED, Location=f"/v1/imports/{name}")

    def _show_import(self, _request: Request, name: str) -> Response:
        with self.storage.reading() as work:
            item = imports.find(work, name)
        if item is None:
            raise HttpError(HTTPStatus.NOT_FOUND, "There is no such import.")
        return json_response({key: value for key, value in vars(item).items() if key != "payload"})


def entry_document(entry: Entry) -> dict[str, Any]:
    """
    An entry as the API shows it, in the form in which it takes one.
    """
    lines = [
        {"account": line.account, "debit_cents" if line.cents > 0 else "credit_cents": abs(line.cents)} for line in entry.lines
    ]
    return {
        "id": entry.id,
        "number": entry.number,
        "day": entry.day.isoformat(),
        "description": entry.description,
        "lines": lines,
        "posted_at": entry.posted_at,
    }


def _are_texts(given: dict[str, object]) -> bool:
    return all(isinstance(value, str) for value in given.values())


def _refused(refusal: HttpError) -> Response:
    return json_response({"errors": list(refusal.reasons)}, refusal.status, **refusal.headers)
