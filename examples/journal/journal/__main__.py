"""
Run one process of the journal, `python3 -m journal static|api`, or print whom to mail to, `python3 -m journal mailing`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import sys
import threading
from urllib.parse import urlencode

from journal.api import Api
from journal.configuration import Configuration, read_configuration
from journal.messages import Application
from journal.search import Document, Search
from journal.server import Server
from journal.site import API_ORIGIN, SITE_ORIGIN, Site
from journal.subscriptions import Subscriptions

COMMANDS = ("static", "api", "mailing")
DRAIN_LIMIT_S = 25.0


def main(arguments: list[str]) -> int:
    """
    Do what the command says. Returns the process's exit code.
    """
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.stderr.write(f"usage: python3 -m journal {'|'.join(COMMANDS)}\n")
        return 2
    try:
        configuration = read_configuration(os.environ)
        if arguments[0] == "mailing":
            sys.stdout.writelines(f"{line}\n" for line in mailing(configuration))
            return 0
        application = build(arguments[0], configuration)
    except (ValueError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"journal {arguments[0]}: {error}. It cannot start. Check its variables, secrets and folders.\n")
        return 1
    asyncio.run(_serve(arguments[0], application, configuration))
    return 0


def build(command: str, configuration: Configuration) -> Application:
    """
    The application that a command serves.
    """
    facts = {"release": configuration.release, "process": command, "hostname": socket.gethostname()}
    if command == "static":
        origins = {SITE_ORIGIN: configuration.site_origin, API_ORIGIN: configuration.api_origin}
        return Site(configuration.content, origins, facts)
    documents = json.loads((configuration.content / "articles.json").read_text(encoding="utf-8"))
    search = Search(Document(**document) for document in documents)
    return Api(search, _subscriptions(configuration), configuration.site_origin, facts)


def mailing(configuration: Configuration) -> list[str]:
    """
    A line of JSON per subscription: the address, and the link that ends it.
    """
    subscriptions = _subscriptions(configuration)
    lines = []
    for email in subscriptions.all():
        fields = urlencode({"email": email, "token": subscriptions.token(email)})
        lines.append(json.dumps({"email": email, "unsubscribe": f"{configuration.api_origin}/v1/unsubscribe?{fields}"}))
    return lines


def _subscriptions(configuration: Configuration) -> Subscriptions:
    return Subscriptions(configuration.data / "subscriptions.db", configuration.key())


async def _serve(command: str, application: Application, configuration: Configuration) -> None:
    """
    Answer until SIGTERM or SIGINT; then finish what was begun, but leave after 25 s whatever happens.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask_to_stop() -> None:
        stop.set()
        overdue = threading.Timer(DRAIN_LIMIT_S, os._exit, [1])
        overdue.daemon = True
        overdue.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    await Server(application, name="journal", is_waiting=command == "api").run(configuration.port, stop)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
