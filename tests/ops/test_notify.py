"""
Telling people: over real connections to a server on this machine, and to a port where nobody listens.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ops import notify
from ops.errors import SettingsError
from ops.notify import Channel, Sent
from ops.report import Status
from settings.care import Mail, Monitoring, Receiver, ReceiverKind
from tests import page_records as day

TOKEN = "very-secret-token"
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


class _Receiver(BaseHTTPRequestHandler):
    """
    Keeps what it is sent; answers a path with `no` in it with 403.
    """

    got: list[Any]

    def do_POST(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(403 if "no" in self.path else 200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Any]]]:
    """
    Its address, and what it got.
    """
    got: list[Any] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Own", (_Receiver,), {"got": got}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def _refused() -> str:
    """
    An address at which nobody listens.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def _monitoring(*names: str) -> Monitoring:
    return Monitoring(
        receivers=tuple(Receiver(name=name, kind=ReceiverKind.WEBHOOK, secret=f"{name}-address") for name in names)
    )


def test_all_are_told_and_one_that_fails_hides_no_other(
    receiver: tuple[str, list[Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    """Each says what came of it; no address is in what is printed or returned."""
    address, got = receiver
    secrets = {
        "good-address": f"{address}/{TOKEN}",
        "denied-address": f"{address}/no/{TOKEN}",
        "gone-address": f"{_refused()}/{TOKEN}",
        "odd-address": f"nonsense:{TOKEN}",
    }
    known = notify.channels(_monitoring("good", "denied", "gone", "odd", "unset"), secrets)
    sent = notify.send(known, *notify.summary(day.report(1)), Status.CRITICAL)

    assert {row.name: (row.is_sent, row.detail) for row in sent} == {
        "good": (True, "told"),
        "denied": (False, "it answered with 403"),
        "gone": (False, "it does not answer, or refuses"),
        "odd": (False, "its address is none that can be sent to; set the secret again"),
        "unset": (False, "the secret notifications.unset-address is not at hand"),
    }
    assert got[0]["title"] == "local is CRITICAL" and got[0]["type"] == "failure"
    printed = capfd.readouterr()
    assert TOKEN not in f"{known}{sent}{printed.out}{printed.err}"


@pytest.mark.parametrize(
    ("address", "scheme"),
    [(SLACK, "https"), ("https://example.com/hook", "jsons"), ("http://127.0.0.1:1/x", "json")],
)
def test_addresses_that_apprise_knows_stay_and_others_get_json(address: str, scheme: str) -> None:
    """As Alertmanager has them in the settings: there is one way to say who is told."""
    (channel,) = notify.channels(_monitoring("ops"), {"ops-address": address})
    assert channel.url.partition("://")[0] == scheme


def test_mail_goes_through_the_settings_server() -> None:
    """Its password is escaped into the address, which nothing shows."""
    monitoring = Monitoring(
        receivers=(Receiver(name="ops", kind=ReceiverKind.EMAIL, to="ops@example.com"),),
        mail=Mail(host="mail.example.net", sender="flotilla@example.com", user="robot", secret="mail"),
    )
    (channel,) = notify.channels(monitoring, {"mail": "pass/word@"})
    assert channel.url.startswith("mailtos://robot:pass%2Fword%40@mail.example.net:587?")
    assert "pass" not in repr(channel)
    from apprise import Apprise

    made = Apprise.instantiate(channel.url)
    assert made is not None and type(made).__name__ == "NotifyEmail"
    assert (made.smtp_host, made.port, made.user, made.password) == ("mail.example.net", 587, "robot", "pass/word@")
    assert made.targets == [(False, "ops@example.com")] and made.from_addr[1] == "flotilla@example.com"
    (lost,) = notify.channels(monitoring, {})
    assert lost.problem == "the secret notifications.mail is not at hand"


@pytest.mark.parametrize(
    ("status", "level", "wanted"),
    [
        (Status.CRITICAL, None, True),
        (Status.DEGRADED, None, False),
        (Status.DEGRADED, Status.WARNING, True),
        (Status.WARNING, Status.DEGRADED, False),
        (Status.OK, Status.OK, True),
        (Status.CRITICAL, Status.WARNING, True),
    ],
)
def test_people_are_told_from_a_level_on_and_of_critical_always(status: Status, level: Status | None, wanted: bool) -> None:
    """Without a level nothing less than critical wakes anybody."""
    assert notify.is_due(status, level) is wanted


def test_settings_that_cannot_be_read_hide_no_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """That nobody was told is said; nothing is raised."""

    def fail(*_: object) -> tuple[Channel, ...]:
        raise SettingsError("production: its configuration cannot be read. Nothing was done.")

    monkeypatch.setattr(notify, "configured", fail)
    (sent,) = notify.report(tmp_path, "production", day.report(1))
    assert sent == Sent(
        name="notifications",
        kind="settings",
        is_sent=False,
        detail="production: its configuration cannot be read. Nothing was done.",
    )
    assert notify.report(tmp_path, "production", day.report(1, status="OK")) == ()


def test_a_summary_has_the_worst_first_and_no_evidence() -> None:
    """What was seen may be of a log; how many more there are is said."""
    rows = [day.finding("WARNING", f"host-{number}", "full", evidence=TOKEN) for number in range(7)]
    checks = {"hosts": {"findings": [*rows, day.finding("CRITICAL", "app-1", "gone", evidence=TOKEN)]}}
    title, body = notify.summary(day.report(1, checks=checks))
    lines = body.splitlines()
    assert title == "local is CRITICAL"
    assert lines[0].startswith("1 critical, 0 degraded, 1 warning, 1 unknown")
    assert lines[1] == "CRITICAL hosts.disk-full app-1: gone"
    assert lines[-1] == "... and 3 more"
    assert TOKEN not in body
