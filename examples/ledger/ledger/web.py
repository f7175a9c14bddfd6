"""
The pages, for people who have the access code.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from http import HTTPStatus

from ledger import books, imports, pages, schema
from ledger.entry import Draft, Line, RefusedError
from ledger.http import Handler, HttpError, Request, Response, Site, json_response, see_other
from ledger.identity import Identity
from ledger.money import parse_amount
from ledger.sessions import LIFETIME_S, Sessions
from ledger.storage import Storage

COOKIE = "__Host-ledger"
HTML = "text/html; charset=utf-8"


class Web:
    """
    What the pages answer. `is_stopping` makes them unhealthy, so that no new requests are sent to them.
    """

    def __init__(self, storage: Storage, identity: Identity, sessions: Sessions, title: str) -> None:
        self.storage = storage
        self.identity = identity
        self.sessions = sessions
        self.title = title
        self.is_stopping = False

    def site(self) -> Site:
        """
        The pages as a WSGI application.
        """
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/up", self._health),
            ("GET", "/version", self._version),
            ("GET", "/", self._home),
            ("POST", "/sign-in", self._sign_in),
            ("POST", "/sign-out", self._signed_in(self._sign_out)),
            ("GET", "/entries", self._signed_in(self._entries)),
            ("POST", "/entries", self._signed_in(self._post)),
            ("GET", "/entries/new", self._signed_in(self._new_entry)),
            ("GET", "/accounts/([0-9]{4})", self._signed_in(self._account)),
            ("GET", "/imports", self._signed_in(self._imports)),
        ]
        return Site(routes, self._refused, {"Content-Security-Policy": pages.CONTENT_SECURITY_POLICY})

    def _signed_in(self, handler: Handler) -> Handler:
        """
        Only for sessions; and what changes something must come from a form of that session.
        """

        def guarded(request: Request, *arguments: str) -> Response:
            session = request.cookie(COOKIE)
            if not self.sessions.is_valid(session):
                return see_other("/")
            if request.method == "POST" and not self.sessions.is_own_form(session, request.form().get("form_token", "")):
                raise HttpError(HTTPStatus.FORBIDDEN, "This form is not from one of our pages. Open the page again.")
            return handler(request, *arguments)

        return guarded

    def _health(self, _request: Request) -> Response:
        if self.is_stopping:
            raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "stopping")
        schema.check(self.storage)
        return Response(body=b"ok\n")

    def _version(self, _request: Request) -> Response:
        return json_response(self.identity.facts())

    def _home(self, request: Request) -> Response:
        if not self.sessions.is_valid(request.cookie(COOKIE)):
            return _page(pages.sign_in(self.title))
        with self.storage.reading() as work:
            balances = books.trial_balance(work)
        return self._inside(request, "Trial balance", pages.trial_balance(balances))

    def _sign_in(self, request: Request) -> Response:
        if self.sessions.is_guessed:
            raise HttpError(
                HTTPStatus.TOO_MANY_REQUESTS, "Too many wrong codes. Try again in a minute.", headers={"Retry-After": "60"}
            )
        session = self.sessions.sign_in(request.form().get("code", ""))
        if session is None:
            return _page(pages.sign_in(self.title, "This is not the access code."), HTTPStatus.UNPROCESSABLE_ENTITY)
        cookie = f"{COOKIE}={session}; Path=/; Max-Age={LIFETIME_S}; Secure; HttpOnly; SameSite=Strict"
        return see_other("/", **{"Set-Cookie": cookie})

    def _sign_out(self, _request: Request) -> Response:
        return see_other("/", **{"Set-Cookie": f"{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict"})

    def _entries(self, request: Request) -> Response:
        text = request.parameter("q")
        with self.storage.reading() as work:
            found = books.search(work, text)
        return self._inside(request, "Entries", pages.entries(found, text))

    def _new_entry(self, request: Request) -> Response:
        with self.storage.reading() as work:
            accounts = books.accounts(work)
        form = {"day": datetime.now(UTC).date().isoformat()}
        return self._inside(request, "New entry", pages.entry_form(accounts, form, (), self._form_token(request)))

    def _post(self, request: Request) -> Response:
        form = request.form()
        try:
            draft = read_form(form)
            with self.storage.writing() as work:
                books.post(work, draft, key=f"form:{form.get('form_id', '')}" if form.get("form_id") else None)
        except RefusedError as refusal:
            with self.storage.reading() as work:
                body = pages.entry_form(books.accounts(work), form, refusal.reasons, self._form_token(request))
            return self._inside(request, "New entry", body, HTTPStatus.UNPROCESSABLE_ENTITY)
        except books.KeyReusedError:
            raise HttpError(
                HTTPStatus.CONFLICT, "This form was sent before, with another entry. Open the page again."
            ) from None
        return see_other("/entries")

    def _account(self, request: Request, code: str) -> Response:
        with self.storage.reading() as work:
            account = books.find_account(work, code)
            found = books.movements(work, account) if account else []
        if account is None:
            raise HttpError(HTTPStatus.NOT_FOUND, "There is no such account.")
        return self._inside(request, f"{account.code} {account.name}", pages.account(found))

    def _imports(self, request: Request) -> Response:
        with self.storage.reading() as work:
            found = imports.latest(work)
        return self._inside(request, "Imports", pages.imports(found))

    def _form_token(self, request: Request) -> str:
        return self.sessions.form_token(request.cookie(COOKIE))

    def _inside(self, request: Request, heading: str, body: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
        return _page(pages.inside(self.title, heading, body, self._form_token(request)), status)

    def _refused(self, refusal: HttpError) -> Response:
        body = pages.error(self.title, refusal.status.phrase, refusal.reasons)
        return Response(status=refusal.status, body=body.encode(), content_type=HTML, headers=refusal.headers)


def read_form(form: dict[str, str]) -> Draft:
    """
    The entry that a person wrote: lines `account-1`, `debit-1`, `credit-1` and so on; empty ones do not count.

    Raises: RefusedError with every reason that the form itself shows.
    """
    reasons, lines = [], []
    for number in range(1, pages.FORM_LINES + 1):
        account, *sides = (form.get(f"{part}-{number}", "").strip() for part in ("account", "debit", "credit"))
        try:
            debit, credit = (parse_amount(text) for text in sides)
        except ValueError as error:
            reasons.append(f"line {number}: {error}")
            continue
        if debit and credit:
            reasons.append(f"line {number}: an amount is either debit or credit")
        if debit or credit:
            lines.append(Line(account, debit - credit))
    try:
        day = date.fromisoformat(form.get("day", ""))
    except ValueError:
        reasons.append("the day is not a date")
        day = date.min
    if reasons:
        raise RefusedError(reasons)
    return Draft(day=day, description=form.get("description", "").strip(), lines=tuple(lines))


def _page(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(status=status, body=text.encode(), content_type=HTML)
