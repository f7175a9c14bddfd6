"""
Telling people: those who are told of alerts (`monitoring.receivers`) are told of reports. The only module that knows apprise.

A channel's address is a secret: it is never shown, nor what a failing one says, which may quote it.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ops import stack as stacks
from ops.errors import FlotillaError
from ops.report import Status
from settings import load
from settings.care import Monitoring, Receiver, ReceiverKind

MOST_FINDINGS = 5
TIMEOUT_S = 30.0
_ANSWERED = re.compile(r"error[= ](\d{3})")


@dataclass(frozen=True, kw_only=True)
class Channel:
    """
    Who is told, and how. `problem` says why that cannot be done; `url` is apprise's address, secret.
    """

    name: str
    kind: str
    url: str = field(default="", repr=False)
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """
    What came of telling one.
    """

    name: str
    kind: str
    is_sent: bool
    detail: str
    duration_s: float = 0.0


def channels(monitoring: Monitoring | None, secrets: Mapping[str, str]) -> tuple[Channel, ...]:
    """
    Those of an environment's settings. `secrets` are its `notifications`, in plain.
    """
    receivers = monitoring.receivers if monitoring else ()
    return tuple(_channel(receiver, monitoring, secrets) for receiver in receivers)


def _channel(receiver: Receiver, monitoring: Monitoring | None, secrets: Mapping[str, str]) -> Channel:
    common = {"name": receiver.name, "kind": receiver.kind.value}
    if receiver.kind is ReceiverKind.EMAIL:
        mail = monitoring.mail if monitoring else None
        if mail is None:
            return Channel(**common, problem="there is no `monitoring.mail` that would send it")
        password = secrets.get(mail.secret) if mail.secret else ""
        if password is None:
            return Channel(**common, problem=f"the secret notifications.{mail.secret} is not at hand")
        login = f"{quote(mail.user, safe='')}:{quote(password, safe='')}@" if mail.user else ""
        options = f"from={quote(mail.sender)}&to={quote(receiver.to or '')}&mode=starttls"
        return Channel(**common, url=f"mailtos://{login}{mail.host}:{mail.port}?{options}")
    address = secrets.get(receiver.secret or "")
    if not address:
        return Channel(**common, problem=f"the secret notifications.{receiver.secret} is not at hand")
    return Channel(**common, url=_webhook(address))


def _webhook(address: str) -> str:
    """
    Apprise knows the addresses of Slack, Discord and others by themselves; any other is sent a JSON document.
    """
    from apprise import Apprise

    _silence()
    if urlsplit(address).scheme not in ("http", "https") or Apprise.instantiate(address, suppress_exceptions=True):
        return address
    return address.replace("http", "json", 1)


def _silence() -> None:
    """
    Apprise's own words quote addresses.
    """
    log = logging.getLogger("apprise")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())


def send(known: Sequence[Channel], title: str, body: str, status: Status) -> tuple[Sent, ...]:
    """
    Tell all at once. Never raises: one that cannot be told is in what is returned.
    """
    if not known:
        return ()
    pool = ThreadPoolExecutor(len(known))
    futures = [pool.submit(_send, channel, title, body, status) for channel in known]
    deadline = time.monotonic() + TIMEOUT_S
    sent = []
    for channel, future in zip(known, futures, strict=True):
        try:
            sent.append(future.result(max(deadline - time.monotonic(), 0.0)))
        except TimeoutError:
            sent.append(Sent(name=channel.name, kind=channel.kind, is_sent=False, detail=f"no answer within {TIMEOUT_S:g} s"))
    pool.shutdown(wait=False, cancel_futures=True)
    return tuple(sent)


def _send(channel: Channel, title: str, body: str, status: Status) -> Sent:
    started = time.monotonic()
    problem = channel.problem
    try:
        problem = problem or _told(channel.url, title, body, status)
    except Exception as error:  # whatever a service's library throws: its text may have the address
        problem = type(error).__name__
    return Sent(
        name=channel.name,
        kind=channel.kind,
        is_sent=not problem,
        detail=problem or "told",
        duration_s=round(time.monotonic() - started, 2),
    )


def _told(url: str, title: str, body: str, status: Status) -> str:
    """
    Tell one. Returns why it was not told; empty where it was.
    """
    from apprise import Apprise, NotifyFormat, NotifyType

    _silence()
    kinds = {Status.OK: NotifyType.SUCCESS, Status.CRITICAL: NotifyType.FAILURE}
    service = Apprise.instantiate(url, suppress_exceptions=True)
    if service is None:
        return "its address is none that can be sent to; set the secret again"
    heard = _Answers()
    logging.getLogger("apprise").addHandler(heard)
    try:
        is_sent = service.notify(
            title=title, body=body, notify_type=kinds.get(status, NotifyType.WARNING), body_format=NotifyFormat.TEXT
        )
    finally:
        logging.getLogger("apprise").removeHandler(heard)
    if is_sent:
        return ""
    return f"it answered with {heard.codes[-1]}" if heard.codes else "it does not answer, or refuses"


class _Answers(logging.Handler):
    """
    The HTTP status codes in what apprise says in this thread, and nothing else of it.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread, self.codes = threading.get_ident(), list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        """
        Take the code out of a line.
        """
        found = _ANSWERED.search(record.getMessage())
        if found and record.thread == self.thread:
            self.codes.append(found[1])


def configured(checkout: Path, stack: str) -> tuple[Channel, ...]:
    """
    The channels of a stack.

    Raises: SettingsError, MissingToolError
    """
    config = stacks.config(checkout, stack, stacks.environment(checkout))
    settings = load(stack, checkout, config)
    return channels(settings.environment.monitoring, config.get("secrets", {}).get("notifications", {}))


def is_due(status: Status, level: Status | None) -> bool:
    """
    Whether people are told: of what is critical always, of less where it was asked for.
    """
    return status.rank >= (level or Status.CRITICAL).rank


def report(checkout: Path, stack: str, document: Mapping[str, Any], level: Status | None = None) -> tuple[Sent, ...]:
    """
    Send a report's summary where it is due. Never raises: what is wrong with notifications hides no report.
    """
    status = Status(document["status"])
    if not is_due(status, level):
        return ()
    try:
        known = configured(checkout, stack)
    except FlotillaError as error:
        return (Sent(name="notifications", kind="settings", is_sent=False, detail=str(error)),)
    return send(known, *summary(document), status)


def summary(document: Mapping[str, Any]) -> tuple[str, str]:
    """
    A report as a title and a few lines. What was seen is left out: it may be of a log.
    """
    title = f"{document['environment']} is {document['status']}"
    counted = ", ".join(f"{document['summary'][name]} {name}" for name in ("critical", "degraded", "warning", "unknown"))
    rows = [row for check in document["checks"].values() for row in check["findings"]]
    rows.sort(key=lambda row: (-Status(row["severity"]).rank, row["severity"], row["resource"]))
    lines = [f"{row['severity']} {row['id']} {row['resource']}: {row['message']}" for row in rows[:MOST_FINDINGS]]
    more = [f"... and {len(rows) - MOST_FINDINGS} more"] if len(rows) > MOST_FINDINGS else []
    return title, "\n".join([f"{counted} ({document['timestamp']})", *lines, *more])
