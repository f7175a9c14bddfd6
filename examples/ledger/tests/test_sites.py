"""
The API and the pages, without sockets.
"""

from __future__ import annotations

import json
import re
import unittest
from urllib.parse import urlencode

import temporary_database
from books_of_its_own import Answer, BooksTest, ask
from ledger.api import Api
from ledger.identity import Identity
from ledger.sessions import ATTEMPTS, Sessions
from ledger.web import Web

TOKEN = b"a-token-for-tests"
CODE = "the-access-code-of-tests"
FORM = "application/x-www-form-urlencoded"
ENTRY = {
    "day": "2026-11-20",
    "description": "Opening <balance>",
    "lines": [{"account": "1000", "debit_cents": 1050}, {"account": "3000", "credit_cents": 1050}],
}


class ApiTest(BooksTest):
    """
    What programs see.
    """

    def setUp(self) -> None:
        super().setUp()
        self.api = Api(self.storage, Identity("r1", "api"), TOKEN)
        self.site = self.api.site()

    def ask(self, method: str, target: str, document: object = None, **headers: str) -> Answer:
        body = b"" if document is None else json.dumps(document).encode()
        headers = {"authorization": f"Bearer {TOKEN.decode()}"} | headers
        return ask(self.site, method, target, body, "application/json", **headers)

    def test_only_the_token_opens_the_books(self) -> None:
        """Without it, with another one and with another scheme the answer is 401, and nothing is told."""
        for authorization in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN.decode()}"):
            answer = self.ask("GET", "/v1/accounts", authorization=authorization)
            self.assertEqual((answer.status, answer.headers["WWW-Authenticate"]), (401, "Bearer"))
        self.assertEqual(len(json.loads(self.ask("GET", "/v1/accounts").text)["accounts"]), 8)

    def test_an_entry_is_posted_once(self) -> None:
        """The same key answers with the same entry, another body under it is a conflict, and no key is refused."""
        first = self.ask("POST", "/v1/entries", ENTRY, idempotency_key="key-0001")
        again = self.ask("POST", "/v1/entries", ENTRY, idempotency_key="key-0001")
        self.assertEqual((first.status, again.status), (201, 200))
        self.assertEqual(first.text, again.text)
        other = self.ask("POST", "/v1/entries", ENTRY | {"description": "y"}, idempotency_key="key-0001")
        self.assertEqual(other.status, 409)
        self.assertEqual(self.ask("POST", "/v1/entries", ENTRY).status, 400)
        self.assertEqual(self.ask("POST", "/v1/entries", ENTRY, idempotency_key="x" * 81).status, 400)
        self.assertEqual(self.count("entries"), 1)
        self.assertEqual(json.loads(self.ask("GET", "/v1/entries?q=opening").text)["entries"][0]["lines"], ENTRY["lines"])

    def test_what_is_wrong_is_told(self) -> None:
        """Refusals carry every reason; a balance that is asked for is whole."""
        wrong = ENTRY | {"lines": [{"account": "1000", "debit_cents": 1}, {"account": "9999", "credit_cents": 2}]}
        answer = self.ask("POST", "/v1/entries", wrong, idempotency_key="key-0002")
        self.assertEqual(answer.status, 422)
        self.assertIn("do not equal", json.loads(answer.text)["errors"][0])
        self.assertEqual(json.loads(self.ask("GET", "/v1/trial-balance").text)["sum_cents"], 0)

    def test_imports_are_queued_and_shown(self) -> None:
        """What is accepted has an address that tells its state."""
        payload = {"day": "2026-11-20", "number": "1", "customer": "Ada", "net_cents": 100, "vat_percent": 0}
        answer = self.ask("POST", "/v1/imports", {"kind": "invoice", "payload": payload})
        self.assertEqual(answer.status, 202)
        shown = json.loads(self.ask("GET", answer.headers["Location"]).text)
        self.assertEqual((shown["state"], shown["attempts"]), ("queued", 0))
        self.assertEqual(self.ask("POST", "/v1/imports", {"kind": "invoice", "payload": {}}).status, 422)
        self.assertEqual(self.ask("GET", f"/v1/imports/{'0' * 32}").status, 404)

    def test_accounts_are_opened(self) -> None:
        """A new account answers 201, the same again 200, and a wrong one is refused."""
        account = {"code": "7000", "name": "Travel", "kind": "expense"}
        self.assertEqual([self.ask("POST", "/v1/accounts", account).status for _ in range(2)], [201, 200])
        for wrong in ({"code": "x"}, account | {"code": "70"}, account | {"kind": "gift"}, account | {"name": "\x00"}, [1]):
            self.assertEqual(self.ask("POST", "/v1/accounts", wrong).status, 422)

    def test_bodies_are_bounded_and_typed(self) -> None:
        """What is no JSON, too long, or of another type is refused."""
        for body, content_type, status in (
            (b"{", "application/json", 400),
            (b"[" * 60_000, "application/json", 400),
            (b"{}", "text/plain", 415),
            (b"x" * 70_000, "application/json", 413),
        ):
            answer = ask(self.site, "POST", "/v1/imports", body, content_type, authorization=f"Bearer {TOKEN.decode()}")
            self.assertEqual(answer.status, status)

    def test_health_follows_the_database(self) -> None:
        """503 while stopping, and when the database is gone with all connections to it; never a stack."""
        self.assertEqual(self.ask("GET", "/up").status, 200)
        self.api.is_stopping = True
        self.assertEqual(self.ask("GET", "/up").status, 503)
        self.api.is_stopping = False
        temporary_database.drop(self.storage.url)
        self.assertEqual(self.ask("GET", "/up").status, 503)
        self.assertEqual(self.ask("GET", "/v1/accounts").status, 503)


