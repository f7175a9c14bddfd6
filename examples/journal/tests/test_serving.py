"""
The static site and the API, without sockets.
"""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlencode

from generator.__main__ import main
from journal.api import Api
from journal.configuration import read_configuration
from journal.limits import Limiter
from journal.messages import Request, Response
from journal.search import Document, Search
from journal.server import BadRequestError, parse
from journal.site import API_ORIGIN, FOR_EVER, SITE_ORIGIN, Site
from journal.subscriptions import Subscriptions

ARTICLES = Path(__file__).parents[1] / "articles"
ORIGINS = {SITE_ORIGIN: "https://journal.test", API_ORIGIN: "https://api.journal.test"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


class FolderTest(unittest.TestCase):
    """
    A test with a folder, and the generated content in it.
    """

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.assertEqual(main([str(ARTICLES), folder.name]), 0)


class StaticTest(FolderTest):
    """
    What readers get.
    """

    def setUp(self) -> None:
        super().setUp()
        (self.folder / "site/secret.key").write_text("not served")
        (self.folder / "site/link.html").symlink_to("/etc/hostname")
        self.site = Site(self.folder / "site", ORIGINS, {"release": "r1"})

    def get(self, path: str, method: str = "GET", **headers: str) -> Response:
        return self.site.respond(Request(method=method, path=path, headers=headers))

    def test_pages_have_this_environments_addresses(self) -> None:
        """One image serves every environment: no placeholder is left, and forms may go to this API only."""
        for path in ("/", "/feed.xml", "/articles/secrets-are-files/"):
            response = self.get(path)
            self.assertEqual(response.status, 200)
            self.assertNotIn(b".invalid", response.body)
        self.assertIn(b"https://api.journal.test/v1/search", self.get("/").body)
        self.assertIn("form-action 'self' https://api.journal.test;", self.get("/").headers["Content-Security-Policy"])

    def test_known_files_are_not_sent_again(self) -> None:
        """A client that has the file gets 304, also through an ingress that compressed it; another tag gets the file."""
        etag = self.get("/").headers["ETag"]
        for known, status in ((etag, 304), (f'"x", W/{etag}', 304), ("*", 304), ('"x"', 200), ("", 200)):
            response = self.get("/", **{"if-none-match": known})
            self.assertEqual((response.status, bool(response.body)), (status, status == 200))
            self.assertEqual(response.headers["ETag"], etag)

    def test_what_never_changes_is_cached_for_ever(self) -> None:
        """The style's name has its digest in it; pages are asked for again after a minute, errors always."""
        style = next((self.folder / "site/assets").iterdir()).name
        self.assertEqual(self.get(f"/assets/{style}").headers["Cache-Control"], FOR_EVER)
        self.assertEqual(self.get("/").headers["Cache-Control"], "public, max-age=60")
        self.assertEqual(self.get("/nothing").headers["Cache-Control"], "no-store")

    def test_only_the_sites_files_are_served(self) -> None:
        """No other file, no folder above, no link, and no method that would change something."""
        for path in ("/../articles.json", "/secret.key", "/link.html", "//etc/passwd", "/index.html", "/.", "/\x00"):
            self.assertEqual(self.get(path).status, 404, path)
        self.assertEqual(self.get("/", "POST").status, 405)
        redirect = self.get("/articles/secrets-are-files")
        self.assertEqual((redirect.status, redirect.headers["Location"]), (308, "/articles/secrets-are-files/"))

    def test_health_ends_before_the_process(self) -> None:
        """`/up` is 503 while it stops, and pages are still there."""
        self.assertEqual(self.get("/up").status, 200)
        self.site.is_stopping = True
        self.assertEqual((self.get("/up").status, self.get("/").status), (503, 200))

    def test_a_folder_without_a_site_is_told(self) -> None:
        """An image that was made wrongly does not start."""
        with self.assertRaisesRegex(ValueError, "CONTENT_DIR"):
            Site(self.folder / "nothing", ORIGINS, {})


class ApiTest(FolderTest):
    """
    What forms and programs get.
    """

    def setUp(self) -> None:
        super().setUp()
        documents = json.loads((self.folder / "articles.json").read_text())
        self.subscriptions = Subscriptions(self.folder / "subscriptions.db", b"a-key-for-the-tests")
        search = Search(Document(**document) for document in documents)
        self.api = Api(search, self.subscriptions, "https://journal.test", {"release": "r1"})

    def find(self, query: str, client: str = "", **headers: str) -> Response:
        request = Request(method="GET", path="/v1/search", query=urlencode({"q": query}), headers=headers, client=client)
        return self.api.respond(request)

    def send(self, path: str, client: str = "", **fields: str) -> Response:
        return self.api.respond(Request(method="POST", path=path, headers=FORM, body=urlencode(fields).encode(), client=client))

    def test_search_ranks_titles_first(self) -> None:
        """Every word must be there, beginnings count, and the article about it comes first."""
        results = json.loads(self.find("release").body)["results"]
        self.assertEqual(results[0]["url"], "https://journal.test/articles/a-release-without-a-gap/")
        self.assertGreater(len(results), 1)
        self.assertEqual(len(json.loads(self.find("BACKUP restor").body)["results"]), 1)
        self.assertEqual(json.loads(self.find("backup zebra").body)["results"], [])

    def test_browsers_get_a_page(self) -> None:
        """Without a script, and with what was asked escaped."""
        response = self.find("<script> backups", accept="text/html,*/*")
        self.assertIn(b"&lt;script&gt;", response.body)
        self.assertNotIn(b"<script", response.body)
        self.assertIn(b"https://journal.test/articles/", self.find("backups", accept="text/html").body)

    def test_questions_are_bounded(self) -> None:
        """Nothing, too much and nonsense are refused."""
        for query in ("", " ", "x" * 101):
            self.assertEqual(self.find(query).status, 422)
        self.assertEqual(json.loads(self.find("%").body)["results"], [])

    def test_a_subscription_is_kept_once(self) -> None:
        """A form leads back to the site, and whether the address was known is not told."""
        for email in ("Ada@Example.com", "ada@example.com"):
            response = self.send("/v1/subscriptions", email=email)
            self.assertEqual((response.status, response.headers["Location"]), (303, "https://journal.test/subscribed/"))
        self.assertEqual(self.subscriptions.all(), ["ada@example.com"])
        body, headers = json.dumps({"email": "bob@example.com"}).encode(), {"content-type": "application/json"}
        answer = self.api.respond(Request(method="POST", path="/v1/subscriptions", headers=headers, body=body))
        self.assertEqual(answer.status, 202)

    def test_what_is_no_address_is_refused(self) -> None:
        """Nothing that a mail program could misunderstand gets in."""
        wrong = ["", "a", "a@b", "a b@example.com", "a@example.com\nBcc: x@example.com", "é@example.com", "a@-x.com"]
        for number, email in enumerate([*wrong, f"{'a' * 300}@example.com"]):
            self.assertEqual(self.send("/v1/subscriptions", client=str(number), email=email).status, 422, email)
        self.assertEqual(self.subscriptions.all(), [])

    def test_only_the_signed_link_ends_a_subscription(self) -> None:
        """Another address's token, and none, change nothing; opening the link alone neither."""
        self.subscriptions.add("ada@example.com")
        for token in ("", "é", self.subscriptions.token("bob@example.com")):
            self.assertEqual(self.send("/v1/unsubscribe", email="ada@example.com", token=token).status, 403)
        link = urlencode({"email": "ada@example.com", "token": self.subscriptions.token("ada@example.com")})
        page = self.api.respond(Request(method="GET", path="/v1/unsubscribe", query=link))
        self.assertIn(b'name="token"', page.body)
        self.assertEqual(len(self.subscriptions.all()), 1)
        token = self.subscriptions.token("ada@example.com")
        self.assertEqual(self.send("/v1/unsubscribe", email="ada@example.com", token=token).status, 200)
        self.assertEqual(self.subscriptions.all(), [])

    def test_one_client_cannot_ask_for_ever(self) -> None:
        """After its share a client is told when to come back; others are served."""
        statuses = [self.send("/v1/subscriptions", client="a", email="ada@example.com").status for _ in range(6)]
        self.assertEqual(statuses, [303] * 5 + [429])
        self.assertIn("Retry-After", self.send("/v1/subscriptions", client="a", email="ada@example.com").headers)
        self.assertEqual(self.send("/v1/subscriptions", client="b", email="bob@example.com").status, 303)
        self.assertIn(429, [self.find("backup", client="a").status for _ in range(25)])

    def test_health_follows_the_database(self) -> None:
        """503 while stopping, and with a damaged file."""
        self.assertEqual(self.api.respond(Request(method="GET", path="/up")).status, 200)
        for leftover in self.folder.glob("subscriptions.db*"):
            leftover.write_bytes(b"this is not a database, but it is long enough" * 100)
        self.assertEqual(self.api.respond(Request(method="GET", path="/up")).status, 503)

    def test_paths_methods_and_bodies(self) -> None:
        """What is not there is 404, what is not allowed 405, what cannot be read 400 or 415."""
        for method, path, headers, body, status in (
            ("GET", "/nothing", {}, b"", 404),
            ("DELETE", "/v1/subscriptions", {}, b"", 405),
            ("POST", "/v1/subscriptions", {"content-type": "text/plain"}, b"", 415),
            ("POST", "/v1/subscriptions", {"content-type": "application/json"}, b"[1", 400),
            ("POST", "/v1/subscriptions", {"content-type": "application/json"}, b"[1]", 400),
        ):
            response = self.api.respond(Request(method=method, path=path, headers=headers, body=body, client=body.decode()))
            self.assertEqual(response.status, status)


class PartsTest(unittest.TestCase):
    """
    The limiter, the settings and the parser.
    """

    def test_a_bucket_fills_again(self) -> None:
        """Two at once, then one per two seconds."""
        now = [0.0]
        limiter = Limiter(burst=2, per_s=0.5, clock=lambda: now[0])
        self.assertEqual([limiter.wait_s("a") for _ in range(3)], [0, 0, 2])
        now[0] = 2.0
        self.assertEqual([limiter.wait_s("a") for _ in range(2)], [0, 2])

    def test_wrong_variables_are_named(self) -> None:
        """Wrong variables and a secret that is not there are told by name."""
        for name, text in (("PORT", "http"), ("SITE_ORIGIN", "journal.test"), ("API_ORIGIN", "https://x/; script-src *")):
            with self.assertRaisesRegex(ValueError, name):
                read_configuration({name: text})
        with self.assertRaisesRegex(ValueError, "UNSUBSCRIBE_KEY"):
            read_configuration({"UNSUBSCRIBE_KEY_FILE": "/nonexistent"}).key()

    def test_clients_are_who_the_ingress_says(self) -> None:
        """A client that claims other addresses is still limited as itself."""
        head = b"GET /a%20b?q=1 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.1, 198.51.100.7\r\n\r\n"
        request, is_kept = parse(head)
        self.assertEqual((request.path, request.query, request.client, is_kept), ("/a b", "q=1", "198.51.100.7", True))

    def test_what_is_no_request_is_refused(self) -> None:
        """Ambiguous heads end the connection."""
        for head in (
            b"GET / HTTP/2\r\n\r\n",
            b"GET  / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\n\x01\r\n\r\n",
        ):
            with self.assertRaises(BadRequestError):
                parse(head)


if __name__ == "__main__":
    unittest.main()