class WebTest(BooksTest):
    """
    What people see.
    """

    def setUp(self) -> None:
        super().setUp()
        self.sessions = Sessions(b"a-key-for-the-tests", CODE.encode())
        self.site = Web(self.storage, Identity("r1", "web"), self.sessions, "Our <books>").site()
        self.cookie = ""

    def get(self, target: str) -> Answer:
        return ask(self.site, "GET", target, cookie=self.cookie)

    def send(self, target: str, **fields: str) -> Answer:
        return ask(self.site, "POST", target, urlencode(fields), FORM, cookie=self.cookie)

    def sign_in(self) -> None:
        self.cookie = self.send("/sign-in", code=CODE).headers["Set-Cookie"].partition(";")[0]

    def token(self) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', self.get("/entries/new").text)
        return found[1] if found else self.fail("the page has no form")

    def test_pages_are_for_those_who_know_the_code(self) -> None:
        """Everybody else gets the form to sign in, and no page of the books."""
        self.assertIn("Our &lt;books&gt;", self.get("/").text)
        for target in ("/entries", "/accounts/1000", "/imports", "/entries/new"):
            self.assertEqual((self.get(target).status, self.get(target).headers["Location"]), (303, "/"))
        self.assertEqual(self.send("/sign-in", code="wrong").status, 422)
        self.sign_in()
        self.assertIn("Trial balance", self.get("/").text)

    def test_sessions_cannot_be_made_up(self) -> None:
        """A changed, an expired and another key's session are none; its cookie is for this site only."""
        answer = self.send("/sign-in", code=CODE)
        for part in ("__Host-", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"):
            self.assertIn(part, answer.headers["Set-Cookie"])
        session = answer.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
        expires, rest = session.split(".", 1)
        other = Sessions(b"another-key-of-tests", CODE.encode()).sign_in(CODE)
        for wrong in ("", "a", "..", f"{int(expires) + 1}.{rest}", session[:-1], str(other), "é.x.y"):
            self.assertFalse(self.sessions.is_valid(wrong))
        self.assertTrue(self.sessions.is_valid(session))

    def test_guessing_is_slowed_down(self) -> None:
        """After ten wrong codes also the right one has to wait."""
        for _ in range(ATTEMPTS):
            self.assertEqual(self.send("/sign-in", code="wrong").status, 422)
        self.assertEqual(self.send("/sign-in", code=CODE).status, 429)

    def test_an_entry_is_written_and_shown(self) -> None:
        """A form of this session posts an entry; it is on the pages, with its text escaped."""
        self.sign_in()
        fields = {
            "form_token": self.token(),
            "day": "2026-11-20",
            "description": "<script>alert(1)</script>",
            "form_id": "f" * 32,
        }
        fields |= {"account-1": "1000", "debit-1": "12.50", "account-2": "3000", "credit-2": "12.50"}
        for _ in range(2):
            self.assertEqual(self.send("/entries", **fields).status, 303)
        self.assertEqual(self.count("entries"), 1)
        for target in ("/entries", "/accounts/1000", "/entries?q=%3Cscript"):
            self.assertIn("&lt;script&gt;", self.get(target).text)
            self.assertNotIn("<script", self.get(target).text)
        self.assertIn("12.50", self.get("/").text)

    def test_a_form_from_elsewhere_changes_nothing(self) -> None:
        """Without the session's own token a form is refused."""
        self.sign_in()
        for token in ("", "0" * 64, self.sessions.form_token("other")):
            self.assertEqual(self.send("/entries", form_token=token, day="2026-11-20", description="x").status, 403)
        self.assertEqual(self.count("entries"), 0)

    def test_mistakes_come_back_with_what_was_written(self) -> None:
        """Every mistake is shown beside the form, which keeps its values, escaped."""
        self.sign_in()
        fields = {"form_token": self.token(), "day": "someday", "description": '"><b>', "account-1": "1000", "debit-1": "a lot"}
        answer = self.send("/entries", **fields)
        self.assertEqual(answer.status, 422)
        self.assertIn("is not an amount", answer.text)
        self.assertIn("the day is not a date", answer.text)
        self.assertIn("&quot;&gt;&lt;b&gt;", answer.text)

    def test_signing_out_and_unknown_pages(self) -> None:
        """Signing out empties the cookie; what is not there is 404, what is not allowed 405."""
        self.sign_in()
        self.assertIn("Max-Age=0", self.send("/sign-out", form_token=self.token()).headers["Set-Cookie"])
        self.assertEqual(self.get("/nothing").status, 404)
        self.assertEqual(self.get("/accounts/9999").status, 404)
        self.assertEqual(ask(self.site, "DELETE", "/entries", cookie=self.cookie).headers["Allow"], "GET, POST")

    def test_headers(self) -> None:
        """No answer may be framed, sniffed, cached or run a script."""
        for target in ("/", "/nothing", "/up"):
            headers = self.get(target).headers
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertEqual((headers["X-Frame-Options"], headers["Cache-Control"]), ("DENY", "no-store"))


if __name__ == "__main__":
    unittest.main()
